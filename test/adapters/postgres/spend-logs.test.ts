import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../../src/adapters/postgres/database.ts';
import { openPostgres } from '../../../src/adapters/postgres/pool.ts';
import type { ProviderTraffic } from '../../../src/core/evidence.ts';
import type { Signal } from '../../../src/core/incident.ts';
import type { JsonValue } from '../../../src/core/json.ts';
import { createDatabase, postgresUrl } from '../../support/database.ts';
import { detectOver, failure, insertLogs, readsOver, times, type LogRow } from '../../support/spend-logs.ts';

/** The traps of facts/litellm.md A.1 and A.3, one by one, on a real PostgreSQL with LiteLLM's schema. */
describe.skipIf(postgresUrl === null)('what a row of SpendLogs means', () => {
  let made: Awaited<ReturnType<typeof createDatabase>>;
  let admin: Database;
  let database: Database;
  const signal = AbortSignal.timeout(60_000);
  const logs = (...rows: readonly (readonly LogRow[])[]) => insertLogs(admin.query, rows.flat());
  const provider = async (name = 'openai'): Promise<ProviderTraffic | undefined> =>
    (await readsOver(database.query).providers(signal)).rows.find((row) => row.provider === name);
  const kinds = (signals: readonly Signal[]) => signals.map((found) => found.kind);

  beforeAll(async () => {
    made = await createDatabase({ litellm: true });
    admin = openPostgres(made.url);
    database = openPostgres(made.url, { access: 'read_only' });
  });
  beforeEach(() => admin.query('TRUNCATE "LiteLLM_SpendLogs", "LiteLLM_TeamTable" CASCADE', []));
  afterAll(async () => {
    await database.close();
    await admin.close();
    await made.drop();
  });

  test('a status of NULL on old rows is a success', async () => {
    await logs(times(3, { status: null }), times(2, { status: 'success' }));
    expect(await provider()).toMatchObject({ total: 5, failed: 0, medianMs: 400 });
  });

  test('failure rows start and end together and are left out of latency', async () => {
    await logs(times(6, { durationMs: 900 }), times(20, failure({ code: '500', provider: 'openai' })));
    expect(await provider()).toMatchObject({ total: 26, failed: 20, medianMs: 900 });
  });

  test('cache hits are neither latency nor requests to the provider', async () => {
    await logs(
      times(5, { durationMs: 1000 }),
      times(50, { durationMs: 1, cacheHit: 'True' }).map((row, n) => ({
        ...row,
        id: `hit-${n}_cache_hit17905`,
      })),
    );
    expect(await provider()).toMatchObject({ total: 5, medianMs: 1000 });
  });

  test("a cache_hit of '', NULL or False is no cache hit", async () => {
    await logs(times(2, { cacheHit: '' }), times(2, { cacheHit: null }), times(2, { cacheHit: 'False' }));
    expect(await provider()).toMatchObject({ total: 6 });
  });

  test('a failure whose provider column is blank belongs to the provider the error names', async () => {
    const error = failure({ code: '503', class: 'ServiceUnavailableError', provider: 'azure' });
    await logs(
      times(4, { provider: 'azure' }),
      times(3, { ...error, provider: '' }),
      times(2, { ...error, provider: null }),
    );
    expect(await provider('azure')).toMatchObject({ total: 9, failed: 5 });
  });

  test('provider names differ by case and blanks only', async () => {
    await logs(
      times(4, { provider: 'OpenAI' }),
      times(3, { ...failure({ code: '500', provider: ' openai ' }), provider: '' }),
    );
    expect(await provider()).toMatchObject({ total: 7, failed: 3 });
  });

  test('errors the gateway made itself have no provider and count nowhere', async () => {
    await logs(
      times(5),
      times(9, { ...failure({ code: '401', class: 'ProxyException' }), provider: '' }),
      times(9, { ...failure({ code: '429', class: 'HTTPException', provider: 'None' }), provider: '' }),
      times(9, { ...failure({ code: '403', class: 'ProxyException' }), provider: null }),
    );
    const found = await readsOver(database.query).providers(signal);
    expect(found.rows).toMatchObject([{ provider: 'openai', total: 5, failed: 0 }]);
    expect(kinds((await detectOver(database.query)).signals)).toEqual([]);
  });

  test.each(['ProxyException', 'HTTPException', 'BudgetExceededError', 'litellm.BudgetExceededError'])(
    'a %s is the gateway speaking even where a provider is logged',
    async (name) => {
      await logs(times(5), times(9, failure({ code: '500', class: name, provider: 'openai' })));
      expect(await provider()).toMatchObject({ total: 5, failed: 0 });
    },
  );

  test.each([
    ['500', 'InternalServerError', 'fault'],
    ['502', '', 'fault'],
    ['503', 'ServiceUnavailableError', 'fault'],
    ['529', '', 'fault'],
    ['408', 'Timeout', 'fault'],
    [503, '', 'fault'],
    ['', 'Timeout', 'fault'],
    ['', 'APIConnectionError', 'fault'],
    ['None', 'APIError', 'fault'],
    ['', '', 'fault'],
    [null, '', 'fault'],
    ['', 'SomethingNew', 'fault'],
    ['400', 'BadRequestError', 'client'],
    ['400', 'ContextWindowExceededError', 'client'],
    ['401', 'AuthenticationError', 'client'],
    ['403', 'PermissionDeniedError', 'client'],
    ['404', 'NotFoundError', 'client'],
    ['413', '', 'client'],
    ['422', 'UnprocessableEntityError', 'client'],
    ['5000', '', 'client'],
    ['', 'BadRequestError', 'client'],
    ['', 'litellm.exceptions.ContentPolicyViolationError', 'client'],
    ['429', 'RateLimitError', 'limited'],
    ['', 'Openai.RateLimitError', 'limited'],
  ] as const)('error code %j of class `%s` is a %s', async (code, name, meaning) => {
    await logs(
      times(2, { ...failure({ code, class: name, provider: 'openai' }), team: 't1' }),
      times(2, { ...failure({ code, class: name, provider: 'openai' }), team: 't2' }),
    );
    expect(await provider()).toMatchObject({
      total: 4,
      failed: meaning === 'client' ? 0 : 4,
      rateLimitedTeams: meaning === 'limited' ? 2 : 0,
    });
  });

  test('429 that one team meets is its own quota; two teams make it the provider', async () => {
    const limited = failure({ code: '429', class: 'RateLimitError', provider: 'openai' });
    await logs(times(10), times(10, { ...limited, team: 't1' }));
    expect(await provider()).toMatchObject({ total: 20, failed: 0, rateLimitedTeams: 1 });
    expect(kinds((await detectOver(database.query)).signals)).toEqual([]);
    await logs(times(1, { ...limited, team: 't2' }));
    expect(await provider()).toMatchObject({ total: 21, failed: 11, rateLimitedTeams: 2 });
    expect(kinds((await detectOver(database.query)).signals)).toEqual(['provider.unhealthy']);
  });

  test.each([
    { teams: ['', '', null], keys: ['k1', 'k1', 'k1'], tenants: 1 },
    { teams: ['', null], keys: ['k1', 'k2'], tenants: 2 },
    { teams: ['t1', 't1'], keys: ['k1', 'k2'], tenants: 1 },
    { teams: ['', ''], keys: ['', ''], tenants: 0 },
  ])(
    'a team of NULL or blank: the key stands for itself ($tenants tenants)',
    async ({ teams, keys, tenants }) => {
      const limited = failure({ code: '429', provider: 'openai' });
      await logs(teams.map((team, n) => ({ ...limited, team, key: keys[n] ?? '' })));
      expect(await provider()).toMatchObject({ rateLimitedTeams: tenants });
    },
  );

  test('windows end a minute ago, because rows arrive in batches', async () => {
    await logs(times(5, { ago: 50 }), times(5, { ago: 70 }), times(5, { ago: 350 }), times(5, { ago: 370 }));
    expect(await provider()).toMatchObject({ total: 10 });
  });

  test('the hour reaches back to 61 minutes ago and includes the last five', async () => {
    await logs(
      times(6, { durationMs: 4000 }),
      times(10, { ago: 3500, durationMs: 1000 }),
      times(50, { ago: 3700, durationMs: 9000 }),
    );
    expect(await provider()).toMatchObject({ total: 6, medianMs: 4000, medianHourMs: 1000 });
    const found = await detectOver(database.query);
    expect(found.signals).toMatchObject([{ kind: 'latency.spike', scope: { provider: 'openai' } }]);
  });

  test('fewer than five successes have no median', async () => {
    await logs(times(4, { durationMs: 9000 }), times(30, failure({ code: '400', provider: 'openai' })));
    expect(await provider()).toMatchObject({
      total: 34,
      medianMs: null,
      p95Ms: null,
      p99Ms: null,
      medianHourMs: null,
    });
  });

  test('request_duration_ms does not exist before 1.82 and is not needed', async () => {
    await admin.query('ALTER TABLE "LiteLLM_SpendLogs" DROP COLUMN request_duration_ms', []);
    await logs(times(5, { durationMs: 1234 }));
    expect(await provider()).toMatchObject({ medianMs: 1234 });
  });

  test('a row that ends before it starts has no latency and is counted as malformed', async () => {
    await logs(times(5, { durationMs: 100 }), times(3, { durationMs: -60_000 }));
    const found = await readsOver(database.query).providers(signal);
    expect(found.rows).toMatchObject([{ total: 8, medianMs: 100 }]);
    expect(found.malformed).toBe(3);
  });

  test.each<readonly [string, JsonValue | undefined, { failed: number; malformed: number }]>([
    ['NULL', null, { failed: 1, malformed: 0 }],
    ['empty', {}, { failed: 1, malformed: 0 }],
    ['a number', 7, { failed: 1, malformed: 1 }],
    ['a list', [1, { error_information: 1 }], { failed: 1, malformed: 1 }],
    ['a boolean', true, { failed: 1, malformed: 1 }],
    ['text that is no JSON', 'oops {', { failed: 1, malformed: 1 }],
    ['an error that is a list', { error_information: ['500'] }, { failed: 1, malformed: 1 }],
    ['an error that is a number', { error_information: 500 }, { failed: 1, malformed: 1 }],
    ['an error that is null', { error_information: null }, { failed: 1, malformed: 0 }],
    [
      'fields of other types',
      { error_information: { error_code: { a: 1 }, error_class: [], llm_provider: 5 } },
      { failed: 0, malformed: 0 },
    ],
  ])('metadata that is %s does not stop the read', async (_what, metadata, expected) => {
    await logs(times(5), times(1, { status: 'failure', metadata: metadata ?? null, durationMs: 0 }));
    const found = await readsOver(database.query).providers(signal);
    expect(found.malformed).toBe(expected.malformed);
    expect(found.rows).toMatchObject([{ provider: 'openai', total: 6, failed: expected.failed }]);
    const { warnings } = await detectOver(database.query);
    const said = warnings.map(({ detail }) => detail);
    if (expected.malformed > 0) expect(said).toContain('1 request row could not be read in full');
    else expect(said).toEqual([]);
  });

  test.each<readonly [string, JsonValue]>([
    [
      'the whole metadata',
      JSON.stringify({ error_information: { error_code: '400', llm_provider: 'azure' } }),
    ],
    ['the error', { error_information: JSON.stringify({ error_code: '400', llm_provider: 'azure' }) }],
    [
      'a request that quotes another provider',
      JSON.stringify({
        spend_logs_metadata: { llm_provider: 'evil' },
        error_information: {
          error_message: 'said "llm_provider": "evil"',
          error_code: '400',
          llm_provider: 'azure',
        },
      }),
    ],
  ])('JSON inside a JSON string is read: %s', async (_what, metadata) => {
    await logs(times(2, { status: 'failure', provider: '', metadata, durationMs: 0 }));
    const found = await readsOver(database.query).providers(signal);
    expect(found.rows).toMatchObject([{ provider: 'azure', total: 2, failed: 0 }]);
    expect(found.malformed).toBe(0);
  });

  test('a raw key that an old release logged is not carried on', async () => {
    await logs(times(3, { key: 'sk-live-0123456789abcdef', team: null }));
    const { cells } = await readsOver(database.query).day(signal);
    expect(cells).toMatchObject([{ key: '', requests: 3 }]);
  });

  test('prompts and secrets of an error message reach no signal', async () => {
    const message = 'litellm.InternalServerError: key sk-proj-abcdefghijklmnop0123456789 prompt: my salary';
    await logs(times(20, failure({ code: '500', provider: 'openai', message })), times(1));
    const { signals } = await detectOver(database.query);
    expect(kinds(signals)).toEqual(['provider.unhealthy']);
    expect(JSON.stringify(signals)).not.toMatch(/sk-proj|salary/);
  });

  test('a provider failure that a fallback rescued leaves only a success', async () => {
    await logs(times(5, { provider: 'anthropic', modelGroup: 'claude' }));
    expect((await readsOver(database.query).providers(signal)).rows).toMatchObject([
      { provider: 'anthropic', total: 5, failed: 0 },
    ]);
  });

  test('no rows at all are "not recorded", and rule nothing out', async () => {
    const found = await detectOver(database.query);
    expect(found.judges).toEqual(['budget.exceeded']);
    expect(found.warnings).toMatchObject([{ code: 'no_requests_logged' }]);
  });

  test('rows of an hour ago are enough to rule out what is not there now', async () => {
    await logs(times(1, { ago: 3000 }));
    const found = await detectOver(database.query);
    expect(found.judges.toSorted()).toEqual([
      'budget.exceeded',
      'guardrail.strikes',
      'latency.spike',
      'provider.unhealthy',
      'sla.violation',
    ]);
    expect(found.warnings).toEqual([]);
  });

  test('with disable_spend_logs only failures are logged: nothing from them is confirmed', async () => {
    const errors = times(9, failure({ code: '500', provider: 'openai' }));
    await logs(errors);
    const blind = await detectOver(database.query);
    expect(blind.signals).toMatchObject([{ kind: 'provider.unhealthy', confirmed: false }]);
    expect(blind.warnings).toMatchObject([{ code: 'no_success_logged' }]);
    await logs(times(1, { ago: 1800 }));
    const seeing = await detectOver(database.query);
    expect(seeing.signals).toMatchObject([{ kind: 'provider.unhealthy', confirmed: true }]);
  });

  describe('success of a model group as its clients saw it', () => {
    const group = async () => (await readsOver(database.query).modelGroups(signal)).rows;

    test('a group left without a deployment fails although no provider is to blame', async () => {
      const blocked = failure({
        code: '403',
        class: 'PermissionDeniedError',
        message: 'litellm.PermissionDeniedError: Model is blocked',
      });
      const none = failure({
        code: '429',
        class: 'RouterRateLimitError',
        message: 'No deployments available for x',
      });
      await logs(times(4), times(3, { ...blocked, provider: '' }), times(2, { ...none, provider: '' }));
      expect(await group()).toEqual([{ modelGroup: 'gpt-4o', total: 9, failed: 5 }]);
      expect(await provider()).toMatchObject({ total: 4, failed: 0 });
    });

    test('a client cannot fake that by quoting the words', async () => {
      const message = 'litellm.BadRequestError: OpenAIException - you said "Model is blocked"';
      await logs(times(4), times(3, failure({ code: '400', provider: 'openai', message })));
      expect(await group()).toEqual([{ modelGroup: 'gpt-4o', total: 7, failed: 0 }]);
    });

    test('what the gateway refused does not dilute it', async () => {
      await logs(
        times(4),
        times(4, failure({ code: '500', provider: 'openai' })),
        times(500, { ...failure({ code: '429', class: 'HTTPException' }), provider: '' }),
      );
      expect(await group()).toEqual([{ modelGroup: 'gpt-4o', total: 8, failed: 4 }]);
    });

    test('an answer from the cache is a success', async () => {
      await logs(times(4, { cacheHit: 'True' }), times(4, failure({ code: '500', provider: 'openai' })));
      expect(await group()).toEqual([{ modelGroup: 'gpt-4o', total: 8, failed: 4 }]);
    });
  });
});

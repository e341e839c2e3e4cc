import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../../src/adapters/postgres/database.ts';
import { createGatewayFacts, gatewayReadingNames } from '../../../src/adapters/postgres/gateway-facts.ts';
import type { GatewayReads } from '../../../src/adapters/postgres/gateway-reads.ts';
import { entitiesMax } from '../../../src/adapters/postgres/gateway-tables.ts';
import { openPostgres } from '../../../src/adapters/postgres/pool.ts';
import type { ReadingName, Readings, SlaContract } from '../../../src/core/evidence.ts';
import { createDatabase, postgresUrl } from '../../support/database.ts';
import { failure, insertLogs, readsOver, times, type LogRow } from '../../support/spend-logs.ts';

const hash = (digit: string) => digit.repeat(64);

describe.skipIf(postgresUrl === null)('readings from the gateway tables', () => {
  let made: Awaited<ReturnType<typeof createDatabase>>;
  let database: Database;
  const signal = AbortSignal.timeout(60_000);
  const logs = (...rows: readonly (readonly LogRow[])[]) => insertLogs(database.query, rows.flat());
  const read = async <N extends ReadingName>(
    name: N,
    reads: GatewayReads = readsOver(database.query),
  ): Promise<Readings[N]> => {
    const found = await createGatewayFacts(reads).read(name, signal);
    if (found.status === 'unknown') throw new Error(`${name} is unknown: ${found.reason}`);
    expect(found.observedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    return found.value;
  };

  beforeAll(async () => {
    made = await createDatabase({ litellm: true });
    database = openPostgres(made.url);
  });
  beforeEach(() =>
    database.query(
      `TRUNCATE "LiteLLM_SpendLogs", "LiteLLM_TeamTable", "LiteLLM_OrganizationTable", "LiteLLM_BudgetTable",
         "LiteLLM_VerificationToken", "LiteLLM_EndUserTable", "LiteLLM_Config" CASCADE`,
      [],
    ),
  );
  afterAll(async () => {
    await database.close();
    await made.drop();
  });

  const insertBudget = (id: string, max: number | null, soft: number | null = null) =>
    database.query(
      `INSERT INTO "LiteLLM_BudgetTable" (budget_id, max_budget, soft_budget, tpm_limit, created_by, updated_by)
       VALUES ($1, $2, $3, 9000000000, 'x', 'x')`,
      [id, max, soft],
    );
  const insertOrg = (id: string, budget: string, spend = 0) =>
    database.query(
      `INSERT INTO "LiteLLM_OrganizationTable" (organization_id, organization_alias, budget_id, spend, created_by, updated_by)
       VALUES ($1, $1 || ' alias', $2, $3, 'x', 'x')`,
      [id, budget, spend],
    );

  test('teams, with BIGINT limits as numbers', async () => {
    await database.query(
      `INSERT INTO "LiteLLM_TeamTable" (team_id, team_alias, spend, max_budget, soft_budget, tpm_limit, rpm_limit, blocked)
       VALUES ('t2', NULL, 1.5, NULL, NULL, NULL, NULL, true), ('t1', 'Batch', 10, 100, 80, 9000000000, 600, false)`,
      [],
    );
    expect(await read('gateway.teams')).toEqual([
      {
        id: 't1',
        alias: 'Batch',
        orgId: null,
        spend: 10,
        maxBudget: 100,
        softBudget: 80,
        rpmLimit: 600,
        tpmLimit: 9_000_000_000,
        blocked: false,
      },
      {
        id: 't2',
        alias: null,
        orgId: null,
        spend: 1.5,
        maxBudget: null,
        softBudget: null,
        rpmLimit: null,
        tpmLimit: null,
        blocked: true,
      },
    ]);
  });

  test('a team whose spend is NaN is left out and counted, not zero', async () => {
    await database.query(
      `INSERT INTO "LiteLLM_TeamTable" (team_id, spend) VALUES ('t1', 1), ('t2', 'NaN'), ('t3', 'Infinity')`,
      [],
    );
    const teams = await readsOver(database.query).teams(signal);
    expect(teams.rows.map(({ id }) => id)).toEqual(['t1']);
    expect(teams.malformed).toBe(2);
  });

  test('organizations with the limits of a budget row they share with others', async () => {
    await insertBudget('b1', 50, 40);
    await insertBudget('b2', null);
    await insertOrg('o1', 'b1', 45);
    await insertOrg('o2', 'b1');
    await insertOrg('o3', 'b2');
    await database.query(
      `INSERT INTO "LiteLLM_VerificationToken" (token, budget_id) VALUES ('k1', 'b1'), ('k2', NULL)`,
      [],
    );
    await database.query(
      `INSERT INTO "LiteLLM_EndUserTable" (user_id, budget_id) VALUES ('u1', 'b1'), ('u2', 'b1')`,
      [],
    );
    expect(await read('gateway.organizations')).toEqual([
      {
        id: 'o1',
        alias: 'o1 alias',
        spend: 45,
        budgetId: 'b1',
        maxBudget: 50,
        softBudget: 40,
        rpmLimit: null,
        tpmLimit: 9_000_000_000,
        budgetSharers: 5,
      },
      expect.objectContaining({ id: 'o2', budgetSharers: 5 }),
      expect.objectContaining({ id: 'o3', maxBudget: null, budgetSharers: 1 }),
    ]);
  });

  test('keys with traffic in a day or growth, and no others', async () => {
    await database.query(
      `INSERT INTO "LiteLLM_VerificationToken" (token, key_alias, spend, max_budget, team_id, blocked, rpm_limit)
       VALUES ($1, 'busy', 3, 10, 't1', NULL, 60), ($2, 'idle', 0, NULL, '', true, NULL), ($3, 'yesterday', 0, NULL, NULL, true, NULL)`,
      [hash('a'), hash('b'), hash('c')],
    );
    await logs(times(2, { key: hash('a') }), times(1, { key: hash('c'), ago: 24.5 * 3600, spend: 2 }));
    const keys = await read('gateway.keys');
    expect(keys).toMatchObject([
      { id: hash('a'), alias: 'busy', teamId: 't1', maxBudget: 10, rpmLimit: 60, blocked: false },
      { id: hash('c'), alias: 'yesterday', teamId: null, blocked: true },
    ]);
  });

  test('a day of traffic by who asked for what', async () => {
    await database.query(`INSERT INTO "LiteLLM_TeamTable" (team_id) VALUES ('t1')`, []);
    await insertBudget('b1', null);
    await insertOrg('o1', 'b1');
    await database.query(`UPDATE "LiteLLM_TeamTable" SET organization_id = 'o1'`, []);
    await logs(
      times(3, { ago: 20 * 3600 }),
      times(2, { team: '', org: 'o2', key: hash('b'), cacheHit: 'True' }),
      times(4, { ...failure({ code: '500', provider: 'azure' }), provider: '', modelGroup: 'claude' }),
      times(2, failure({ code: '500', provider: 'openai' })),
      times(1, { provider: ' OpenAI ' }),
      times(1, { ago: 25 * 3600 }),
      times(1, { ago: 30 }),
    );
    expect(await read('traffic.day')).toEqual([
      { team: '', org: 'o2', key: hash('b'), provider: 'openai', modelGroup: 'gpt-4o', requests: 2 },
      { team: 't1', org: 'o1', key: hash('a'), provider: 'azure', modelGroup: 'claude', requests: 4 },
      { team: 't1', org: 'o1', key: hash('a'), provider: 'openai', modelGroup: 'gpt-4o', requests: 6 },
    ]);
  });

  test('a flood of refused requests with invented keys and models is one cell', async () => {
    const refused = { ...failure({ code: '401', class: 'ProxyException' }), provider: '' };
    await logs(
      Array.from({ length: 300 }, (_item, n) => ({
        ...refused,
        team: null,
        key: `forged-${n}`,
        modelGroup: `m-${n}`,
      })),
      times(2, { ...refused, team: 't1', key: hash('a') }),
    );
    expect(await read('traffic.day')).toEqual([
      { team: '', org: '', key: '', provider: '', modelGroup: '', requests: 300 },
      { team: 't1', org: '', key: hash('a'), provider: '', modelGroup: '', requests: 2 },
    ]);
  });

  test('spend of the last hour against the mean hour of the day before, by team and by key', async () => {
    await logs(
      times(3, { spend: 5, key: hash('a') }),
      times(1, { spend: 7, key: hash('b') }),
      times(2, { spend: 12, key: hash('a'), ago: 10 * 3600 }),
      times(1, { spend: 99, key: hash('a'), ago: 26 * 3600 }),
    );
    const growth = await read('spend.growth');
    expect(growth).toEqual([
      { kind: 'team', id: 't1', teamId: 't1', orgId: null, lastHourUsd: 22, meanHourUsd: 1 },
      { kind: 'key', id: hash('a'), teamId: 't1', orgId: null, lastHourUsd: 15, meanHourUsd: 1 },
      { kind: 'key', id: hash('b'), teamId: 't1', orgId: null, lastHourUsd: 7, meanHourUsd: 0 },
    ]);
  });

  test('requests a guardrail looked at, once each, whatever shape the record has', async () => {
    const entry = (name: string, status: string) => ({
      guardrail_name: name,
      guardrail_id: 'g-1',
      guardrail_status: status,
    });
    await logs([
      {
        metadata: { guardrail_information: [entry('pii', 'success'), entry('pii', 'guardrail_intervened')] },
      },
      { metadata: { guardrail_information: entry('pii', 'success'), applied_guardrails: ['pii', 'toxic'] } },
      { metadata: { guardrail_information: [entry('pii', 'not_run')] } },
      { metadata: { guardrail_information: [entry('', 'success')] } },
      { metadata: { guardrail_information: 'oops', applied_guardrails: { a: 1 } } },
      { metadata: 'oops' },
      { metadata: null },
    ]);
    const base = { team: 't1', modelGroup: 'gpt-4o', provider: 'openai' };
    expect(await read('traffic.guardrails')).toEqual([
      { ...base, guardrail: 'g-1', requests: 1 },
      { ...base, guardrail: 'pii', requests: 2 },
      { ...base, guardrail: 'toxic', requests: 1 },
    ]);
  });

  test('strikes now against the median five minutes of the hour, empty ones included', async () => {
    const struck = (ago: number, n: number) =>
      times(n, {
        ago,
        metadata: {
          guardrail_information: [
            { guardrail_name: 'pii', guardrail_status: 'guardrail_intervened' },
            { guardrail_name: 'pii', guardrail_status: 'guardrail_intervened' },
            { guardrail_name: 'pii', guardrail_status: 'guardrail_failed_to_respond' },
            { guardrail_name: 'other', guardrail_status: 'success' },
          ],
        },
      });
    await logs(struck(120, 12), struck(500, 2));
    expect(await read('guardrail.strikes')).toEqual([{ guardrail: 'pii', strikes: 12, medianHour: 0 }]);
    await logs(...Array.from({ length: 7 }, (_item, n) => struck(800 + n * 300, 4)));
    expect(await read('guardrail.strikes')).toEqual([{ guardrail: 'pii', strikes: 12, medianHour: 4 }]);
  });

  test('records that cannot be read are counted, not thrown', async () => {
    await logs(
      [
        'text',
        7,
        [1],
        { guardrail_information: 'x' },
        { guardrail_information: 3 },
        { guardrail_information: null },
        {},
      ].map((metadata) => ({ metadata })),
      [{ metadata: { guardrail_information: ['x', 3, null, { guardrail_status: 'guardrail_intervened' }] } }],
    );
    expect(await readsOver(database.query).strikes(signal)).toMatchObject({ rows: [], malformed: 5 });
  });

  test('contracts and what was measured of them, each over its own window and scope', async () => {
    const sla = (id: string, part: Partial<SlaContract>): SlaContract => ({
      id,
      scope: {},
      metric: 'p95_ms',
      target: 1,
      windowMinutes: 15,
      suspendedUntil: null,
      ...part,
    });
    await logs(
      times(10, { durationMs: 1000 }),
      times(10, { durationMs: 3000, provider: 'azure', team: 't2', org: 'o9' }),
      times(5, { ...failure({ code: '500', provider: 'azure' }), provider: 'azure', team: 't2' }),
      times(5, { ...failure({ code: '401', class: 'ProxyException' }), provider: '', team: 't2' }),
      times(10, { durationMs: 9000, ago: 1200 }),
    );
    const slas = [
      sla('all', { scope: {} }),
      sla('openai', { scope: { provider: 'openai' }, metric: 'p99_ms' }),
      sla('long', { scope: { provider: 'openai' }, windowMinutes: 60 }),
      sla('rate', { scope: { team: 't2' }, metric: 'success_rate' }),
      sla('both', { scope: { team: 't2', model_group: 'gpt-4o', key: hash('a') }, metric: 'success_rate' }),
      sla('org', { scope: { org: 'o9' }, metric: 'p95_ms' }),
      sla('none', { scope: { team: 'nobody' } }),
      sla('strange', { scope: { region: 'eu' } }),
      sla('huge', { windowMinutes: 100_000 }),
    ];
    const reads = readsOver(database.query, { slas });
    expect(await read('sla.contracts', reads)).toEqual(slas);
    expect(await read('sla.measurements', reads)).toEqual([
      { slaId: 'all', value: 3000, samples: 20 },
      { slaId: 'openai', value: 1000, samples: 10 },
      { slaId: 'long', value: 9000, samples: 20 },
      { slaId: 'rate', value: (100 * 10) / 15, samples: 15 },
      { slaId: 'both', value: (100 * 10) / 15, samples: 15 },
      { slaId: 'org', value: 3000, samples: 10 },
      { slaId: 'none', value: null, samples: 0 },
    ]);
    expect((await reads.slaMeasurements(signal)).skipped).toMatchObject([
      expect.stringContaining('`strange`'),
      expect.stringContaining('`huge`'),
    ]);
  });

  test('a list that had to be cut is unknown', async () => {
    await database.query(
      `INSERT INTO "LiteLLM_TeamTable" (team_id) SELECT 't' || n FROM generate_series(1, ${entitiesMax + 1}) n`,
      [],
    );
    const facts = createGatewayFacts(readsOver(database.query));
    expect(await facts.read('gateway.teams', signal)).toMatchObject({
      status: 'unknown',
      reason: `more than ${entitiesMax} teams`,
    });
  });

  test('stored router settings, also as JSON inside a JSON string', async () => {
    const stored = async () => readsOver(database.query).storedRouterSettings(signal);
    const settings = { model_group_alias: { 'gpt-4o': 'claude' }, num_retries: 2 };
    expect(await stored()).toBeNull();
    const put = (value: unknown) =>
      database.query(
        `INSERT INTO "LiteLLM_Config" (param_name, param_value) VALUES ('router_settings', $1::jsonb)
         ON CONFLICT (param_name) DO UPDATE SET param_value = excluded.param_value`,
        [JSON.stringify(value)],
      );
    await put(settings);
    expect(await stored()).toEqual(settings);
    await put(JSON.stringify(settings));
    expect(await stored()).toEqual(settings);
    await put('no json {');
    await expect(stored()).rejects.toMatchObject({ code: 'spend_logs_error' });
    await put([1]);
    await expect(stored()).rejects.toMatchObject({ code: 'spend_logs_error' });
  });

  test('deployments of recent requests, null where none is logged', async () => {
    const ids = () => readsOver(database.query).recentDeploymentIds(signal);
    await logs(
      times(2, { modelId: '' }),
      times(1, { modelId: null }),
      times(1, { modelId: 'old', ago: 7200 }),
    );
    expect(await ids()).toBeNull();
    await logs(times(2, { modelId: 'dep-1' }), times(1, { modelId: 'dep-2' }));
    expect((await ids())?.toSorted()).toEqual(['dep-1', 'dep-2']);
  });

  test('one statement for each reading, however many incidents ask', async () => {
    const seen: string[] = [];
    const counted: typeof database.query = (text, params, schema) => {
      seen.push(text);
      return database.query(text, params, schema);
    };
    await logs(times(3));
    const facts = createGatewayFacts(readsOver(counted));
    for (let incident = 0; incident < 20; incident++)
      await Promise.all(gatewayReadingNames.map((name) => facts.read(name, signal)));
    // The layout, then one each; growth shares the day, and contracts (none here) need no statement.
    expect(seen).toHaveLength(1 + 8);
  });

  test('a reading that is not from these tables is unknown', async () => {
    const facts = createGatewayFacts(readsOver(database.query));
    expect(await facts.read('gateway.aliases', signal)).toMatchObject({ status: 'unknown' });
  });

  test('giving up makes a reading unknown, and does not spoil it for others', async () => {
    const reads = readsOver(database.query);
    const facts = createGatewayFacts(reads);
    expect(await facts.read('gateway.teams', AbortSignal.abort())).toMatchObject({
      status: 'unknown',
      reason: 'no answer in time',
    });
    expect(await facts.read('gateway.teams', signal)).toMatchObject({ status: 'known', value: [] });
  });
});

import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../../src/adapters/postgres/database.ts';
import { StoreError } from '../../../src/adapters/postgres/database.ts';
import { openEmbedded } from '../../../src/adapters/postgres/embedded.ts';
import { createGatewayFacts, gatewayReadingNames } from '../../../src/adapters/postgres/gateway-facts.ts';
import { createGatewayReads } from '../../../src/adapters/postgres/gateway-reads.ts';
import { createGatewaySource } from '../../../src/adapters/postgres/gateway-source.ts';
import { openPostgres } from '../../../src/adapters/postgres/pool.ts';
import { defaultDetectionSettings } from '../../../src/core/detection.ts';
import type { SlaContract } from '../../../src/core/evidence.ts';
import { createDatabase, litellmSchema, postgresUrl } from '../../support/database.ts';
import { hostileTexts, storable, textsIn, unseen } from '../../support/hostile-texts.ts';
import { detectOver, failure, insertLogs, readsOver, times, type Run } from '../../support/spend-logs.ts';
import { embeddedFolder } from './store-kinds.ts';

describe.skipIf(postgresUrl === null)('the spend_logs source', () => {
  let made: Awaited<ReturnType<typeof createDatabase>>;
  let database: Database;
  const signal = AbortSignal.timeout(60_000);

  beforeAll(async () => {
    made = await createDatabase({ litellm: true });
    database = openPostgres(made.url);
  });
  beforeEach(() =>
    database.query(
      `TRUNCATE "LiteLLM_SpendLogs", "LiteLLM_TeamTable", "LiteLLM_OrganizationTable", "LiteLLM_BudgetTable",
         "LiteLLM_VerificationToken" CASCADE`,
      [],
    ),
  );
  afterAll(async () => {
    await database.close();
    await made.drop();
  });

  const insertTeams = (sql: string) =>
    database.query(`INSERT INTO "LiteLLM_TeamTable" (team_id, spend, max_budget, soft_budget) ${sql}`, []);
  const p95: SlaContract = {
    id: 'gold',
    scope: { provider: 'openai' },
    metric: 'p95_ms',
    target: 500,
    windowMinutes: 15,
    suspendedUntil: null,
  };

  test('sees every kind at once, and says where it saw it', async () => {
    const strike = {
      guardrail_information: [{ guardrail_name: 'pii', guardrail_status: 'guardrail_intervened' }],
    };
    await insertTeams(`VALUES ('t1', 100, 100, NULL), ('t2', 80, 100, 80), ('t3', 79, 100, 80)`);
    await database.query(
      `INSERT INTO "LiteLLM_BudgetTable" (budget_id, max_budget, created_by, updated_by) VALUES ('b1', 10, 'x', 'x')`,
      [],
    );
    await database.query(
      `INSERT INTO "LiteLLM_OrganizationTable" (organization_id, organization_alias, budget_id, spend, created_by, updated_by)
       VALUES ('o1', 'Retail', 'b1', 11, 'x', 'x')`,
      [],
    );
    await insertLogs(database.query, [
      ...times(20, { ago: 3000, durationMs: 200 }),
      ...times(12, { durationMs: 2000, metadata: strike }),
      ...times(10, failure({ code: '503', provider: 'openai' })),
    ]);
    const found = await detectOver(database.query, { slas: [p95] });
    expect(
      found.signals.map(({ kind, scope, source, summary }) => ({ kind, scope, source, summary })),
    ).toEqual([
      {
        kind: 'provider.unhealthy',
        scope: { provider: 'openai' },
        source: 'spend_logs',
        summary: 'provider openai: 10 of 22 requests failed (45.5 %) in 5 min, limit 25 %',
      },
      {
        kind: 'latency.spike',
        scope: { provider: 'openai' },
        source: 'spend_logs',
        summary:
          'provider openai: median latency 2000 ms over 5 min, 10.0 times its 60-minute median of 200 ms',
      },
      {
        kind: 'budget.exceeded',
        scope: { team: 't1' },
        source: 'gateway_tables',
        summary: 'team t1: spent 100.00 of 100.00 USD, hard budget reached',
      },
      {
        kind: 'budget.exceeded',
        scope: { team: 't2' },
        source: 'gateway_tables',
        summary: 'team t2: spent 80.00 of 80.00 USD, soft budget reached',
      },
      {
        kind: 'budget.exceeded',
        scope: { org: 'o1' },
        source: 'gateway_tables',
        summary: 'organization Retail (o1): spent 11.00 of 10.00 USD, hard budget reached',
      },
      {
        kind: 'sla.violation',
        scope: { provider: 'openai', sla: 'gold' },
        source: 'spend_logs',
        summary: 'sla gold: p95 latency is 2000 ms over 15 min (12 requests), target 500 ms',
      },
      {
        kind: 'guardrail.strikes',
        scope: { guardrail: 'pii' },
        source: 'spend_logs',
        summary: 'guardrail pii: 12 interventions in 5 min, usually 0',
      },
    ]);
    expect(found.signals.every(({ confirmed }) => confirmed)).toBe(true);
    expect(found.judges.toSorted()).toEqual([
      'budget.exceeded',
      'guardrail.strikes',
      'latency.spike',
      'provider.unhealthy',
      'sla.violation',
    ]);
    expect(found.warnings).toEqual([]);
  });

  test('five requests and a quarter of them: the boundary on real rows', async () => {
    await insertLogs(database.query, [
      ...times(3, { provider: 'at' }),
      ...times(1, { ...failure({ code: '500', provider: 'at' }), provider: 'at' }),
      ...times(1, { ...failure({ code: '400', provider: 'at' }), provider: 'at' }),
      ...times(6, { provider: 'quarter' }),
      ...times(2, { ...failure({ code: '500' }), provider: 'quarter' }),
      ...times(5, { provider: 'above' }),
      ...times(2, { ...failure({ code: '500' }), provider: 'above' }),
      ...times(4, { ...failure({ code: '500' }), provider: 'few' }),
      ...times(3, { provider: 'five' }),
      ...times(2, { ...failure({ code: '500' }), provider: 'five' }),
    ]);
    const { signals } = await detectOver(database.query);
    expect(signals.map(({ scope }) => scope['provider'])).toEqual(['above', 'five']);
  });

  test('a suspended contract does not fire', async () => {
    await insertLogs(database.query, times(6, { durationMs: 2000 }));
    const until = (ms: number) => new Date(Date.now() + ms).toISOString();
    const kinds = async (suspendedUntil: string | null) =>
      (await detectOver(database.query, { slas: [{ ...p95, suspendedUntil }] })).signals.map(
        ({ kind }) => kind,
      );
    expect(await kinds(null)).toEqual(['sla.violation']);
    expect(await kinds(until(600_000))).toEqual([]);
    expect(await kinds(until(-600_000))).toEqual(['sla.violation']);
  });

  test('windows shrink with the tempo', async () => {
    const settings = { ...defaultDetectionSettings, tempo: { minuteMs: 2_000 } };
    // Five nominal minutes are ten seconds that end two seconds ago.
    await insertLogs(database.query, [
      ...times(6, { ...failure({ code: '500', provider: 'openai' }), ago: 5 }),
      ...times(60, { ago: 14 }),
    ]);
    const { signals } = await detectOver(database.query, { settings });
    expect(signals).toMatchObject([{ kind: 'provider.unhealthy', payload: { requests: 6, failed: 6 } }]);
    expect((await detectOver(database.query)).signals).toEqual([]);
  });

  test('what Prometheus counted is kept beside it, also when it disagrees or cannot be asked', async () => {
    await insertLogs(database.query, [
      ...times(10),
      ...times(10, failure({ code: '500', provider: 'openai' })),
    ]);
    const row = { provider: 'openai', medianMs: null, medianHourMs: null };
    const view = async (
      metrics: () => Promise<readonly (typeof row & { total: number; failed: number })[] | null>,
    ) => {
      const source = createGatewaySource({ reads: readsOver(database.query), metrics });
      const { signals } = await source.detect(signal);
      expect(signals).toHaveLength(1);
      return signals[0]?.payload['otherView'];
    };
    expect(await view(() => Promise.resolve([{ ...row, total: 40, failed: 20 }]))).toEqual({
      source: 'prometheus',
      verdict: 'agrees',
      provider: 'openai',
      requests: 40,
      failed: 20,
      errorRatePercent: 50,
    });
    expect(await view(() => Promise.resolve([{ ...row, total: 40, failed: 0 }]))).toMatchObject({
      verdict: 'disagrees',
    });
    expect(await view(() => Promise.reject(new Error('down')))).toBeUndefined();
  });

  test('a part that fails is a warning and judges nothing; the others go on', async () => {
    await insertTeams(`VALUES ('t1', 100, 100, NULL)`);
    await insertLogs(database.query, times(3));
    const broken: Run = (text, params) =>
      text.includes('guardrail_information')
        ? Promise.reject(new StoreError('busy', 'canceling statement due to statement timeout'))
        : database.query(text, params);
    const found = await detectOver(broken);
    expect(found.signals.map(({ kind }) => kind)).toEqual(['budget.exceeded']);
    expect(found.judges).not.toContain('guardrail.strikes');
    expect(found.warnings).toEqual([
      { code: 'spend_logs_unreachable', detail: 'canceling statement due to statement timeout' },
    ]);
  });

  test('a database that is away makes the source fail, without its password', async () => {
    const away = openPostgres('postgres://someone:hunter2secret@127.0.0.1:1/none');
    const failing = detectOver(away.query);
    await expect(failing).rejects.toMatchObject({ code: 'spend_logs_unreachable' });
    await expect(failing).rejects.not.toThrow(/hunter2secret/);
    await away.close();
  });

  test('a database that hangs does not hold anybody longer than the deadline', async () => {
    const source = createGatewaySource({ reads: readsOver(() => new Promise(() => undefined)) });
    await expect(source.detect(AbortSignal.timeout(50))).rejects.toMatchObject({
      code: 'spend_logs_unreachable',
    });
  });

  test('a thousand teams over budget are cut, said, and not taken for resolved', async () => {
    await insertTeams(`SELECT 't' || n, 5, 4, NULL FROM generate_series(1, 1000) n`);
    const found = await detectOver(database.query);
    expect(found.signals).toHaveLength(200);
    expect(found.judges).not.toContain('budget.exceeded');
    expect(found.warnings).toContainEqual({
      code: 'signals_cut',
      detail: '1000 signals of budget.exceeded; only the first 200 were taken',
    });
  });

  test('the number of statements does not grow with the number of incidents', async () => {
    const count = async () => {
      let statements = 0;
      const counted: Run = (text, params) => {
        statements += 1;
        return database.query(text, params);
      };
      const slas = Array.from({ length: 30 }, (_item, n) => ({ ...p95, id: `sla-${n}` }));
      await detectOver(counted, { slas });
      return statements;
    };
    const quiet = await count();
    await insertTeams(`SELECT 't' || n, 5, 4, NULL FROM generate_series(1, 100) n`);
    await insertLogs(
      database.query,
      Array.from({ length: 30 }, (_item, n) => n).flatMap((n) =>
        times(6, { ...failure({ code: '500' }), provider: `p${n}` }),
      ),
    );
    expect(await count()).toBe(quiet);
    expect(quiet).toBe(6);
  });

  test('a read that outlives its own deadline fails for everybody who waits', async () => {
    const reads = createGatewayReads({
      query: () => new Promise(() => undefined),
      settings: defaultDetectionSettings,
      listSlas: () => Promise.resolve([]),
      deadlineMs: 20,
    });
    await expect(reads.teams(signal)).rejects.toMatchObject({ code: 'spend_logs_unreachable' });
    await expect(reads.day(signal)).rejects.toMatchObject({ code: 'spend_logs_unreachable' });
  });

  test('hostile text in every field of the gateway: nothing throws and nothing unseen comes out', async () => {
    const texts = [...new Set(hostileTexts().map(storable))];
    await database.query(
      `INSERT INTO "LiteLLM_TeamTable" (team_id, team_alias, organization_id, spend, max_budget)
       SELECT n || v, v, NULL, 5, 4 FROM jsonb_array_elements_text($1::jsonb) WITH ORDINALITY t(v, n)`,
      [JSON.stringify(texts.map((text) => text.slice(0, 600)))],
    );
    await database.query(
      `INSERT INTO "LiteLLM_VerificationToken" (token, key_alias) SELECT v, v FROM jsonb_array_elements_text($1::jsonb) v`,
      [JSON.stringify([...new Set(texts.map((text) => text.slice(0, 500)))])],
    );
    const rows = texts.flatMap((text) => [
      ...times(5, {
        ...failure({ code: text, class: text, provider: text, message: text }),
        provider: text.slice(0, 600),
        team: text,
        org: text,
        key: text.slice(0, 500),
        modelGroup: text,
        modelId: text,
        cacheHit: text,
      }),
      ...times(1, {
        status: text,
        metadata: { [text]: text, applied_guardrails: [text], error_information: text },
      }),
      ...times(11, {
        metadata: {
          guardrail_information: [{ guardrail_name: text, guardrail_status: 'guardrail_intervened' }],
        },
      }),
    ]);
    await insertLogs(database.query, rows);
    const slas = texts.map((text, n): SlaContract => ({
      ...p95,
      id: `${n}${text}`.slice(0, 400),
      scope: { provider: text },
    }));
    const reads = readsOver(database.query, { slas: slas.slice(0, 50) });
    const found = await createGatewaySource({ reads }).detect(signal);
    expect(found.signals.length).toBeGreaterThan(200);
    for (const text of textsIn([found.signals, found.warnings])) expect(text).not.toMatch(unseen);
    const facts = createGatewayFacts(reads);
    for (const name of gatewayReadingNames.filter((candidate) => !candidate.startsWith('sla.'))) {
      const reading = await facts.read(name, signal);
      expect(reading.status, name).toBe('known');
      for (const text of textsIn(reading)) expect(text).not.toMatch(unseen);
    }
  });
});

test('the same statements run on the embedded engine', async () => {
  const folder = await embeddedFolder();
  const { query, close } = await openEmbedded(folder);
  await query(await litellmSchema(), []);
  await insertLogs(query, [...times(10), ...times(10, failure({ code: '500', provider: 'openai' }))]);
  const contract = { id: 'rate', scope: {}, metric: 'success_rate', target: 99, windowMinutes: 5 } as const;
  const reads = readsOver(query, { slas: [{ ...contract, suspendedUntil: null }] });
  const found = await createGatewaySource({ reads }).detect(AbortSignal.timeout(60_000));
  expect(found.signals.map(({ kind }) => kind)).toEqual(['provider.unhealthy', 'sla.violation']);
  expect(found.warnings).toEqual([]);
  const facts = createGatewayFacts(reads);
  for (const name of gatewayReadingNames)
    expect(await facts.read(name, AbortSignal.timeout(60_000)), name).toMatchObject({ status: 'known' });
  await close();
  await rm(folder, { recursive: true });
});

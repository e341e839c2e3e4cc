import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { afterEach, describe, expect, test } from 'vitest';
import { createPagerDuty } from '../../src/adapters/pagerduty/pager.ts';
import { createGatewayReads } from '../../src/adapters/postgres/gateway-reads.ts';
import { createPrometheusAlertSource } from '../../src/adapters/prometheus/alerts.ts';
import { createPrometheusClient } from '../../src/adapters/prometheus/client.ts';
import { createPrometheusReads } from '../../src/adapters/prometheus/reads.ts';
import { createPrometheusSource } from '../../src/adapters/prometheus/source.ts';
import type { Change } from '../../src/core/change.ts';
import { defaultDetectionSettings } from '../../src/core/detection.ts';
import { findRunningGateway } from '../../src/sandbox/running-gateway.ts';
import { outageProvider } from '../../src/sandbox/scenario.ts';
import { litellmTableStatements } from '../../src/sandbox/tables.ts';
import { initialDeployments, initialTeams, virtualKeySecret, keyHash } from '../../src/sandbox/world.ts';
import { createDatabase, hasShared, postgresUrl, sharedFolder } from '../support/database.ts';
import {
  emptySandboxDatabase,
  sandboxStartMs,
  sandboxTempo,
  startTestGateway,
  type TestGateway,
} from '../support/sandbox.ts';

const never = new AbortController().signal;
const by = { operator: 'ana' };
const settings = { ...defaultDetectionSettings, tempo: sandboxTempo };
const minute = sandboxTempo.minuteMs;
let gateway: TestGateway | null = null;

afterEach(async () => {
  await gateway?.stop();
  gateway = null;
});

async function open(options: Parameters<typeof startTestGateway>[0] = {}): Promise<TestGateway> {
  gateway = await startTestGateway(options);
  return gateway;
}

interface LoggedRow {
  readonly team_id: string;
  readonly model_group: string;
  readonly custom_llm_provider: string;
  readonly status: string;
  readonly code: string | null;
}

async function logged(from: TestGateway, sinceMs = sandboxStartMs): Promise<readonly LoggedRow[]> {
  const rows = await from.database.query(
    `SELECT team_id, model_group, custom_llm_provider, status, metadata->'error_information'->>'error_code' AS code
     FROM "LiteLLM_SpendLogs" WHERE "endTime" > (to_timestamp($1::float8 / 1000) AT TIME ZONE 'UTC')
     ORDER BY "endTime", request_id`,
    [sinceMs],
  );
  return rows as readonly LoggedRow[];
}

const failures = (rows: readonly LoggedRow[]) => rows.filter(({ status }) => status === 'failure');
const through = (rows: readonly LoggedRow[], provider: string) =>
  rows.filter(({ custom_llm_provider }) => custom_llm_provider === provider);

const blockAll: readonly Change[] = initialDeployments
  .filter((row) => row.provider === outageProvider)
  .map((row) => ({ target: `litellm:deployment/${row.id}`, field: 'blocked', from: false, to: true }));

function prometheusReads(of: TestGateway, shortMinutes = 5) {
  const client = createPrometheusClient({ url: of.prometheusUrl, token: null });
  const now = () => '2026-11-20T02:00:00.000Z';
  return {
    client,
    now,
    reads: createPrometheusReads({ client, settings: { ...settings, shortMinutes }, now }),
  };
}

describe('a day of history', () => {
  test('reaches back 24 nominal hours, thin then dense, and is the same for the same seed', async () => {
    const first = await open({ history: 'day' });
    const rows = await logged(first, 0);
    expect(rows.length).toBeGreaterThan(2_000);
    expect(rows.length).toBeLessThan(4_000);
    const [span] = await first.database.query(
      `SELECT extract(epoch FROM min("endTime")) * 1000 AS first, extract(epoch FROM max("endTime")) * 1000 AS last
       FROM "LiteLLM_SpendLogs"`,
      [],
    );
    const { first: oldest, last: newest } = span as { readonly first: string; readonly last: string };
    expect(Number(oldest)).toBeGreaterThan(sandboxStartMs - 24 * 60 * minute);
    expect(Number(oldest)).toBeLessThan(sandboxStartMs - 23 * 60 * minute);
    expect(Number(newest)).toBeLessThanOrEqual(sandboxStartMs);
    await first.stop();
    expect(await logged(await open({ history: 'day' }), 0)).toEqual(rows);
    await gateway?.stop();
    expect(await logged(await open({ history: 'day', seed: 8 }), 0)).not.toEqual(rows);
  });

  test('three of five teams and three of six groups use the provider that fails; every team is active', async () => {
    const rows = await logged(await open({ history: 'day' }), 0);
    const mine = through(rows, outageProvider);
    expect([...new Set(mine.map(({ team_id }) => team_id))].sort()).toEqual([
      'team-batch',
      'team-research',
      'team-support',
    ]);
    expect(new Set(mine.map(({ model_group }) => model_group)).size).toBe(3);
    expect(new Set(rows.map(({ team_id }) => team_id))).toEqual(new Set(initialTeams.map(({ id }) => id)));
    expect(new Set(rows.map(({ model_group }) => model_group)).size).toBe(6);
  });

  test('the readers of the real tables read all of it without a complaint', async () => {
    const { database } = await open({ history: 'day', scenario: 'provider_outage', now: Date.now });
    const reads = createGatewayReads({
      query: (text, params) => database.query(text, params as readonly (string | number)[]),
      settings,
      listSlas: () => Promise.resolve([]),
    });
    const day = await reads.day(never);
    expect(JSON.stringify(day)).not.toContain('"malformed":true');
    const [providers, teams, keys, organizations, ids] = await Promise.all([
      reads.providers(never),
      reads.teams(never),
      reads.keys(never),
      reads.organizations(never),
      reads.recentDeploymentIds(never),
    ]);
    const failing = providers.rows.filter(({ failed, total }) => total >= 5 && failed / total > 0.25);
    expect(failing.map(({ provider }) => provider)).toEqual([outageProvider]);
    expect(teams.rows).toHaveLength(5);
    expect(keys.rows).toHaveLength(7);
    expect(organizations.rows).toMatchObject([{ id: 'org-acme', maxBudget: 2_000, budgetSharers: 1 }]);
    expect(initialDeployments.map(({ id }) => id)).toEqual(expect.arrayContaining([...(ids ?? [])]));
  });
});

describe('live traffic follows the state', () => {
  test('rows, spend and counters grow with time', async () => {
    const { advance, database, client } = await open();
    await advance(5 * minute);
    const rows = await logged(gateway ?? (await open()));
    expect(rows).toHaveLength(100);
    const teams = await client.facts.read('gateway.teams', never);
    const spend = await database.query('SELECT sum(spend)::float8 AS spend FROM "LiteLLM_SpendLogs"', []);
    const before = initialTeams.reduce((sum, team) => sum + team.spend, 0);
    const after = teams.status === 'known' ? teams.value.reduce((sum, team) => sum + team.spend, 0) : 0;
    expect(after - before).toBeCloseTo((spend[0] as { spend: number }).spend, 6);
    expect(after).toBeGreaterThan(before);
  });

  test('a machine that slept does not flood the tables', async () => {
    const sim = await open();
    await sim.advance(1_000 * minute);
    expect((await logged(sim, 0)).length).toBeLessThanOrEqual(500);
  });

  test('rows older than a day are dropped', async () => {
    const sim = await open();
    await sim.advance(minute);
    expect(await logged(sim)).toHaveLength(20);
    await sim.advance(25 * 60 * minute);
    await sim.advance(minute);
    const [row] = await sim.database.query(
      `SELECT count(*)::int AS n FROM "LiteLLM_SpendLogs" WHERE "endTime" < (to_timestamp($1::float8 / 1000) AT TIME ZONE 'UTC')`,
      [sandboxStartMs + minute],
    );
    expect(row).toEqual({ n: 0 });
  });

  test('blocked deployments get nothing, their groups are served by the others', async () => {
    const sim = await open();
    for (const change of blockAll) await sim.client.effects.write(change, by, never);
    await sim.advance(10 * minute);
    const rows = await logged(sim);
    expect(through(rows, outageProvider)).toEqual([]);
    expect(rows.filter(({ model_group }) => model_group === 'claude-sonnet-4-6').length).toBeGreaterThan(5);
    expect(failures(rows).length / rows.length).toBeLessThan(0.05);
  });

  test('a group without an open deployment answers 403, made by the gateway', async () => {
    const sim = await open();
    const group = initialDeployments.filter((row) => row.modelGroup === 'support-chat');
    for (const { id } of group)
      await sim.client.effects.write(
        { target: `litellm:deployment/${id}`, field: 'blocked', from: false, to: true },
        by,
        never,
      );
    await sim.advance(5 * minute);
    const rows = (await logged(sim)).filter(({ model_group }) => model_group === 'support-chat');
    expect(rows.length).toBeGreaterThan(3);
    for (const row of rows) expect(row).toMatchObject({ status: 'failure', custom_llm_provider: '' });
    expect(rows.some(({ code }) => code === '403')).toBe(true);
  });

  test('an alias sends a group elsewhere and keeps its name', async () => {
    const sim = await open();
    const change: Change = {
      target: 'litellm:model_group/claude-sonnet-4-6',
      field: 'alias',
      from: null,
      to: 'gpt-4o',
    };
    await sim.client.effects.write(change, by, never);
    await sim.advance(10 * minute);
    const rows = (await logged(sim)).filter(({ model_group }) => model_group === 'claude-sonnet-4-6');
    expect(rows.length).toBeGreaterThan(5);
    expect(new Set(rows.map((row) => row.custom_llm_provider).filter((name) => name !== ''))).toEqual(
      new Set(['openai', 'azure']),
    );
  });

  test('limits and blocked keys turn requests away without a provider', async () => {
    const sim = await open();
    const token = keyHash(virtualKeySecret('support-web'));
    const changes: readonly Change[] = [
      { target: 'litellm:team/team-payments', field: 'rpm_limit', from: 300, to: 20 },
      { target: `litellm:key/${token}`, field: 'blocked', from: false, to: true },
    ];
    for (const change of changes)
      expect(await sim.client.effects.write(change, by, never)).toEqual({ status: 'accepted' });
    await sim.advance(10 * minute);
    const rows = await logged(sim);
    const limited = rows.filter(({ team_id, code }) => team_id === 'team-payments' && code === '429');
    expect(limited.length).toBeGreaterThan(5);
    for (const row of limited) expect(row.custom_llm_provider).toBe('');
    const support = rows.filter(({ model_group }) => model_group === 'support-chat');
    expect(new Set(support.map(({ code }) => code))).toEqual(new Set(['401']));
  });

  test('a spent budget refuses', async () => {
    const sim = await open();
    await sim.database.query(
      `UPDATE "LiteLLM_TeamTable" SET spend = 500 WHERE team_id = 'team-payments'`,
      [],
    );
    await sim.stop();
    const again = await open({ database: sim.database });
    await again.advance(5 * minute);
    const rows = (await logged(again)).filter(({ team_id }) => team_id === 'team-payments');
    expect(rows.length).toBeGreaterThan(3);
    expect(new Set(rows.map(({ code }) => code))).toEqual(new Set(['429']));
  });
});

describe('the outage', () => {
  test('fails most calls of one provider until it was taken out, then it is well again', async () => {
    const sim = await open({ scenario: 'provider_outage' });
    await sim.advance(10 * minute);
    const during = through(await logged(sim), outageProvider);
    expect(failures(during).length / during.length).toBeGreaterThan(0.4);
    for (const row of failures(during)) expect(row.code).toMatch(/^(?:500|503|408)$/u);
    for (const change of blockAll) await sim.client.effects.write(change, by, never);
    for (let step = 0; step < 5; step += 1) await sim.advance(minute);
    for (const change of blockAll)
      await sim.client.effects.write({ ...change, from: true, to: false } as Change, by, never);
    const restoredMs = sandboxStartMs + 15 * minute;
    await sim.advance(10 * minute);
    const after = through(await logged(sim, restoredMs), outageProvider);
    expect(after.length).toBeGreaterThan(15);
    expect(failures(after).length / after.length).toBeLessThan(0.1);
  });

  test('our own detectors and an alert see it at once, through the real adapters', async () => {
    const sim = await open({ history: 'day', scenario: 'provider_outage' });
    const { client, now, reads } = prometheusReads(sim);
    const detection = await createPrometheusSource({ reads }).detect(never);
    expect(detection.warnings).toEqual([]);
    expect(detection.signals).toMatchObject([
      { kind: 'provider.unhealthy', scope: { provider: outageProvider }, confirmed: true },
    ]);
    const alerts = await createPrometheusAlertSource({ client, now }).detect(never);
    expect(alerts.signals).toMatchObject([
      { kind: 'provider.unhealthy', scope: { provider: outageProvider }, confirmed: false },
    ]);
  });

  test('nothing is wrong in a steady gateway', async () => {
    const sim = await open({ history: 'day' });
    const { client, now, reads } = prometheusReads(sim);
    expect(await createPrometheusSource({ reads }).detect(never)).toMatchObject({
      signals: [],
      warnings: [],
    });
    expect(await createPrometheusAlertSource({ client, now }).detect(never)).toMatchObject({ signals: [] });
  });
});

describe('the Prometheus side', () => {
  test('counts what the log tables hold', async () => {
    const sim = await open({ history: 'day', scenario: 'provider_outage' });
    for (const shortMinutes of [1, 5]) {
      const { rows } = await prometheusReads(sim, shortMinutes).reads.providers(never);
      const recent = await logged(sim, sandboxStartMs - shortMinutes * minute);
      for (const { provider, total, failed } of rows) {
        expect(total).toBe(through(recent, provider).length);
        expect(failed).toBe(failures(through(recent, provider)).length);
      }
      expect(rows.length).toBeGreaterThan(2);
    }
  });

  test('budgets are what is left of them', async () => {
    const sim = await open();
    const { rows } = await prometheusReads(sim).reads.budgets(never);
    expect(rows).toContainEqual({ kind: 'team', id: 'team-batch', alias: 'Batch', remaining: 150 - 61.4 });
    expect(rows).toContainEqual({ kind: 'org', id: 'org-acme', alias: 'Acme', remaining: 2_000 - 862.4 });
  });

  test('readiness is plain text, unknown queries are bad data, faults apply', async () => {
    const sim = await open();
    const ready = await fetch(`${sim.prometheusUrl}/-/ready`);
    expect([ready.status, await ready.text()]).toEqual([200, 'Prometheus Server is Ready.\n']);
    const { client } = prometheusReads(sim);
    await expect(client.queryVector('up', never)).rejects.toThrow(/bad_data/u);
    sim.faults.set('/api/v1/query', { kind: 'html', status: 503 });
    await expect(client.queryVector('up', never)).rejects.toThrow(/503/u);
  });
});

describe('the pager', () => {
  test('takes pages and keeps no key', async () => {
    const sim = await open();
    const { pager, effects } = createPagerDuty({ routingKey: 'R'.repeat(32), eventsUrl: sim.pagerUrl });
    const page = { dedupKey: 'k', summary: 'look', severity: 'error', details: { a: 'b' } } as const;
    expect(await pager.page(page, never)).toMatchObject({ accepted: true });
    const resolve: Change = {
      target: 'pagerduty:alert/k',
      field: 'page',
      from: { summary: 'look', severity: 'error' },
      to: null,
    };
    expect(await effects.write(resolve, by, never)).toEqual({ status: 'accepted' });
    expect(sim.pages()).toMatchObject([
      { event_action: 'trigger', dedup_key: 'k', payload: { summary: 'look', custom_details: { a: 'b' } } },
      { event_action: 'resolve', dedup_key: 'k' },
    ]);
    expect(JSON.stringify(sim.pages())).not.toContain('RRRR');
  });

  test('refuses what is no event', async () => {
    const sim = await open();
    const response = await fetch(`${sim.pagerUrl}/v2/enqueue`, {
      method: 'POST',
      body: JSON.stringify({
        routing_key: 'x',
        event_action: 'trigger',
        payload: { summary: 'no severity' },
      }),
    });
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { status: 'invalid event', message: 'Event object is invalid' },
    ]);
  });
});

describe('faults', () => {
  const change: Change = { target: 'litellm:team/team-batch', field: 'rpm_limit', from: 300, to: 200 };

  test('the first calls go well, then some go wrong', async () => {
    const sim = await open();
    sim.faults.set('POST /team/update', { kind: 'status', status: 409, after: 1, times: 2 });
    const results = [];
    for (let call = 0; call < 4; call += 1)
      results.push((await sim.client.effects.write(change, by, never)).status);
    expect(results).toEqual(['accepted', 'refused', 'refused', 'accepted']);
    sim.faults.set('POST /team/update', { kind: 'hang' });
    sim.faults.clear();
    expect(await sim.client.effects.write(change, by, never)).toEqual({ status: 'accepted' });
  });

  test('a lagging effect shows later', async () => {
    const sim = await open();
    sim.faults.set('POST /team/update', { kind: 'lag', ms: 60 });
    expect(await sim.client.effects.write(change, by, never)).toEqual({ status: 'accepted' });
    expect(await sim.client.effects.probe(change, never)).toEqual({ status: 'known', value: 300 });
    await expect
      .poll(() => sim.client.effects.probe(change, never), { timeout: 10_000 })
      .toEqual({ status: 'known', value: 200 });
  });
});

describe('start and stop', () => {
  test('changes outlive the process, traffic starts anew', async () => {
    const first = await open();
    const changes: readonly Change[] = [
      ...blockAll,
      { target: 'litellm:team/team-batch', field: 'max_budget', from: 150, to: 200 },
      { target: 'litellm:budget/budget-acme', field: 'max_budget', from: 2_000, to: null },
      { target: 'litellm:model_group/gpt-4o', field: 'alias', from: null, to: 'gpt-4o-mini' },
      {
        target: `litellm:key/${keyHash(virtualKeySecret('support-bot'))}`,
        field: 'blocked',
        from: false,
        to: true,
      },
    ];
    for (const change of changes)
      expect(await first.client.effects.write(change, by, never)).toEqual({ status: 'accepted' });
    await first.advance(minute);
    await first.stop();
    const second = await open({ database: first.database });
    for (const change of changes)
      expect(await second.client.effects.probe(change, never)).toEqual({ status: 'known', value: change.to });
    expect(await logged(second, 0)).toEqual([]);
  });

  test('another process finds it while it runs, and not afterwards', async () => {
    const database = await emptySandboxDatabase();
    expect(await findRunningGateway(database)).toBeNull();
    const { adminUrl, masterKey, prometheusUrl, pagerUrl, stop } = await open({ database });
    expect(await findRunningGateway(database)).toEqual({ adminUrl, masterKey, prometheusUrl, pagerUrl });
    await stop();
    expect(await findRunningGateway(database)).toBeNull();
  });

  test('an address left by a process that died leads nowhere', async () => {
    const sim = await open();
    const row = JSON.stringify({
      adminUrl: sim.adminUrl,
      masterKey: 'sk-other',
      prometheusUrl: sim.adminUrl,
      pagerUrl: sim.adminUrl,
    });
    await sim.database.query(
      `UPDATE "LiteLLM_Config" SET param_value = $1::jsonb WHERE param_name = 'scutum_sre_sandbox'`,
      [row],
    );
    expect(await findRunningGateway(sim.database)).toBeNull();
  });

  test.each([
    [`INSERT INTO "LiteLLM_TeamTable" (team_id) VALUES ('team-of-somebody')`],
    [
      `INSERT INTO "LiteLLM_SpendLogs" (request_id, call_type, "startTime", "endTime")
       VALUES ('chatcmpl-1', 'acompletion', now(), now())`,
    ],
  ])("another gateway's tables are not touched: %s", async (statement) => {
    const database = await emptySandboxDatabase();
    for (const table of litellmTableStatements()) await database.query(table, []);
    await database.query(statement, []);
    await expect(startTestGateway({ database })).rejects.toThrow('a gateway that is not the sandbox');
  });

  test('live traffic comes by itself, and a failing database is told', async () => {
    const real = await emptySandboxDatabase();
    let broken = false;
    const database = {
      query: (text: string, params: Parameters<typeof real.query>[1]) =>
        broken ? Promise.reject(new Error('disk full')) : real.query(text, params),
    };
    const sim = await open({ database, traffic: 'live', tempo: { minuteMs: 100 }, now: Date.now });
    await expect.poll(async () => (await logged(sim, 0)).length, { timeout: 20_000 }).toBeGreaterThan(3);
    broken = true;
    await expect.poll(() => sim.problem(), { timeout: 20_000 }).toBe('disk full');
    broken = false;
    await expect.poll(() => sim.problem(), { timeout: 20_000 }).toBeNull();
  });
});

describe('the tables', () => {
  test.skipIf(!hasShared)("have LiteLLM's own names and types", async () => {
    const schema = await readFile(new URL('facts/data/litellm-schema.sql', sharedFolder), 'utf8');
    const columnsOf = async (statements: readonly string[]) => {
      const database = await emptySandboxDatabase();
      for (const statement of statements) await database.query(statement, []);
      return database.query(
        `SELECT table_name || '.' || column_name || ' ' || data_type AS column
         FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1`,
        [],
      );
    };
    const theirs = await columnsOf(
      schema
        .replace(/--.*$/gmu, '')
        .split(/;\s*\n/u)
        .filter((text) => text.trim() !== ''),
    );
    const ours = await columnsOf(litellmTableStatements());
    expect(ours.length).toBeGreaterThan(100);
    expect(theirs).toEqual(expect.arrayContaining([...ours]));
  });

  test.skipIf(postgresUrl === null)('a real server with the real schema takes the traffic', async () => {
    const { url, drop } = await createDatabase({ litellm: true });
    const pool = new pg.Pool({ connectionString: url, max: 2 });
    const sim = await open({
      history: 'day',
      database: { query: async (text, params) => (await pool.query(text, [...params])).rows },
    });
    await sim.advance(minute);
    expect(await logged(sim)).toHaveLength(20);
    for (const change of blockAll)
      expect(await sim.client.effects.write(change, by, never)).toEqual({ status: 'accepted' });
    await sim.stop();
    gateway = null;
    await pool.end();
    await drop();
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { triageDocumentSchema, type RemediationJson } from '../../src/core/contract-schemas.ts';
import { openPostgres } from '../../src/adapters/postgres/pool.ts';
import { createStores } from '../../src/adapters/postgres/stores.ts';
import { documentOf, executionOf } from '../adapters/postgres/samples.ts';
import { applied, step } from '../adapters/postgres/scenario.ts';
import { completion, startChatServer, type ChatServer } from '../support/chat-server.ts';
import { postgresUrl } from '../support/database.ts';
import type { Outcome, ProgramEnvironment } from '../support/program.ts';
import { bedrockOutage, requests, startWorld, usualTraffic, type World } from '../support/program-world.ts';
import { closePtys, hasPty } from '../support/pty.ts';

afterAll(closePtys);

/** A zone in which it is a working morning or afternoon now; null at the week-end, when there is none. */
function zoneAtWork(): string | null {
  const zones = Array.from(
    { length: 25 },
    (_, hours) => `Etc/GMT${hours <= 12 ? '-' : '+'}${Math.abs(hours - 12)}`,
  );
  const isAtWork = (timeZone: string) => {
    const parts = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      weekday: 'short',
      hour: '2-digit',
      hourCycle: 'h23',
    })
      .formatToParts(new Date())
      .map(({ value }) => value);
    const [weekday = '', , hour = ''] = parts;
    return !['Sat', 'Sun'].includes(weekday) && Number(hour) >= 9 && Number(hour) < 17;
  };
  return zones.find((zone) => isTimeZone(zone) && isAtWork(zone)) ?? null;
}

function isTimeZone(zone: string): boolean {
  return Intl.supportedValuesOf('timeZone').includes(zone) || /^Etc\/GMT[+-](?:[1-9]|1[0-4])$/u.test(zone);
}

const remediation = (outcome: Outcome): RemediationJson => {
  const { incidents } = triageDocumentSchema.parse(JSON.parse(outcome.stdout));
  const found = incidents[0]?.remediation;
  if (found === undefined || found === null) throw new Error(`nothing is proposed: ${outcome.stdout}`);
  return found;
};

describe.skipIf(postgresUrl === null)('SRE_AUTO_APPROVE=true', () => {
  let world: World;
  let chat: ChatServer;
  let auto: ProgramEnvironment;

  beforeAll(async () => {
    [world, chat] = await Promise.all([startWorld(), startChatServer()]);
    await world.insert([...usualTraffic, ...bedrockOutage]);
    const zone = zoneAtWork();
    auto = {
      SRE_AUTO_APPROVE: 'true',
      OPENAI_BASE_URL: chat.baseUrl,
      OPENAI_API_KEY: 'sk-Qm3vT7xWb2Lk9RzYp4NdHg',
      ...(zone === null ? {} : { SRE_TIMEZONE: zone }),
    };
  });
  afterAll(async () => {
    await world.stop();
    await chat.close();
  });

  const says = (more: object = {}) =>
    chat.script(
      completion(
        JSON.stringify({
          proposal: {
            kind: 'remediate',
            diagnosis: 'bedrock answers 503',
            action: { type: 'route.circuit_break', params: { provider: 'bedrock', minutes: 1 } },
            preconditions: [{ fact: 'provider.requests', subject: 'bedrock', operator: 'gte', value: 5 }],
            cited_facts: [{ fact: 'provider.error_rate', subject: 'bedrock' }],
            confidence: 0.95,
            rejected: [],
            ...more,
          },
        }),
      ),
    );

  /** A worker with proven write access was heard just now: what makes a breaker undo itself. */
  const heartbeat = () =>
    world.sql(
      `INSERT INTO scutum_sre.workers VALUES ('w', clock_timestamp(), clock_timestamp())
       ON CONFLICT (id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at, gateway_write_at = excluded.gateway_write_at`,
    );

  /** Nothing that was proposed stands any more: the next triage proposes anew. */
  async function clearTheTable(): Promise<void> {
    const rows = await world.sql(`SELECT id FROM scutum_sre.remediations WHERE status = 'pending_approval'`);
    for (const { id } of rows) await world.run(['reject', String(id), '--reason', 'the next case']);
    await world.sql(`UPDATE scutum_sre.remediations SET status = 'superseded' WHERE status = 'assist_only'`);
    await heartbeat();
  }

  async function triage(env: ProgramEnvironment = {}): Promise<Outcome> {
    await clearTheTable();
    return world.run(['triage', '--json'], { ...auto, ...env });
  }

  function expectAsked(outcome: Outcome, reason: string): void {
    const { gate, status } = remediation(outcome);
    expect(gate.reasons.map(({ code }) => code)).toContain(reason);
    expect({ decision: gate.decision, status, code: outcome.code }).toEqual({
      decision: 'require_approval',
      status: 'pending_approval',
      code: 8,
    });
    expect(world.writes()).toEqual([]);
  }

  test('the first time of a pattern is asked about', async () => {
    says();
    const outcome = await triage();
    expectAsked(outcome, 'novel');
    expect(remediation(outcome).risk.score).toBeLessThanOrEqual(40);
  });

  test('a pattern gets known by runs that ended well', async () => {
    const [row] = await world.sql('SELECT pattern_key FROM scutum_sre.remediations ORDER BY id DESC LIMIT 1');
    const patternKey = z.string().parse(row?.['pattern_key']);
    const database = openPostgres(world.databaseUrl);
    const stores = createStores(database, { randomHex: (bytes) => '00'.repeat(bytes), deployment: 'test' });
    const execution = executionOf({
      finishedAt: '2026-11-20T02:12:00.000Z',
      verification: { outcome: 'improved', detail: 'success rose' },
    });
    try {
      for (let run = 0; run < 10; run += 1) {
        const done = await applied(stores, { draft: { document: documentOf({ patternKey }) }, execution });
        await step(stores, done, 'verified', { execution });
      }
    } finally {
      await database.close();
    }
  });

  const known = ['error_rate', 'requests', 'open_deployments'].map((name) => ({
    fact: `provider.${name}`,
    subject: 'bedrock',
  }));
  const unknown = { fact: 'provider.error_rate', subject: 'nobody' };

  test.each([
    ['no confidence', { confidence: null }],
    ['confidence under 0.6', { confidence: 0.59 }],
    ['a fact that is not there', { cited_facts: [unknown] }],
    ['no fact at all', { cited_facts: [] }],
  ])('%s is advice only: 7, and approving it is 7 too', async (_title, more) => {
    says(more);
    const outcome = await triage();
    const { id, status, gate } = remediation(outcome);
    expect({ code: outcome.code, status, decision: gate.decision, level: gate.level }).toEqual({
      code: 7,
      status: 'assist_only',
      decision: 'assist_only',
      level: 1,
    });
    expect((await world.run(['approve', String(id)])).code).toBe(7);
    expect(world.writes()).toEqual([]);
  });

  test.each<[string, object, ProgramEnvironment, string]>([
    ['confidence under 0.85', { confidence: 0.84 }, {}, 'confidence_low'],
    ['one fact of four that is not there', { cited_facts: [...known, unknown] }, {}, 'confidence_low'],
    [
      'a precondition of the model that fails',
      { preconditions: [{ fact: 'provider.requests', subject: 'bedrock', operator: 'gte', value: 5_000 }] },
      {},
      'precondition_failed',
    ],
    [
      'a precondition of the model that cannot be read',
      { preconditions: [{ fact: 'provider.requests', subject: 'nobody', operator: 'gte', value: 1 }] },
      {},
      'precondition_unknown',
    ],
    ['the switch off', {}, { SRE_AUTO_APPROVE: 'false' }, 'auto_approve_off'],
    ['a lower threshold', {}, { SRE_RISK_THRESHOLD: '20' }, 'score_above_threshold'],
    ['no model, only the playbook', {}, { OPENAI_API_KEY: '' }, 'level'],
  ])('%s stops it, whatever the rest says', async (_title, more, env, reason) => {
    says(more);
    expectAsked(await triage(env), reason);
  });

  test('a suspension stops it', async () => {
    says();
    await world.run(['suspend', '--reason', 'a drill']);
    expectAsked(await triage(), 'suspended');
    await world.run(['resume']);
  });

  test('a wider blast stops it', async () => {
    says();
    await world.insert(
      requests(1, { group: 'claude-sonnet-4-6', provider: 'bedrock', team: 'team-research' }),
    );
    expectAsked(await triage(), 'blast_wide');
    await world.sql(
      `DELETE FROM "LiteLLM_SpendLogs" WHERE custom_llm_provider = 'bedrock' AND team_id = 'team-research'`,
    );
  });

  test('two tries of the target within the hour stop it', async () => {
    says();
    const twoRuns = `(SELECT id FROM scutum_sre.remediations WHERE status = 'verified' ORDER BY id LIMIT 2)`;
    const rename = (name: string) =>
      world.sql(`UPDATE scutum_sre.remediation_locks SET name = $1 WHERE remediation_id IN ${twoRuns}`, [
        name,
      ]);
    await rename('provider/bedrock');
    expectAsked(await triage(), 'loop_guard');
    await rename('provider/other');
  });

  test('without the admin API nothing is granted', async () => {
    says();
    const outcome = await triage({ LITELLM_BASE_URL: '', LITELLM_MASTER_KEY: '' });
    expect([7, 8, 75]).toContain(outcome.code);
    expect(
      await world.sql(`SELECT 1 FROM scutum_sre.remediations WHERE status IN ('approved', 'failed')`),
    ).toEqual([]);
  });

  test.skipIf(!hasPty)('in a terminal any key stops the countdown, and it waits for its code', async () => {
    says();
    await triage({ SRE_AUTO_APPROVE: 'false' });
    await clearTheTable();
    const terminal = world.terminal(['triage'], auto);
    await terminal.waitFor(/runs in \d s; any key stops it/u);
    terminal.write('x');
    await terminal.waitFor(/stopped/u);
    const from = terminal.text().length;
    await terminal.waitFor(/INC-1/u, { from });
    terminal.write('q');
    expect((await terminal.ended).code).toBe(8);
    expect(world.writes()).toEqual([]);
  });

  test('with all of it in order it runs, once, whoever else tries at the same moment', async () => {
    says();
    await clearTheTable();
    const runs = [1, 2].map(() => world.start(['triage', '--json'], auto));
    await world.called('POST /model/block');
    await expect
      .poll(() => world.sql(`SELECT id FROM scutum_sre.remediations WHERE status = 'applied'`), {
        timeout: 15_000,
      })
      .toHaveLength(1);
    await heartbeat();
    for (const run of runs) run.signal('SIGINT');
    const ends = await Promise.all(runs.map((run) => run.ended));
    expect(ends.map(({ code }) => code)).toContain(130);
    for (const { code } of ends) expect([0, 8, 130]).toContain(code);
    expect(world.writes()).toEqual(['POST /model/block', 'POST /model/block']);
    expect(await world.blocked('bedrock')).toEqual([true, true]);
    const ran = ends.find(({ code }) => code === 130);
    if (ran === undefined) throw new Error('nobody followed it');
    const { approvals, gate, execution } = remediation(ran);
    expect(gate).toMatchObject({ decision: 'auto_execute', reasons: [] });
    expect(gate.level).toBeGreaterThanOrEqual(3);
    expect(approvals).toMatchObject([{ by: 'gate' }]);
    expect(execution).toMatchObject({ changesApplied: 2 });
    const trail = await world.run(['export-audit']);
    expect(trail.stdout.match(/,intent,INC-1,/gu)).toHaveLength(1);
  });

  test('triage again leaves it as it is', async () => {
    await heartbeat();
    const outcome = await world.run(['triage', '--json'], auto);
    expect(remediation(outcome).status).toBe('applied');
    expect(outcome.code).toBe(0);
    expect(world.writes()).toHaveLength(2);
  });
});

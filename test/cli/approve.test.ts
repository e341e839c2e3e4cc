import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { remediationDocumentSchema, type RemediationJson } from '../../src/core/contract-schemas.ts';
import { postgresUrl } from '../support/database.ts';
import type { ProgramEnvironment } from '../support/program.ts';
import { bedrockOutage, keyOf, startWorld, usualTraffic, type World } from '../support/program-world.ts';
import { closePtys, hasPty } from '../support/pty.ts';
import { approveIn, codeOf, endOf } from '../support/terminal-approval.ts';

afterAll(closePtys);

const canRun = postgresUrl !== null && hasPty;

/** What `show` says of a remediation. */
async function shown(world: World, id: number): Promise<RemediationJson> {
  const { code, stdout } = await world.run(['show', String(id), '--json']);
  expect(code).toBe(0);
  return remediationDocumentSchema.parse(JSON.parse(stdout)).remediation;
}

/** Proposes by hand without a terminal, so that it waits; gives its id. */
async function proposed(world: World, type: string, params: Record<string, string>): Promise<number> {
  const args = Object.entries(params).flatMap(([name, value]) => ['--param', `${name}=${value}`]);
  const { code, stdout, stderr } = await world.run(['run', type, ...args, '--json']);
  expect({ code, stderr }).toEqual({ code: 8, stderr: '' });
  return remediationDocumentSchema.parse(JSON.parse(stdout)).remediation.id;
}

const ids = z.array(z.object({ id: z.number() }));

/** The one proposal for the outage, made if there is none. */
async function outageProposal(world: World): Promise<number> {
  expect((await world.run(['triage', '--no-input'])).code).toBe(8);
  const rows = await world.sql(
    `SELECT id FROM scutum_sre.remediations WHERE status = 'pending_approval' AND incident_number = 1`,
  );
  const [row] = ids.parse(rows);
  if (row === undefined) throw new Error('nothing is proposed for the outage');
  return row.id;
}

async function teamLimits(world: World, team: string): Promise<unknown> {
  const [row] = await world.sql(
    'SELECT rpm_limit::int AS rpm, tpm_limit::int AS tpm FROM "LiteLLM_TeamTable" WHERE team_id = $1',
    [team],
  );
  return row;
}

/** Writes to the gateway that name this id. */
const writesOf = (world: World, id: string) =>
  world.proxy.requests
    .filter(({ method, body }) => method !== 'GET' && body.includes(id))
    .map(({ url }) => url);

describe.skipIf(!canRun)('approving the answer to an outage', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
    await world.insert([...usualTraffic, ...bedrockOutage]);
  });
  afterAll(() => world.stop());

  test('without a terminal approve, run and revert end with 8 and touch nothing', async () => {
    const id = await outageProposal(world);
    for (const args of [
      ['approve', String(id)],
      ['approve', String(id), '--json'],
      ['approve', String(id), '--no-input'],
    ]) {
      const { code } = await world.run(args);
      expect(code).toBe(8);
    }
    const plain = await world.run(['approve', String(id)]);
    expect(plain.stdout).toBe(`#${id} route.circuit_break: pending_approval (test)\n`);
    expect(plain.stderr).toMatch(
      new RegExp(`waiting for approval in a terminal: scutum-sre approve ${id}`, 'u'),
    );
    expect(world.writes()).toEqual([]);
  });

  test('--json and --no-input never ask, even in a terminal', async () => {
    const id = await outageProposal(world);
    for (const flag of ['--json', '--no-input']) {
      const { code, said } = await endOf(world.terminal(['approve', String(id), flag]));
      expect(said).not.toMatch(/to approve/u);
      expect(code).toBe(8);
    }
  });

  test('enter, a wrong code three times and escape decline with 3; the proposal stays pending', async () => {
    const id = await outageProposal(world);
    const wrong = world.terminal(['approve', String(id)]);
    const code = await codeOf(wrong);
    wrong.write('\r');
    await wrong.waitFor(/enter alone does nothing/u);
    for (const typed of ['y\r', 'yes\r', `${code}0\r`]) {
      const from = wrong.text().length;
      wrong.write(typed);
      await wrong.waitFor(/not the code|declined/u, { from });
    }
    const escaped = world.terminal(['approve', String(id)]);
    await codeOf(escaped);
    escaped.write('\u001b');
    expect([await endOf(wrong), await endOf(escaped)].map((end) => end.code)).toEqual([3, 3]);
    expect(await shown(world, id)).toMatchObject({ status: 'pending_approval', approvals: [] });
    expect(world.writes()).toEqual([]);
  });

  test('Ctrl-C at the prompt is 130', async () => {
    const terminal = world.terminal(['approve', String(await outageProposal(world))]);
    await codeOf(terminal);
    terminal.write('\u0003');
    expect((await endOf(terminal)).code).toBe(130);
  });

  test('an expired proposal is 6, before the prompt and under it', async () => {
    const id = await outageProposal(world);
    await world.sql(
      `UPDATE scutum_sre.remediations SET expires_at = clock_timestamp() + interval '4 seconds' WHERE id = $1`,
      [id],
    );
    const terminal = world.terminal(['approve', String(id)]);
    const code = await codeOf(terminal);
    terminal.write(code);
    const { code: exit, said } = await endOf(terminal);
    expect(said).toMatch(/expired/u);
    expect(exit).toBe(6);
    const late = await world.run(['approve', String(id)]);
    expect(late.stderr).toMatch(/expired/u);
    expect(late.code).toBe(6);
    expect((await shown(world, id)).status).toBe('expired');
    expect(world.writes()).toEqual([]);
  });

  test('a proposal that is rejected elsewhere disarms the prompt: 5', async () => {
    const id = await outageProposal(world);
    const terminal = world.terminal(['approve', String(id)]);
    const code = await codeOf(terminal);
    expect((await world.run(['reject', String(id), '--reason', 'they recovered'])).code).toBe(0);
    await terminal.waitFor(/CHANGED/u);
    terminal.write(`${code}\r`);
    const end = await endOf(terminal);
    expect(end.said).toMatch(/already rejected/u);
    expect(end.code).toBe(5);
    expect(world.writes()).toEqual([]);
  });

  test('two that approve the same at the same moment: one runs, the other is 5', async () => {
    const id = await outageProposal(world);
    const terminals = [1, 2].map(() => world.terminal(['approve', String(id), '--no-wait']));
    const codes = await Promise.all(terminals.map((terminal) => codeOf(terminal)));
    for (const [at, terminal] of terminals.entries()) terminal.write(`${codes[at]}\r`);
    const ends = await Promise.all(terminals.map(endOf));
    expect(ends.map(({ code }) => code).toSorted((a, b) => a - b)).toEqual([0, 5]);
    expect(ends.find(({ code }) => code === 5)?.said).toMatch(/nothing was run by this command|nothing ran/u);
    expect(world.writes()).toEqual(['POST /model/block', 'POST /model/block']);
    expect(await world.blocked('bedrock')).toEqual([true, true]);

    const remediation = await shown(world, id);
    expect(remediation).toMatchObject({
      status: 'applied',
      approvals: [{ by: 'tester', identity: 'asserted' }],
      execution: { changesApplied: 2, verification: { outcome: 'pending' } },
    });
    const { startedAt = '', revertAt } = remediation.execution ?? {};
    const minutes = (Date.parse(revertAt ?? '') - Date.parse(startedAt)) / 60_000;
    expect(minutes).toBeGreaterThanOrEqual(5);
    expect(minutes).toBeLessThan(5.5);
  });

  test('an undo that is overdue is run by the next deciding command and by no reading one, once', async () => {
    await world.sql(
      `UPDATE scutum_sre.remediations SET revert_due_at = clock_timestamp() WHERE status = 'applied'`,
    );
    for (const args of [['list'], ['show', 'INC-1'], ['export-audit'], ['actions']])
      expect((await world.run(args)).code).toBe(0);
    expect(await world.blocked('bedrock')).toEqual([true, true]);
    const runs = await Promise.all([
      world.run(['triage', '--no-input']),
      world.run(['approve', '999']),
      world.run(['triage', '--no-input']),
    ]);
    expect(runs.map(({ stderr }) => stderr).join('')).toMatch(/undid overdue remediation \d/u);
    expect(await world.blocked('bedrock')).toEqual([false, false]);
    expect(world.writes().slice(2)).toEqual(['POST /model/unblock', 'POST /model/unblock']);
  });

  test('while suspended nothing runs, and no code is asked for: 7', async () => {
    const id = await outageProposal(world);
    expect((await world.run(['suspend', '--reason', 'a drill'])).code).toBe(0);
    const before = world.writes().length;
    const terminal = world.terminal(['approve', String(id), '--no-wait']);
    const { code, said } = await endOf(terminal);
    expect(said).toMatch(/suspended, nothing runs: a drill/u);
    expect(said).not.toMatch(/to approve/u);
    expect(code).toBe(7);
    expect((await world.run(['resume'])).code).toBe(0);
    expect(world.writes()).toHaveLength(before);
    expect(await world.blocked('bedrock')).toEqual([false, false]);
  });

  test('watch undoes what is due while it is suspended, and ends with 0 on SIGTERM', async () => {
    const id = await outageProposal(world);
    const terminal = world.terminal(['approve', String(id), '--no-wait']);
    await approveIn(terminal);
    expect((await endOf(terminal)).code).toBe(0);
    expect(await world.blocked('bedrock')).toEqual([true, true]);
    expect((await world.run(['suspend'])).code).toBe(0);
    await world.sql(`UPDATE scutum_sre.remediations SET revert_due_at = clock_timestamp() WHERE id = $1`, [
      id,
    ]);
    const worker = world.start(['watch', '--json']);
    await worker.waitFor(new RegExp(`undid ${id}`, 'u'));
    worker.signal('SIGTERM');
    const { code, stdout } = await worker.ended;
    expect(code).toBe(0);
    for (const line of stdout.trimEnd().split('\n'))
      expect(JSON.parse(line)).toMatchObject({ schema: 'scutum-sre/watch-event/v1' });
    expect(await world.blocked('bedrock')).toEqual([false, false]);
    expect((await world.run(['resume'])).code).toBe(0);
  });
});

describe.skipIf(!canRun).concurrent('what comes of an approved run', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
    await world.insert(usualTraffic);
  });
  afterAll(() => world.stop());

  async function approved(id: number, args: readonly string[] = [], env: ProgramEnvironment = {}) {
    const terminal = world.terminal(['approve', String(id), ...args], env);
    await approveIn(terminal);
    return endOf(terminal);
  }

  test('what has no signal to wait for is verified at once: 0', async () => {
    const key = keyOf('team-batch');
    const id = await proposed(world, 'key.block', { key });
    const { code, said } = await approved(id);
    expect(said).toMatch(/inconclusive: read back as written/u);
    expect(code).toBe(0);
    expect(writesOf(world, key)).toEqual(['/key/block']);
    expect(await shown(world, id)).toMatchObject({ status: 'verified', execution: { changesApplied: 1 } });
    expect(await world.run(['approve', String(id)])).toMatchObject({
      code: 5,
      stderr: expect.stringMatching(/already verified, approved by tester/u),
    });

    const undo = world.terminal(['revert', String(id)]);
    await approveIn(undo);
    expect((await endOf(undo)).code).toBe(0);
    expect(writesOf(world, key)).toEqual(['/key/block', '/key/unblock']);
    expect(await shown(world, id)).toMatchObject({ status: 'reverted' });
    expect(await world.run(['revert', String(id)])).toMatchObject({
      code: 5,
      stderr: expect.stringMatching(/already reverted/u),
    });
  });

  test('Ctrl-C while it is verified is 130, and the change stays in force', async () => {
    const id = await proposed(world, 'limit.lower', { team: 'team-search', percent: '50' });
    const terminal = world.terminal(['approve', String(id)]);
    await approveIn(terminal);
    await terminal.waitFor(/pending: settles for 30 s/u);
    terminal.write('\u0003');
    const { code, said } = await endOf(terminal);
    expect(said).toMatch(/it is in force/u);
    expect(code).toBe(130);
    expect(await teamLimits(world, 'team-search')).toEqual({ rpm: 150, tpm: 200_000 });
    expect((await shown(world, id)).status).toBe('applied');
  });

  test('a page is sent once and accepted is final', async () => {
    const pager = { PAGERDUTY_ROUTING_KEY: 'r'.repeat(32), PAGERDUTY_EVENTS_URL: world.gateway.pagerUrl };
    const id = await proposed(world, 'alert.page_oncall', { summary: 'please look', severity: 'warning' });
    const { code, said } = await approved(id, [], pager);
    expect(said).toMatch(/accepted; nothing can be read back/u);
    expect(code).toBe(0);
    expect(world.gateway.pages()).toMatchObject([
      {
        event_action: 'trigger',
        payload: { summary: expect.stringContaining('please look'), severity: 'warning' },
      },
    ]);
  });

  test('what this configuration cannot run is 2, before anything is asked', async () => {
    const id = await proposed(world, 'alert.page_oncall', { summary: 'nobody there', severity: 'info' });
    const { code, said } = await endOf(world.terminal(['approve', String(id)]));
    expect(said).toMatch(/cannot run here: PAGERDUTY_ROUTING_KEY is not set/u);
    expect(said).not.toMatch(/to approve/u);
    expect(code).toBe(2);
  });

  test('a gateway that changed between the prompt and the code is 5, and a fresh proposal is stored', async () => {
    const id = await proposed(world, 'limit.raise', { team: 'team-research', percent: '10' });
    const terminal = world.terminal(['approve', String(id)]);
    const code = await codeOf(terminal);
    await world.setTeam('team-research', { rpm_limit: 200 });
    terminal.write(`${code}\r`);
    const end = await endOf(terminal);
    expect(end.said).toMatch(/the state changed before it ran, nothing ran/u);
    expect(end.code).toBe(5);
    expect(await teamLimits(world, 'team-research')).toMatchObject({ rpm: 200 });
    const fresh = await shown(world, id);
    expect(fresh.status).toBe('pending_approval');
    expect(fresh.digest.slice(7, 11)).not.toBe(code);
    expect(fresh.changes[0]).toMatchObject({ from: 200, to: 220 });
  });
});

describe.skipIf(!canRun).concurrent('a gateway that does not keep its word', () => {
  /** Faults hit whoever asks, so each test has a gateway of its own. */
  async function inWorld(work: (world: World) => Promise<void>): Promise<void> {
    const world = await startWorld();
    try {
      await world.insert(usualTraffic);
      await work(world);
    } finally {
      await world.stop();
    }
  }

  async function approved(world: World, id: number) {
    const terminal = world.terminal(['approve', String(id), '--no-wait']);
    await approveIn(terminal);
    return endOf(terminal);
  }

  test('200 but ignored is not taken for applied: 1', () =>
    inWorld(async (world) => {
      const key = keyOf('team-payments');
      world.gateway.faults.set('POST /key/block', { kind: 'ignore' });
      const id = await proposed(world, 'key.block', { key });
      const { code, said } = await approved(world, id);
      world.gateway.faults.clear();
      expect(said).toMatch(/accepted, but the value did not change/u);
      expect(code).toBe(1);
      expect(await shown(world, id)).toMatchObject({ status: 'failed', execution: { changesApplied: 0 } });
      expect(writesOf(world, key)).toEqual(['/key/block']);
    }));

  test('applied, then no answer: the read-back decides, and nothing is written twice', () =>
    inWorld(async (world) => {
      const key = keyOf('team-search');
      world.gateway.faults.set('POST /key/block', { kind: 'apply_then_hang', times: 1 });
      const id = await proposed(world, 'key.block', { key });
      const { code, said } = await approved(world, id);
      world.gateway.faults.clear();
      expect(said).toMatch(/applied and read back/u);
      expect(code).toBe(0);
      expect(writesOf(world, key)).toEqual(['/key/block']);
    }));

  test('one change of several refused: what was done is taken back, 1', () =>
    inWorld(async (world) => {
      world.gateway.faults.set('POST /model/block', { kind: 'status', status: 500, after: 1 });
      const id = await proposed(world, 'route.circuit_break', { provider: 'bedrock', minutes: '1' });
      const before = world.writes().length;
      const { code, said } = await approved(world, id);
      world.gateway.faults.clear();
      expect(said).toMatch(/it did not run, and nothing is left in force/u);
      expect(code).toBe(1);
      expect(world.writes().slice(before)).toEqual([
        'POST /model/block',
        'POST /model/block',
        'POST /model/unblock',
      ]);
      expect(await world.blocked('bedrock')).toEqual([false, false]);
      expect((await shown(world, id)).status).toBe('failed');
    }));

  test('an outcome nobody can read is 10; a person settles it, and until then its target is locked', () =>
    inWorld(async (world) => {
      const key = keyOf('team-support');
      const id = await proposed(world, 'key.block', { key });
      const terminal = world.terminal(['approve', String(id), '--no-wait']);
      const typed = await codeOf(terminal);
      world.gateway.faults.set('POST /key/block', { kind: 'status', status: 502 });
      // The prior value and the probe before the write are still answered.
      world.gateway.faults.set('GET /key/info', { kind: 'status', status: 503, after: 2 });
      terminal.write(`${typed}\r`);
      const { code, said } = await endOf(terminal);
      world.gateway.faults.clear();
      expect(said).toMatch(/the outcome is unknown; a person must look/u);
      expect(code).toBe(10);
      expect((await shown(world, id)).status).toBe('needs_human');
      expect(await world.run(['run', 'key.block', '--param', `key=${key}`])).toMatchObject({
        code: 5,
        stderr: expect.stringMatching(new RegExp(`remediation ${id} already holds`, 'u')),
      });
      expect(await world.run(['revert', String(id)])).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/--as kept\|reverted/u),
      });
      const settled = await world.run([
        'resolve',
        String(id),
        '--as',
        'reverted',
        '--reason',
        'seen in the UI',
        '--json',
      ]);
      expect(settled.code).toBe(0);
      expect(remediationDocumentSchema.parse(JSON.parse(settled.stdout)).remediation.status).toBe('reverted');
      expect(await world.run(['resolve', String(id), '--as', 'kept', '--reason', 'again'])).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/only needs_human is settled by a person/u),
      });
      expect(writesOf(world, key)).toEqual(['/key/block']);
    }));

  test('an undo leaves alone what somebody else set meanwhile: 7', () =>
    inWorld(async (world) => {
      const id = await proposed(world, 'limit.lower', { team: 'team-batch', percent: '20' });
      expect((await approved(world, id)).code).toBe(0);
      await world.setTeam('team-batch', { rpm_limit: 77 });
      const undo = world.terminal(['revert', String(id)]);
      const { code, said } = await endOf(undo);
      expect(said).toMatch(/refused/u);
      expect(code).toBe(7);
      expect(await teamLimits(world, 'team-batch')).toMatchObject({ rpm: 77 });
    }));
});

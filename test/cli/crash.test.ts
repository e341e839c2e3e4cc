import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { documentSchemas } from '../../src/cli/documents.ts';
import { remediationDocumentSchema } from '../../src/core/contract-schemas.ts';
import type { Fault } from '../../src/sandbox/faults.ts';
import type { SimulatedRoute } from '../../src/sandbox/simulated-gateway.ts';
import { postgresUrl } from '../support/database.ts';
import { runProgram, startProgram, type ProgramEnvironment } from '../support/program.ts';
import { bedrockOutage, keyOf, startWorld, usualTraffic, type World } from '../support/program-world.ts';
import { closePtys, hasPty } from '../support/pty.ts';
import { approveIn, codeOf, endOf } from '../support/terminal-approval.ts';

afterAll(closePtys);

const canRun = postgresUrl !== null && hasPty;

async function inWorld(work: (world: World) => Promise<void>): Promise<void> {
  const world = await startWorld();
  try {
    await world.insert([...usualTraffic, ...bedrockOutage]);
    await work(world);
  } finally {
    await world.stop();
  }
}

async function proposed(world: World, args: readonly string[]): Promise<string> {
  const { code, stdout } = await world.run(['run', ...args, '--json']);
  expect(code).toBe(8);
  return String(remediationDocumentSchema.parse(JSON.parse(stdout)).remediation.id);
}

const breaker = ['route.circuit_break', '--param', 'provider=bedrock', '--param', 'minutes=5'];
const block = ['key.block', '--param', `key=${keyOf('team-search')}`];

async function statusOf(world: World, id: string): Promise<string> {
  const { stdout } = await world.run(['show', id, '--json']);
  return remediationDocumentSchema.parse(JSON.parse(stdout)).remediation.status;
}

/** Approves in a terminal and kills the program while the gateway keeps it waiting for an answer. */
async function killDuringEffect(
  world: World,
  id: string,
  route: SimulatedRoute,
  fault: Fault,
): Promise<void> {
  world.gateway.faults.set(route, fault);
  const terminal = world.terminal(['approve', id, '--no-wait']);
  await approveIn(terminal);
  await world.called(route);
  terminal.signal('SIGKILL');
  expect((await terminal.ended).code).toBe(-9);
  world.gateway.faults.clear();
  expect(await statusOf(world, id)).toBe('executing');
}

/** What waiting for the lease to run out comes to. */
const leaseOver = (world: World) =>
  world.sql(
    `UPDATE scutum_sre.remediations SET lease_until = clock_timestamp() WHERE lease_until IS NOT NULL`,
  );

describe.skipIf(!canRun).concurrent('kill -9 of approve', () => {
  test('at the prompt leaves a pending proposal and nothing else', () =>
    inWorld(async (world) => {
      const id = await proposed(world, breaker);
      const terminal = world.terminal(['approve', id]);
      await codeOf(terminal);
      terminal.signal('SIGKILL');
      await terminal.ended;
      expect(await statusOf(world, id)).toBe('pending_approval');
      expect(world.writes()).toEqual([]);
    }));

  test('between an effect and its record: the next command finds it in force and writes nothing again', () =>
    inWorld(async (world) => {
      const id = await proposed(world, block);
      await killDuringEffect(world, id, 'POST /key/block', { kind: 'apply_then_hang' });
      const early = await world.run(['triage', '--no-input']);
      expect(early.code).toBe(8);
      expect(await statusOf(world, id)).toBe('executing');
      await leaseOver(world);
      expect((await world.run(['triage', '--no-input'])).code).toBe(8);
      expect(['applied', 'verified']).toContain(await statusOf(world, id));
      expect(world.writes()).toEqual(['POST /key/block']);
    }));

  test('before the effect landed: it is closed as failed and never tried again', () =>
    inWorld(async (world) => {
      const id = await proposed(world, block);
      await killDuringEffect(world, id, 'POST /key/block', { kind: 'hang' });
      await leaseOver(world);
      await world.run(['triage', '--no-input']);
      expect(await statusOf(world, id)).toBe('failed');
      expect(world.writes()).toEqual(['POST /key/block']);
      expect((await world.run(['run', ...block])).code).toBe(8);
    }));

  test('between two of its changes: what was done is taken back, once, by one of two workers', () =>
    inWorld(async (world) => {
      const id = await proposed(world, breaker);
      await killDuringEffect(world, id, 'POST /model/block', { kind: 'apply_then_hang' });
      expect((await world.blocked('bedrock')).filter(Boolean)).toHaveLength(1);
      await leaseOver(world);
      await Promise.all([world.run(['triage', '--no-input']), world.run(['triage', '--no-input'])]);
      expect(await statusOf(world, id)).toBe('failed');
      expect(await world.blocked('bedrock')).toEqual([false, false]);
      expect(world.writes()).toEqual(['POST /model/block', 'POST /model/unblock']);
      expect((await world.run(['verify-audit'])).code).toBe(0);
    }));

  test('between the approval and the run: the approval runs out and lets go of its target', () =>
    inWorld(async (world) => {
      const id = await proposed(world, breaker);
      await world.sql(
        `UPDATE scutum_sre.remediations SET status = 'approved', expires_at = clock_timestamp()`,
      );
      const next = await world.run(['run', ...breaker]);
      expect(next.stderr).toMatch(
        new RegExp(`remediation ${id} expired: approved, but not run in time`, 'u'),
      );
      expect(next.code).toBe(8);
      expect(await statusOf(world, id)).toBe('expired');
      expect(world.writes()).toEqual([]);
    }));
});

describe.skipIf(!canRun).concurrent('workers', () => {
  /** A breaker in force. */
  async function applied(world: World): Promise<string> {
    const id = await proposed(world, breaker);
    const terminal = world.terminal(['approve', id, '--no-wait']);
    await approveIn(terminal);
    expect((await endOf(terminal)).code).toBe(0);
    return id;
  }

  const due = (world: World) =>
    world.sql('UPDATE scutum_sre.remediations SET revert_due_at = clock_timestamp()');

  test('killed in the middle of an undo: another finishes it, and nothing is undone twice', () =>
    inWorld(async (world) => {
      const id = await applied(world);
      await due(world);
      world.gateway.faults.set('POST /model/unblock', { kind: 'apply_then_hang' });
      const first = world.start(['watch']);
      await world.called('POST /model/unblock');
      first.signal('SIGKILL');
      expect((await first.ended).code).toBeNull();
      world.gateway.faults.clear();
      expect(await statusOf(world, id)).toBe('reverting');
      await leaseOver(world);
      const second = world.start(['watch']);
      await second.waitFor(new RegExp(`undid ${id}`, 'u'));
      second.signal('SIGTERM');
      expect((await second.ended).code).toBe(0);
      expect(await world.blocked('bedrock')).toEqual([false, false]);
      expect(world.writes().slice(2)).toEqual(['POST /model/unblock', 'POST /model/unblock']);
    }));

  test('three at once undo once; a store that drops every connection is waited for', () =>
    inWorld(async (world) => {
      const id = await applied(world);
      const workers = [1, 2, 3].map(() => world.start(['watch']));
      await Promise.all(workers.map((worker) => worker.waitFor(/watches; Ctrl-C stops it/u)));
      await world.sql(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND application_name = 'scutum-sre'`,
      );
      await due(world);
      await vi.waitFor(async () => expect(await statusOf(world, id)).toBe('reverted'), { timeout: 15_000 });
      expect(await world.blocked('bedrock')).toEqual([false, false]);
      for (const worker of workers) worker.signal('SIGINT');
      for (const worker of workers) expect((await worker.ended).code).toBe(0);
      expect(world.writes().filter((write) => write === 'POST /model/unblock')).toHaveLength(2);
    }));
});

describe.skipIf(postgresUrl === null)('the embedded store', () => {
  let world: World;
  let home: string;
  let env: ProgramEnvironment;
  beforeAll(async () => {
    [world, home] = await Promise.all([startWorld(), mkdtemp(join(tmpdir(), 'scutum-embedded-'))]);
    await world.insert([...usualTraffic, ...bedrockOutage]);
    const { DATABASE_URL: _store, ...rest } = world.env;
    env = { ...rest, SCUTUM_SRE_HOME: home, LITELLM_DATABASE_URL: world.databaseUrl };
  });
  afterAll(async () => {
    await world.stop();
    await rm(home, { recursive: true, force: true });
  });

  test('a second process works through its owner; after kill -9 of the owner the next one takes over', async () => {
    const owner = startProgram(['watch'], { env, deadlineMs: 90_000 });
    await owner.waitFor(/INC-1 provider\.unhealthy/u);
    expect(owner.text()).toMatch(/warning: embedded_store: DATABASE_URL is not set/u);
    expect((await runProgram(['triage', '--json'], { env })).code).toBe(8);
    owner.signal('SIGKILL');
    await owner.ended;
    const after = await runProgram(['list', 'remediations', '--json'], { env });
    expect(documentSchemas.remediations.parse(JSON.parse(after.stdout)).remediations).toMatchObject([
      { id: 1, status: 'pending_approval' },
    ]);
    expect((await runProgram(['verify-audit'], { env })).code).toBe(0);
  });

  test('nothing may run from it on a gateway that is not on this machine', async () => {
    const far = { ...env, LITELLM_BASE_URL: 'http://gateway.invalid', LITELLM_MASTER_KEY: 'sk-far-away-key' };
    const asked = ['run', 'alert.page_oncall', '--param', 'summary=x', '--param', 'severity=info'];
    const { code, stderr } = await runProgram(asked, { env: far });
    expect(stderr).toMatch(/warning: embedded_store/u);
    expect(code).toBe(8);
    const key = ['run', 'key.block', '--param', `key=${keyOf('team-search')}`];
    expect([7, 75]).toContain((await runProgram(key, { env: far })).code);
  });

  test('an owner that is stopped and does not answer is never worked beside: 75, naming it', async () => {
    const owner = startProgram(['watch'], { env, deadlineMs: 90_000 });
    await owner.waitFor(/watches; Ctrl-C stops it/u);
    owner.signal('SIGSTOP');
    const { code, stderr } = await runProgram(['list'], { env, deadlineMs: 60_000 });
    owner.signal('SIGKILL');
    await owner.ended;
    expect(stderr).toMatch(new RegExp(`is held by process ${owner.pid}, which does not answer`, 'u'));
    expect(code).toBe(75);
  });
});

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runDueWork } from '../../src/app/due-work.ts';
import { openAppWorld, type AppWorld } from '../support/app-world.ts';
import { postgresUrl } from '../support/database.ts';
import { anthropicIds, applied, approved, block, stored } from '../support/engine-steps.ts';

const ids = anthropicIds.slice(0, 2);
const two = { changes: ids.map(block) };
const script = fileURLToPath(new URL('../support/engine-child.ts', import.meta.url));

interface Child {
  readonly process: ChildProcess;
  /** The next line it says. */
  readonly line: () => Promise<string>;
  readonly ended: Promise<unknown>;
}

describe.skipIf(postgresUrl === null)('real processes', () => {
  let world: AppWorld;
  const children: Child[] = [];
  beforeAll(async () => {
    world = await openAppWorld();
  });
  beforeEach(() => world.reset());
  afterEach(() => {
    for (const child of children.splice(0)) child.process.kill('SIGKILL');
  });
  afterAll(() => world.close());

  const start = (input: { id: number; work: 'execute' | 'revert'; at: string; nth: number }): Child => {
    const { adminUrl, masterKey } = world.gateway;
    const argument = JSON.stringify({ databaseUrl: world.databaseUrl, adminUrl, masterKey, ...input });
    const child = spawn(process.execPath, [script, argument], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const started: Child = {
      process: child,
      line: async () => {
        const next = await lines.next();
        return next.done === true ? 'GONE' : next.value;
      },
      ended: once(child, 'exit'),
    };
    children.push(started);
    return started;
  };

  const killedAt = async (input: { id: number; work: 'execute' | 'revert'; at: string; nth: number }) => {
    const child = start(input);
    expect(await child.line()).toBe('AT');
    child.process.kill('SIGKILL');
    await child.ended;
  };

  /** Its lease runs out; does what is due twice, for what was recovered is then concluded. */
  const recover = async (id: number) => {
    for (const _pass of [1, 2]) {
      await world.lapse(id, 'lease_until', 'expires_at');
      await runDueWork(world.deps);
    }
    return (await stored(world, id)).status;
  };

  test.each([
    ['before its intent', 'to executing', 1, 'expired', false],
    ['after its intent, before any effect', 'at executing', 1, 'failed', false],
    ['between two effects', 'at executing', 2, 'failed', false],
    ['after its last effect, before it said so', 'written', 2, 'verified', true],
    ['after it said that all is in force', 'at applied', 1, 'verified', true],
  ] as const)('killed %s', async (_name, at, nth, status, inForce) => {
    const one = await approved(world, two);
    await killedAt({ id: one.id, work: 'execute', at, nth });
    expect(await recover(one.id)).toBe(status);
    expect(await world.blocked(ids)).toEqual([inForce, inForce]);
    if (!inForce) return;
    await world.lapse(one.id, 'revert_due_at');
    expect((await runDueWork(world.deps)).reverted).toMatchObject([{ id: one.id }]);
    expect(await world.blocked(ids)).toEqual([false, false]);
  });

  test('killed in the middle of its undo', async () => {
    const one = await applied(world, two);
    await killedAt({ id: one.id, work: 'revert', at: 'written', nth: 1 });
    expect(await world.blocked(ids)).toEqual([true, false]);
    expect(await recover(one.id)).toBe('reverted');
    expect(await world.blocked(ids)).toEqual([false, false]);
  });

  test('a transaction that died with its process leaves no trace', async () => {
    const one = await approved(world, two);
    await killedAt({ id: one.id, work: 'execute', at: 'to executing', nth: 1 });
    expect((await world.trail(one.id)).map(({ kind }) => kind)).toEqual(['proposed', 'approved']);
  });

  test('a process that was stopped outlives its lease, goes on, and writes nothing more', async () => {
    const one = await approved(world, two);
    const child = start({ id: one.id, work: 'execute', at: 'at executing', nth: 2 });
    expect(await child.line()).toBe('AT');
    child.process.kill('SIGSTOP');
    expect(await recover(one.id)).toBe('failed');
    expect(await world.blocked(ids)).toEqual([false, false]);
    child.process.kill('SIGCONT');
    child.process.stdin?.write('go on\n');
    expect(await child.line()).toBe('ENDED fenced_out');
    await child.ended;
    expect(await world.blocked(ids)).toEqual([false, false]);
    expect((await stored(world, one.id)).status).toBe('failed');
  });

  test('a process that nobody disturbs ends as it should', async () => {
    const one = await approved(world, two);
    const child = start({ id: one.id, work: 'execute', at: 'never', nth: 1 });
    expect(await child.line()).toBe('ENDED applied');
    expect(await world.blocked(ids)).toEqual([true, true]);
  });
});

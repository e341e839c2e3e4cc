import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { DecideDeps } from '../../src/app/decide.ts';
import { runDueWork } from '../../src/app/due-work.ts';
import { leaseMs, triesMax } from '../../src/app/engine.ts';
import { executeRemediation } from '../../src/app/execute.ts';
import { recoverExecution } from '../../src/app/recover.ts';
import { revertRemediation } from '../../src/app/revert.ts';
import type { Change } from '../../src/core/change.ts';
import { isOpen, type Remediation } from '../../src/core/remediation.ts';
import { openAppWorld, type AppWorld } from '../support/app-world.ts';
import { postgresUrl } from '../support/database.ts';
import {
  anthropicIds,
  applied,
  approved,
  block,
  stored,
  team,
  throttle,
  type Approved,
} from '../support/engine-steps.ts';
import { killAtEach, onNth, ProcessEnded, withEvents } from '../support/failpoints.ts';

const ids = anthropicIds.slice(0, 2);
const two = { changes: ids.map(block) };
const noSignal = { signalBefore: null, signalsBefore: [] };

describe.skipIf(postgresUrl === null)('recovery', () => {
  let world: AppWorld;
  beforeAll(async () => {
    world = await openAppWorld();
  });
  beforeEach(() => world.reset());
  afterAll(() => world.close());

  /** Counts every write that reaches the gateway, by whichever process. */
  const writes = new Map<string, number>();
  const counted = (): DecideDeps =>
    withEvents(world.deps, (event, change) => {
      if (event !== 'write' || change === null) return;
      const key = `${change.target} → ${JSON.stringify(change.to)}`;
      writes.set(key, (writes.get(key) ?? 0) + 1);
    });

  const run = (deps: DecideDeps, remediation: Approved) =>
    executeRemediation(remediation, { ...deps, ...noSignal });

  /** Lets every lease and deadline pass and does what is due, until nothing is. */
  const settle = async (id: number): Promise<Remediation> => {
    for (let before = await stored(world, id); ;) {
      await world.lapse(id, 'lease_until', 'expires_at');
      await runDueWork(counted());
      const after = await stored(world, id);
      if (after.status === before.status && after.fence === before.fence) return after;
      before = after;
    }
  };

  /** A dead execution is taken over, its undo fires, and nothing was written twice. */
  const expectWhole = async (id: number): Promise<void> => {
    const settled = await settle(id);
    const inForce = settled.status === 'verified';
    expect(['verified', 'failed', 'expired', 'reverted']).toContain(settled.status);
    expect(await world.blocked(ids)).toEqual(ids.map(() => inForce));
    if (inForce) {
      await world.lapse(id, 'revert_due_at');
      expect((await settle(id)).status).toBe('reverted');
    }
    expect(await world.blocked(ids)).toEqual(ids.map(() => false));
    expect([...writes.values()].every((times) => times === 1)).toBe(true);
    expect(isOpen(await stored(world, id))).toBe(false);
  };

  const atEveryBoundary = (work: (deps: DecideDeps) => Promise<unknown>, then: () => Promise<void>) =>
    killAtEach((at) => {
      writes.clear();
      return work(withEvents(counted(), at));
    }, then);

  test('a run killed at any boundary is finished or taken back, and its undo still fires', async () => {
    let id = 0;
    const boundaries = await atEveryBoundary(
      async (deps) => {
        const one = await approved(world, two);
        id = one.id;
        await run(deps, one);
      },
      () => expectWhole(id),
    );
    expect(boundaries).toHaveLength(22);
  });

  test('a run killed at any boundary while it takes a failed part back', async () => {
    let id = 0;
    const boundaries = await atEveryBoundary(
      async (deps) => {
        world.gateway.faults.set('POST /model/block', { kind: 'status', status: 403, after: 1, times: 1 });
        const one = await approved(world, two);
        id = one.id;
        await run(deps, one);
      },
      async () => {
        world.gateway.faults.clear();
        await expectWhole(id);
      },
    );
    expect(boundaries.some((name) => name.startsWith('to failed'))).toBe(true);
  });

  test('a recovery killed at any boundary is itself recovered', async () => {
    let id = 0;
    const boundaries = await atEveryBoundary(
      async (deps) => {
        const one = await approved(world, two);
        id = one.id;
        const dies = onNth('written', 1, () => {
          throw new ProcessEnded('written');
        });
        await run(withEvents(counted(), dies), one).catch(() => undefined);
        await world.lapse(id, 'lease_until');
        await recoverExecution(await stored(world, id), deps);
      },
      () => expectWhole(id),
    );
    expect(boundaries.some((name) => name.startsWith('write '))).toBe(true);
  });

  test('an undo killed at any boundary is resumed, and nothing is undone twice', async () => {
    let id = 0;
    const boundaries = await atEveryBoundary(
      async (deps) => {
        const one = await applied(world, two);
        id = one.id;
        await revertRemediation(one, { ...deps, cause: 'timer' });
      },
      async () => {
        await world.lapse(id, 'revert_due_at');
        await expectWhole(id);
      },
    );
    expect(boundaries).toHaveLength(16);
  });

  test('a process that stops at any boundary and goes on after it was taken over writes nothing more', async () => {
    for (let n = 1; ; n += 1) {
      writes.clear();
      const one = await approved(world, two);
      const names: string[] = [];
      const stopped = { writesBefore: -1 };
      const total = () => [...writes.values()].reduce((sum, times) => sum + times, 0);
      await run(
        withEvents(counted(), async (event) => {
          names.push(event);
          // Between its last check and the socket nothing can stop it; that is what a lease is longer than a write for.
          if (names.length !== n || event === 'write') return;
          world.clock.pass(leaseMs);
          await settle(one.id);
          stopped.writesBefore = total();
        }),
        one,
      ).catch(() => undefined);
      if (stopped.writesBefore >= 0) expect(total(), `stopped at ${names[n - 1]}`).toBe(stopped.writesBefore);
      await expectWhole(one.id);
      if (names.length < n) return;
    }
  });

  test('the process that ran it said nothing, so what landed before it died is found by reading', async () => {
    const one = await approved(world);
    const dies = onNth('written', 3, () => {
      throw new ProcessEnded('written');
    });
    await run(withEvents(world.deps, dies), one).catch(() => undefined);
    await world.lapse(one.id, 'lease_until');
    expect(await recoverExecution(await stored(world, one.id), world.deps)).toMatchObject({
      kind: 'applied',
      remediation: {
        execution: { receipts: [{ result: 'applied' }, { result: 'applied' }, { result: 'applied' }] },
      },
    });
  });

  test('an execution whose process lives is left alone', async () => {
    const one = await approved(world);
    const dies = onNth('written', 1, () => {
      throw new ProcessEnded('written');
    });
    await run(withEvents(world.deps, dies), one).catch(() => undefined);
    expect((await runDueWork(world.deps)).recovered).toEqual([]);
    expect((await stored(world, one.id)).status).toBe('executing');
  });

  test('a value that somebody else set while nobody was there goes to a person', async () => {
    const one = await approved(world, { changes: throttle });
    const dies = onNth('written', 1, () => {
      throw new ProcessEnded('written');
    });
    await run(withEvents(world.deps, dies), one).catch(() => undefined);
    await world.admin('/team/update', { team_id: team, tpm_limit: 999 });
    await world.lapse(one.id, 'lease_until');
    const work = await runDueWork(world.deps);
    expect(work.needsHuman).toMatchObject([
      { remediation: { id: one.id, status: 'needs_human' }, reason: expect.stringContaining('999') },
    ]);
  });

  test('a gateway that cannot be read is tried again a lease later, and not for ever', async () => {
    const one = await approved(world, two);
    const dies = onNth('written', 1, () => {
      throw new ProcessEnded('written');
    });
    await run(withEvents(world.deps, dies), one).catch(() => undefined);
    world.gateway.faults.set('GET /model/info', { kind: 'status', status: 503 });
    // The clock of this machine is wrong by an hour, and nothing comes of that.
    world.clock.pass(3_600_000);
    await world.lapse(one.id, 'lease_until');
    const { warnings, needsHuman } = await runDueWork(world.deps);
    expect(warnings).toMatchObject([{ code: 'recovery_unreached' }]);
    expect(needsHuman).toEqual([]);
    expect(await stored(world, one.id)).toMatchObject({ status: 'executing', execution: { tries: 1 } });
    await world.setTries(one.id, triesMax - 1);
    await world.lapse(one.id, 'lease_until');
    expect((await runDueWork(world.deps)).needsHuman).toMatchObject([{ remediation: { id: one.id } }]);
  });

  test('a process without a way to the gateway leaves a dead execution to others', async () => {
    const one = await approved(world, two);
    const dies = onNth('written', 1, () => {
      throw new ProcessEnded('written');
    });
    await run(withEvents(world.deps, dies), one).catch(() => undefined);
    await world.lapse(one.id, 'lease_until');
    const before = await stored(world, one.id);
    const { warnings } = await runDueWork({ ...world.deps, effects: [] });
    expect(warnings).toMatchObject([{ code: 'recovery_unreached' }]);
    expect(await stored(world, one.id)).toEqual(before);
  });

  test('a page of which nobody knows whether it was sent is sent again under the same key', async () => {
    const page: Change = {
      target: 'pagerduty:alert/recover-1',
      field: 'page',
      from: null,
      to: { summary: 'anthropic is down', severity: 'critical' },
    };
    const one = await approved(world, { changes: [page] });
    const dies = onNth('written', 1, () => {
      throw new ProcessEnded('written');
    });
    const before = world.gateway.pages().length;
    await run(withEvents(world.deps, dies), one).catch(() => undefined);
    await world.lapse(one.id, 'lease_until');
    expect((await runDueWork(world.deps)).recovered).toMatchObject([{ id: one.id, status: 'applied' }]);
    const sent = world.gateway.pages().slice(before);
    expect(sent.map((event) => event.dedup_key)).toEqual(['recover-1', 'recover-1']);
  });

  test('of five recoveries at once, one concludes', async () => {
    const one = await approved(world, two);
    const dies = onNth('written', 2, () => {
      throw new ProcessEnded('written');
    });
    await run(withEvents(world.deps, dies), one).catch(() => undefined);
    await world.lapse(one.id, 'lease_until');
    const dead = await stored(world, one.id);
    const kinds = await Promise.all(
      [1, 2, 3, 4, 5].map(async () => (await recoverExecution(dead, world.deps)).kind),
    );
    expect(kinds.toSorted()).toEqual(['applied', 'fenced_out', 'fenced_out', 'fenced_out', 'fenced_out']);
  });

  test('one remediation that cannot be worked on does not keep another from its undo', async () => {
    const broken = await applied(world, { changes: [block(ids[0] ?? '')] });
    const whole = await applied(world, { changes: [block(ids[1] ?? '')] });
    for (const { id } of [broken, whole]) await world.lapse(id, 'revert_due_at');
    const deps = withEvents(world.deps, (event, change) => {
      if (event === 'write' && change?.target.endsWith(ids[0] ?? '') === true) throw new Error('a defect');
    });
    const work = await runDueWork(deps);
    expect(work.reverted.map(({ id }) => id)).toEqual([whole.id]);
    expect(work.warnings).toMatchObject([
      { code: 'due_work_failed', detail: `remediation ${broken.id}: a defect` },
    ]);
    expect(await world.blocked(ids)).toEqual([true, false]);
  });
});

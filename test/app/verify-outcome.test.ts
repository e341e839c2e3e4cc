import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { claimVerification } from '../../src/app/claim-verification.ts';
import { collectEvidence } from '../../src/app/collect-evidence.ts';
import type { DecideDeps } from '../../src/app/decide.ts';
import { runDueWork } from '../../src/app/due-work.ts';
import { executeRemediation } from '../../src/app/execute.ts';
import { followToEnd, type FollowDeps } from '../../src/app/follow.ts';
import { verifyOutcome, type VerifyDeps } from '../../src/app/verify-outcome.ts';
import type { RemediationDocument } from '../../src/core/remediation.ts';
import { openAppWorld, type AppWorld } from '../support/app-world.ts';
import { postgresUrl } from '../support/database.ts';
import {
  anthropicIds,
  approved,
  block,
  stored,
  team,
  throttle,
  type Applied,
} from '../support/engine-steps.ts';
import { killAtEach, withEvents } from '../support/failpoints.ts';
import { failure, insertLogs, times } from '../support/spend-logs.ts';

const group = 'claude-haiku-4-5';
const expectation = {
  fact: 'model_group.success_rate',
  subjects: [group],
  better: 'higher',
  settleSeconds: 120,
  deadlineSeconds: 240,
} as const;
const blocked = [true, true, true];
const open = [false, false, false];

describe.skipIf(postgresUrl === null)('following what was applied', () => {
  let world: AppWorld;
  beforeAll(async () => {
    world = await openAppWorld();
  });
  beforeEach(() => world.reset());
  afterAll(() => world.close());

  /** Ten requests of the group, so many of which failed at the provider. */
  const traffic = (failed: number) =>
    insertLogs(
      (text, params) => world.database.query(text, params),
      [
        ...times(10 - failed, { modelGroup: group, provider: 'bedrock', team }),
        ...times(failed, { modelGroup: group, provider: 'bedrock', team, ...failure({ code: '503' }) }),
      ],
    );

  /** A breaker in force; `before` is the success of the group before it, in per cent. */
  const breaker = async (
    before: number | null,
    more: Partial<RemediationDocument> = {},
  ): Promise<Applied> => {
    const outcome = await executeRemediation(await approved(world, { expectation, ...more }), {
      ...world.deps,
      signalBefore: before,
      signalsBefore: [before],
    });
    if (outcome.kind !== 'applied' || outcome.remediation.status !== 'applied') throw new Error(outcome.kind);
    return outcome.remediation;
  };

  const verifyDeps = (deps: DecideDeps = world.deps): VerifyDeps => ({
    ...deps,
    readEvidence: (names) => collectEvidence({ names, readers: deps.freshReaders() }),
    readingsFor: () => ['traffic.model_groups'],
    revertsWhenWorse: ({ document }) => deps.library.find(document.action.type)?.revertsWhenWorse ?? false,
    progress: () => undefined,
  });

  test('a signal that rose is improved; the remediation stays in force', async () => {
    await traffic(0);
    const one = await breaker(40);
    expect(await verifyOutcome(one, verifyDeps())).toMatchObject({
      kind: 'verified',
      verification: { outcome: 'improved', detail: expect.stringContaining('40 → 100') },
      remediation: { status: 'verified' },
    });
    expect(await world.blocked(anthropicIds)).toEqual(blocked);
  });

  test('worse: the inverse runs once, by itself', async () => {
    await traffic(8);
    const one = await breaker(98);
    expect(await verifyOutcome(one, verifyDeps())).toMatchObject({
      kind: 'reverted',
      verification: { outcome: 'worse' },
      remediation: { status: 'reverted', execution: { verification: { outcome: 'worse' } } },
    });
    expect(await world.blocked(anthropicIds)).toEqual(open);
  });

  test('worse, killed at any boundary: the inverse still runs, once', async () => {
    await traffic(8);
    let id = 0;
    let written = 0;
    const counting = withEvents(world.deps, (event) => void (event === 'write' && (written += 1)));
    await killAtEach(
      async (at) => {
        const one = await breaker(98, {
          changes: anthropicIds.slice(0, 1).map(block),
          revert: { kind: 'on_request' },
          expectation: { ...expectation, settleSeconds: 0 },
        });
        id = one.id;
        written = 0;
        await verifyOutcome(one, verifyDeps(withEvents(counting, at)));
      },
      async () => {
        for (const _pass of [1, 2]) {
          await world.lapse(id, 'lease_until');
          const { toVerify } = await runDueWork(counting);
          for (const left of toVerify) {
            const claimed = await claimVerification(left, world.deps);
            if (claimed !== null) await verifyOutcome(claimed, verifyDeps(counting));
          }
        }
        expect((await stored(world, id)).status).toBe('reverted');
        expect(written).toBe(1);
        expect(await world.blocked(anthropicIds)).toEqual(open);
      },
    );
  });

  test('worse while the gateway cannot be reached: tried again by whoever comes next', async () => {
    await traffic(8);
    const one = await breaker(98);
    const deps = verifyDeps();
    let looks = 0;
    const outcome = await verifyOutcome(one, {
      ...deps,
      progress: () => {
        looks += 1;
        world.gateway.faults.set('GET /model/info', { kind: 'status', status: 503 });
      },
    });
    expect(looks).toBeGreaterThan(0);
    expect(outcome).toMatchObject({ kind: 'needs_human', remediation: { status: 'reverting' } });
    world.gateway.faults.clear();
    await world.lapse(one.id, 'lease_until');
    expect((await runDueWork(world.deps)).reverted).toMatchObject([{ id: one.id }]);
  });

  test.each([
    ['limit.lower', { team, percent: 50 }],
    ['key.block', { key: 'a'.repeat(64) }],
  ] as const)(
    'worse never undoes %s by itself: a tenant could free itself that way',
    async (type, params) => {
      await traffic(8);
      const one = await breaker(98, {
        action: { type, version: 1, params },
        changes: throttle,
        revert: { kind: 'on_request' },
      });
      expect(await verifyOutcome(one, verifyDeps())).toMatchObject({
        kind: 'verified',
        verification: { outcome: 'worse' },
      });
      expect(await world.limits(team)).toEqual([150, 200_000]);
      await world.lapse(one.id, 'lease_until');
      await runDueWork(world.deps);
      expect(await world.limits(team)).toEqual([150, 200_000]);
    },
  );

  test('a signal that does not move is not better at the deadline, and stays until somebody decides', async () => {
    await traffic(3);
    const one = await breaker(70, { revert: { kind: 'on_request' } });
    const started = world.clock.monotonicMs();
    expect(await verifyOutcome(one, verifyDeps())).toMatchObject({
      kind: 'verified',
      verification: { outcome: 'not_better' },
    });
    expect(world.clock.monotonicMs() - started).toBeGreaterThanOrEqual(240_000);
    expect(await world.blocked(anthropicIds)).toEqual(blocked);
  });

  test('a signal that cannot be read is inconclusive', async () => {
    const one = await breaker(70);
    expect(await verifyOutcome(one, verifyDeps())).toMatchObject({
      kind: 'verified',
      verification: { outcome: 'inconclusive' },
    });
  });

  test('a value that is lost goes to a person; its timer still undoes the rest', async () => {
    const one = await breaker(70);
    let looks = 0;
    const outcome = await verifyOutcome(one, {
      ...verifyDeps(),
      progress: () => {
        looks += 1;
        if (looks === 4) void world.admin('/model/unblock', { model_id: anthropicIds[1] });
      },
    });
    expect(outcome).toMatchObject({
      kind: 'needs_human',
      reason: expect.stringContaining('now reads false'),
    });
    expect(await world.blocked(anthropicIds)).toEqual([true, false, true]);
    await world.lapse(one.id, 'revert_due_at');
    expect((await runDueWork(world.deps)).reverted).toMatchObject([{ id: one.id, status: 'reverted' }]);
    expect(await world.blocked(anthropicIds)).toEqual(open);
  });

  test('a cache that still shows the old value is no loss; a value of somebody else is one at once', async () => {
    await traffic(0);
    const one = await breaker(40);
    const stale = world.effects.map((port) => ({
      ...port,
      showsWithinMs: 90_000,
      probe: (...asked: Parameters<typeof port.probe>) =>
        world.clock.monotonicMs() - started < 60_000
          ? Promise.resolve({ status: 'known', value: asked[0].from } as const)
          : port.probe(...asked),
    }));
    let started = world.clock.monotonicMs();
    expect(await verifyOutcome(one, verifyDeps({ ...world.deps, effects: stale }))).toMatchObject({
      kind: 'verified',
    });
    await world.reset();
    const limits = await breaker(40, { changes: throttle, expectation });
    started = world.clock.monotonicMs();
    await world.admin('/team/update', { team_id: team, rpm_limit: 7 });
    const outcome = await verifyOutcome(limits, verifyDeps());
    expect(outcome).toMatchObject({ kind: 'needs_human', reason: expect.stringContaining('now reads 7') });
    expect(world.clock.monotonicMs() - started).toBeLessThan(5_000);
  });

  test('a gateway that does not answer for a while is no loss', async () => {
    await traffic(0);
    const one = await breaker(40);
    world.gateway.faults.set('GET /model/info', { kind: 'status', status: 503, times: 8 });
    expect((await verifyOutcome(one, verifyDeps())).kind).toBe('verified');
  });

  test('whoever took it over is left to it', async () => {
    const one = await breaker(40);
    expect(await claimVerification(one, world.deps)).toMatchObject({ fence: one.fence + 1 });
    expect((await verifyOutcome(one, verifyDeps())).kind).toBe('overtaken');
  });

  test('a process that stops following leaves it to a worker', async () => {
    await traffic(0);
    const one = await breaker(40);
    const stop = new AbortController();
    const left = await verifyOutcome(one, { ...verifyDeps(), progress: () => stop.abort() }, stop.signal);
    expect(left.kind).toBe('left');
    expect((await runDueWork(world.deps)).toVerify).toEqual([]);
    await world.lapse(one.id, 'lease_until');
    const { toVerify } = await runDueWork(world.deps);
    expect(toVerify.map(({ id }) => id)).toEqual([one.id]);
    const [waiting] = toVerify;
    const claimed = waiting === undefined ? null : await claimVerification(waiting, world.deps);
    if (claimed === null) throw new Error('not claimed');
    expect(await verifyOutcome(claimed, verifyDeps())).toMatchObject({
      verification: { outcome: 'improved' },
    });
  });

  test('what nobody followed in time is inconclusive, whatever the signal says by then', async () => {
    await traffic(8);
    const one = await breaker(98, { revert: { kind: 'on_request' } });
    await world.lapse(one.id, 'lease_until');
    world.clock.pass(300_000);
    await runDueWork(world.deps);
    expect(await stored(world, one.id)).toMatchObject({
      status: 'verified',
      execution: {
        verification: { outcome: 'inconclusive', detail: expect.stringContaining('nobody followed') },
      },
    });
    expect(await world.blocked(anthropicIds)).toEqual(blocked);
  });

  test('what nobody followed and is lost by then goes to a person', async () => {
    const one = await breaker(98, { revert: { kind: 'on_request' } });
    await world.admin('/model/unblock', { model_id: anthropicIds[0] });
    await world.lapse(one.id, 'lease_until');
    world.clock.pass(300_000);
    expect((await runDueWork(world.deps)).needsHuman).toMatchObject([{ remediation: { id: one.id } }]);
  });

  describe('in the foreground', () => {
    const never = new AbortController().signal;
    const followDeps = (more: Partial<FollowDeps> = {}): FollowDeps => ({
      ...verifyDeps(),
      workerAlive: () => Promise.resolve(false),
      waiting: () => undefined,
      ...more,
    });

    test('without a worker it stays until the undo is done', async () => {
      await traffic(0);
      const one = await breaker(40);
      let waits = 0;
      const outcome = await followToEnd(
        one,
        followDeps({
          waiting: () => {
            waits += 1;
            if (waits === 3) void world.lapse(one.id, 'revert_due_at');
          },
        }),
        never,
      );
      expect(outcome).toMatchObject({
        kind: 'reverted',
        cause: 'timer',
        verification: { outcome: 'improved' },
        remediation: { status: 'reverted' },
      });
      expect(await world.blocked(anthropicIds)).toEqual(open);
    });

    test('with a worker it ends with the verdict', async () => {
      await traffic(0);
      const one = await breaker(40);
      const outcome = await followToEnd(one, followDeps({ workerAlive: () => Promise.resolve(true) }), never);
      expect(outcome).toMatchObject({ kind: 'verified', remediation: { status: 'verified' } });
    });

    test('a timer shorter than the verification fires at its time', async () => {
      const one = await breaker(40);
      let looks = 0;
      const outcome = await followToEnd(
        one,
        followDeps({
          progress: () => {
            looks += 1;
            if (looks === 2) void world.lapse(one.id, 'revert_due_at');
          },
        }),
        never,
      );
      expect(outcome).toMatchObject({ kind: 'reverted', cause: 'timer' });
      expect(looks).toBeLessThan(10);
    });

    test('an undo that the gateway did not answer is gone on with, a lease later', async () => {
      await traffic(0);
      const one = await breaker(40);
      let waits = 0;
      const outcome = await followToEnd(
        one,
        followDeps({
          waiting: ({ remediation }) => {
            waits += 1;
            if (waits === 1) {
              world.gateway.faults.set('GET /model/info', { kind: 'status', status: 503 });
              void world.lapse(one.id, 'revert_due_at');
            }
            if (remediation.status !== 'reverting') return;
            world.gateway.faults.clear();
            void world.lapse(one.id, 'lease_until');
          },
        }),
        never,
      );
      expect(outcome).toMatchObject({ kind: 'reverted', remediation: { status: 'reverted' } });
    });

    test('what needs a person does not end the watch over its timer', async () => {
      const one = await breaker(40, { revert: { kind: 'timer', afterMinutes: 5 } });
      await world.admin('/model/unblock', { model_id: anthropicIds[0] });
      world.clock.pass(10_000);
      const outcome = await followToEnd(
        one,
        followDeps({
          waiting: ({ remediation }) => {
            if (remediation.status === 'needs_human') void world.lapse(one.id, 'revert_due_at');
          },
        }),
        never,
      );
      expect(outcome).toMatchObject({ kind: 'reverted' });
      expect(await world.blocked(anthropicIds)).toEqual(open);
    });

    test('stopped, it says that it is in force', async () => {
      await traffic(0);
      const one = await breaker(40);
      const stop = new AbortController();
      const outcome = await followToEnd(one, followDeps({ waiting: () => stop.abort() }), stop.signal);
      expect(outcome).toMatchObject({ kind: 'left', remediation: { status: 'verified' } });
      expect(await world.blocked(anthropicIds)).toEqual(blocked);
    });
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freshDryRun, grantApproval, runGranted, type DecideDeps } from '../../src/app/decide.ts';
import { runDueWork } from '../../src/app/due-work.ts';
import type { ExecutionOutcome } from '../../src/app/execute.ts';
import { proposeRevert } from '../../src/app/run-action.ts';
import { resolveRemediation } from '../../src/app/settle.ts';
import { verifyOutcome } from '../../src/app/verify-outcome.ts';
import { isOpen, type Remediation } from '../../src/core/remediation.ts';
import { openAppWorld, type AppWorld } from '../support/app-world.ts';
import { postgresUrl } from '../support/database.ts';
import { anthropicIds, applied, block, propose, stored, team, throttle } from '../support/engine-steps.ts';
import type { Applied } from '../support/engine-steps.ts';
import { killAtEach, onNth, withEvents } from '../support/failpoints.ts';

const ids = anthropicIds.slice(0, 2);
const two = { changes: ids.map(block) };
const lowered = {
  action: { type: 'limit.lower', version: 1, params: { team, percent: 50 } },
  changes: throttle,
  revert: { kind: 'on_request' },
} as const;

describe.skipIf(postgresUrl === null)('an undo of its own', () => {
  let world: AppWorld;
  beforeAll(async () => {
    world = await openAppWorld();
  });
  beforeEach(() => world.reset());
  afterAll(() => world.close());

  const proposeUndo = async (original: Applied, deps: DecideDeps = world.deps): Promise<Remediation> => {
    const proposed = await proposeRevert(original, { person: 'tester' }, deps);
    if (proposed.kind !== 'stored') throw new Error(proposed.kind);
    return proposed.remediation;
  };

  /** As `approve` does: fresh dry run, grant, run. */
  const approveAndRun = async (
    undo: Remediation,
    deps: DecideDeps = world.deps,
  ): Promise<ExecutionOutcome> => {
    const fresh = await freshDryRun(undo, deps);
    if (fresh.result.kind !== 'same') throw new Error(fresh.result.kind);
    const grant = await grantApproval(undo, { by: 'tester', digest: undo.digest, basis: 'typed_code' }, deps);
    if (grant.kind !== 'granted') throw new Error(grant.kind);
    return runGranted(grant.remediation, fresh.ground, deps);
  };

  test('the stored inverse runs as a remediation, the original is closed and its timer does not fire again', async () => {
    const original = await applied(world);
    const undo = await proposeUndo(original);
    expect(undo).toMatchObject({
      status: 'pending_approval',
      revertOf: original.id,
      document: {
        changes: [...anthropicIds].reverse().map((id) => ({ ...block(id), from: true, to: false })),
        risk: { baseline: 0 },
      },
    });
    expect((await approveAndRun(undo)).kind).toBe('applied');
    expect(await world.blocked(anthropicIds)).toEqual([false, false, false]);
    const closed = await stored(world, original.id);
    expect(closed.status).toBe('reverted');
    expect(isOpen(closed)).toBe(false);
    await world.lapse(original.id, 'revert_due_at');
    expect((await runDueWork(world.deps)).reverted).toEqual([]);
    await propose(world);
  });

  test('it runs while suspended', async () => {
    const original = await applied(world);
    await world.suspend('maintenance');
    const undo = await proposeUndo(original);
    expect(undo.document.gate.reasons.map(({ code }) => code)).not.toContain('suspended');
    expect((await approveAndRun(undo)).kind).toBe('applied');
    expect(await world.blocked(anthropicIds)).toEqual([false, false, false]);
  });

  test('one that fails leaves the original as it was, and can be asked for again', async () => {
    const original = await applied(world);
    const undo = await proposeUndo(original);
    world.gateway.faults.set('POST /model/unblock', { kind: 'status', status: 403, after: 1 });
    expect(await approveAndRun(undo)).toMatchObject({ kind: 'failed' });
    world.gateway.faults.clear();
    expect(await world.blocked(anthropicIds)).toEqual([true, true, true]);
    expect(await stored(world, original.id)).toEqual(original);
    expect((await approveAndRun(await proposeUndo(original))).kind).toBe('applied');
  });

  test('a second undo of the same remediation has to wait for the first', async () => {
    const original = await applied(world);
    const undo = await proposeUndo(original);
    expect(await proposeRevert(original, { person: 'other' }, world.deps)).toEqual({
      kind: 'occupied',
      by: undo.id,
    });
  });

  test('a value that somebody else set refuses it', async () => {
    const original = await applied(world, lowered);
    await world.admin('/team/update', { team_id: team, rpm_limit: 42 });
    const undo = await proposeUndo(original);
    expect(undo).toMatchObject({ status: 'refused', document: { gate: { refusal: 'precondition' } } });
    expect(await world.limits(team)).toEqual([42, 200_000]);
  });

  test('a fresh dry run of it looks at the stored inverse and never at a new plan', async () => {
    const original = await applied(world);
    const undo = await proposeUndo(original);
    const { result } = await freshDryRun(undo, world.deps);
    expect(result).toMatchObject({ kind: 'same', remediation: { digest: undo.digest } });
  });

  test('when its original was undone meanwhile it is superseded: it never becomes what the original was', async () => {
    const original = await applied(world);
    const undo = await proposeUndo(original);
    await world.lapse(original.id, 'revert_due_at');
    await runDueWork(world.deps);
    const { result } = await freshDryRun(undo, world.deps);
    expect(result).toMatchObject({ kind: 'gone', remediation: { status: 'superseded' } });
    expect((await stored(world, undo.id)).document.changes).toEqual(undo.document.changes);
  });

  test('a timer that fires between the approval and the run: nothing is left to undo, nothing is written', async () => {
    const original = await applied(world);
    const undo = await proposeUndo(original);
    const fresh = await freshDryRun(undo, world.deps);
    const grant = await grantApproval(
      undo,
      { by: 'tester', digest: undo.digest, basis: 'typed_code' },
      world.deps,
    );
    if (grant.kind !== 'granted') throw new Error(grant.kind);
    await world.lapse(original.id, 'revert_due_at');
    await runDueWork(world.deps);
    const written: string[] = [];
    const outcome = await runGranted(
      grant.remediation,
      fresh.ground,
      withEvents(world.deps, (event) => void (event === 'write' && written.push(event))),
    );
    expect(outcome).toMatchObject({ kind: 'stale', remediation: { status: 'superseded' } });
    expect(written).toEqual([]);
  });

  test('who follows the verification of the original does not take it for a loss', async () => {
    const original = await applied(world, {
      expectation: {
        fact: 'model_group.success_rate',
        subjects: ['claude-haiku-4-5'],
        better: 'higher',
        settleSeconds: 120,
        deadlineSeconds: 240,
      },
    });
    const undo = await proposeUndo(original);
    world.clock.pass(60_000);
    let followed = '';
    const deps = withEvents(
      world.deps,
      onNth('at executing', 2, async () => {
        const outcome = await verifyOutcome(original, {
          ...world.deps,
          // So long after the effect that a cache is no excuse.
          effects: world.effects.map((port) => ({ ...port, showsWithinMs: 0 })),
          readEvidence: () => Promise.resolve({}),
          readingsFor: () => [],
          revertsWhenWorse: () => true,
          progress: () => undefined,
        });
        followed = outcome.kind;
      }),
    );
    expect((await approveAndRun(undo, deps)).kind).toBe('applied');
    expect(followed).toBe('overtaken');
    expect((await stored(world, original.id)).status).toBe('reverted');
  });

  test('a verdict on the original that comes at the same moment does not keep it open', async () => {
    const original = await applied(world);
    const undo = await proposeUndo(original);
    const deps = withEvents(
      world.deps,
      onNth('to reverting', 1, async () => {
        await world.stores.remediations.transition({
          id: original.id,
          fence: original.fence,
          from: ['applied'],
          to: 'verified',
          execution: original.execution,
          audit: {
            kind: 'verified',
            at: world.clock.now(),
            incidentNumber: null,
            remediationId: original.id,
            executionId: original.execution.id,
            actor: 'worker',
            body: {},
          },
        });
      }),
    );
    expect((await approveAndRun(undo, deps)).kind).toBe('applied');
    expect((await stored(world, original.id)).status).toBe('reverted');
  });

  test('killed at any boundary, either both records say undone or the original still stands', async () => {
    let pair: readonly [number, number] = [0, 0];
    const boundaries = await killAtEach(
      async (at) => {
        const original = await applied(world, two);
        const undo = await proposeUndo(original);
        pair = [original.id, undo.id];
        await approveAndRun(undo, withEvents(world.deps, at));
      },
      async () => {
        const [originalId, undoId] = pair;
        for (const id of [undoId, undoId, undoId]) {
          await world.lapse(originalId, 'lease_until');
          await world.lapse(id, 'lease_until', 'expires_at');
          await runDueWork(world.deps);
        }
        const [original, undo] = [await stored(world, originalId), await stored(world, undoId)];
        const undone = undo.status === 'verified';
        expect(['verified', 'failed', 'expired']).toContain(undo.status);
        expect(await world.blocked(ids)).toEqual(ids.map(() => !undone));
        // A verification that nobody follows any more ends too.
        expect(original.status).toBe(undone ? 'reverted' : 'verified');
        await world.lapse(originalId, 'revert_due_at');
        await runDueWork(world.deps);
        expect(await world.blocked(ids)).toEqual([false, false]);
        expect((await stored(world, originalId)).status).toBe('reverted');
      },
    );
    expect(boundaries.some((name) => name === 'to reverted')).toBe(true);
  });

  test('one whose outcome is unknown is settled by a person, and with it the original', async () => {
    const original = await applied(world, two);
    const undo = await proposeUndo(original);
    const deps = withEvents({ ...world.deps, effects: world.hastyEffects }, (event) => {
      if (event === 'written') world.gateway.faults.set('GET /model/info', { kind: 'status', status: 503 });
    });
    const outcome = await approveAndRun(undo, deps);
    world.gateway.faults.clear();
    if (outcome.kind !== 'needs_human' || outcome.remediation.status !== 'needs_human')
      throw new Error(outcome.kind);
    expect((await stored(world, original.id)).status).toBe('applied');
    await resolveRemediation(outcome.remediation, {
      ...world.deps,
      as: 'kept',
      reason: 'seen in the console',
    });
    expect((await stored(world, original.id)).status).toBe('reverted');
  });
});

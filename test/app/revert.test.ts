import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runDueWork } from '../../src/app/due-work.ts';
import { triesMax } from '../../src/app/engine.ts';
import { revertRemediation } from '../../src/app/revert.ts';
import { resolveRemediation } from '../../src/app/settle.ts';
import { verifyOutcome } from '../../src/app/verify-outcome.ts';
import { executeRemediation } from '../../src/app/execute.ts';
import type { EffectPort } from '../../src/app/ports.ts';
import { openAppWorld, type AppWorld } from '../support/app-world.ts';
import { postgresUrl } from '../support/database.ts';
import {
  anthropicIds,
  applied,
  approved,
  propose,
  stored,
  team,
  throttle,
  type Applied,
} from '../support/engine-steps.ts';
import { onNth, withEvents } from '../support/failpoints.ts';

const [first = '', second = '', third = ''] = anthropicIds;

describe.skipIf(postgresUrl === null)('reverting', () => {
  let world: AppWorld;
  beforeAll(async () => {
    world = await openAppWorld();
  });
  beforeEach(() => world.reset());
  afterAll(() => world.close());

  /** Its time has come; does what is due. */
  const fire = async (one: Applied, deps = world.deps) => {
    await world.lapse(one.id, 'revert_due_at');
    return runDueWork(deps);
  };

  test('a timer is due by the database clock alone', async () => {
    const one = await applied(world);
    world.clock.pass(6 * 60_000);
    expect((await runDueWork(world.deps)).reverted).toEqual([]);
    expect((await fire(one)).reverted).toMatchObject([{ id: one.id, status: 'reverted' }]);
    expect(await world.blocked(anthropicIds)).toEqual([false, false, false]);
    expect((await world.trail(one.id)).slice(-2).map(({ kind }) => kind)).toEqual([
      'revert_intent',
      'reverted',
    ]);
  });

  test('it fires while suspended', async () => {
    const one = await applied(world);
    await world.suspend('maintenance');
    expect((await fire(one)).reverted).toMatchObject([{ id: one.id }]);
    expect(await world.blocked(anthropicIds)).toEqual([false, false, false]);
  });

  test('of several workers one undoes', async () => {
    const one = await applied(world);
    await world.lapse(one.id, 'revert_due_at');
    const written: string[] = [];
    const deps = withEvents(world.deps, (event, change) => {
      if (event === 'write') written.push(change?.target ?? '');
    });
    const works = await Promise.all([1, 2, 3, 4].map(() => runDueWork(deps)));
    expect(works.flatMap(({ reverted }) => reverted)).toHaveLength(1);
    expect(written).toHaveLength(3);
  });

  test('only what we changed is undone: what somebody blocked meanwhile stays blocked', async () => {
    const one = await approved(world);
    const deps = withEvents(
      world.deps,
      onNth('at executing', 2, () => world.admin('/model/block', { model_id: second })),
    );
    const outcome = await executeRemediation(one, { ...deps, signalBefore: null, signalsBefore: [] });
    if (outcome.kind !== 'applied' || outcome.remediation.status !== 'applied') throw new Error(outcome.kind);
    expect(outcome.remediation.execution.receipts.map(({ result }) => result)).toEqual([
      'applied',
      'already_there',
      'applied',
    ]);
    await fire(outcome.remediation);
    expect(await world.blocked(anthropicIds)).toEqual([false, true, false]);
    expect((await stored(world, one.id)).status).toBe('reverted');
  });

  test('a foreign value is not clobbered: the rest is undone and a person is asked', async () => {
    const one = await applied(world, { changes: throttle });
    await world.admin('/team/update', { team_id: team, tpm_limit: 999 });
    const work = await fire(one);
    expect(work.needsHuman).toMatchObject([
      {
        remediation: { status: 'needs_human' },
        reason: expect.stringContaining('somebody else set it to 999'),
      },
    ]);
    expect(await world.limits(team)).toEqual([300, 999]);
  });

  test('what goes to a person is left to the person: the timer does not come back to it', async () => {
    const one = await applied(world, { changes: throttle });
    await world.admin('/team/update', { team_id: team, tpm_limit: 999 });
    await fire(one);
    const before = await stored(world, one.id);
    const again = await runDueWork(world.deps);
    expect(again.needsHuman).toEqual([]);
    expect(await stored(world, one.id)).toEqual(before);
    await expect(propose(world, { changes: throttle })).rejects.toThrow(`occupied by ${one.id}`);
    if (before.status !== 'needs_human') throw new Error(before.status);
    await resolveRemediation(before, { ...world.deps, as: 'reverted', reason: 'done by hand' });
    expect(await stored(world, one.id)).toMatchObject({ status: 'reverted' });
    await propose(world, { changes: throttle });
  });

  test('what somebody already put back needs no write', async () => {
    const one = await applied(world);
    await world.admin('/model/unblock', { model_id: second });
    const written: string[] = [];
    await fire(
      one,
      withEvents(world.deps, (event, change) => {
        if (event === 'write') written.push(change?.target ?? '');
      }),
    );
    expect((await stored(world, one.id)).status).toBe('reverted');
    expect(written.toSorted()).toEqual([first, third].map((id) => `litellm:deployment/${id}`).toSorted());
  });

  test('a deployment that is gone does not keep the others blocked', async () => {
    const one = await applied(world);
    const [litellm] = world.effects;
    if (litellm === undefined) throw new Error('no effects');
    const gone: EffectPort = {
      ...litellm,
      probe: (change, signal) =>
        change.target.endsWith(second)
          ? Promise.resolve({ status: 'not_readable', reason: '400: Model id not found' })
          : litellm.probe(change, signal),
    };
    const work = await fire(one, { ...world.deps, effects: [gone] });
    expect(work.warnings).toMatchObject([
      { code: 'revert_unreached', detail: expect.stringContaining('400') },
    ]);
    expect(await world.blocked(anthropicIds)).toEqual([false, true, false]);
  });

  test('an unreachable gateway is tried again a lease later, whatever the clock says, then a person is asked', async () => {
    const one = await applied(world);
    world.gateway.faults.set('GET /model/info', { kind: 'status', status: 503 });
    world.clock.pass(3_600_000);
    expect(await fire(one)).toMatchObject({
      warnings: [{ code: 'revert_unreached', detail: expect.stringContaining(`undo of ${one.id} waits`) }],
      needsHuman: [],
    });
    expect((await runDueWork(world.deps)).warnings).toEqual([]);
    expect(await stored(world, one.id)).toMatchObject({ status: 'reverting', execution: { tries: 1 } });
    world.gateway.faults.clear();
    await world.lapse(one.id, 'lease_until');
    expect((await runDueWork(world.deps)).reverted).toMatchObject([{ id: one.id }]);
    expect(await world.blocked(anthropicIds)).toEqual([false, false, false]);
  });

  test('it is not tried for ever', async () => {
    const one = await applied(world);
    world.gateway.faults.set('GET /model/info', { kind: 'status', status: 503 });
    await fire(one);
    await world.setTries(one.id, triesMax - 1);
    await world.lapse(one.id, 'lease_until');
    expect((await runDueWork(world.deps)).needsHuman).toMatchObject([
      { remediation: { id: one.id, status: 'needs_human' } },
    ]);
  });

  test('an undo whose outcome nobody can read goes to a person', async () => {
    const one = await applied(world);
    world.gateway.faults.set('POST /model/unblock', { kind: 'hang' });
    const deps = withEvents({ ...world.deps, effects: world.hastyEffects }, (event) => {
      if (event === 'written') world.gateway.faults.set('GET /model/info', { kind: 'status', status: 503 });
    });
    expect((await fire(one, deps)).needsHuman).toMatchObject([{ remediation: { id: one.id } }]);
  });

  test('a gateway that says yes and undoes nothing is asked again, and the undo is never reported as done', async () => {
    const one = await applied(world);
    world.gateway.faults.set('POST /model/unblock', { kind: 'ignore', times: 3 });
    const work = await fire(one);
    expect(work.reverted).toEqual([]);
    expect(work.warnings).toMatchObject([{ detail: expect.stringContaining('the value did not change') }]);
    await world.lapse(one.id, 'lease_until');
    expect((await runDueWork(world.deps)).reverted).toMatchObject([{ id: one.id }]);
  });

  test('a process without a way to the gateway does not take the undo from one that has it', async () => {
    const one = await applied(world);
    const blind = await fire(one, { ...world.deps, effects: [] });
    expect(blind.warnings).toMatchObject([{ code: 'revert_unreached' }]);
    expect((await stored(world, one.id)).status).toBe('applied');
    expect((await runDueWork(world.deps)).reverted).toMatchObject([{ id: one.id }]);
  });

  test('a timer fires before the verification ends, and the verifier steps back', async () => {
    const one = await applied(world, {
      expectation: {
        fact: 'model_group.success_rate',
        subjects: ['claude-haiku-4-5'],
        better: 'higher',
        settleSeconds: 120,
        deadlineSeconds: 240,
      },
    });
    let looks = 0;
    const outcome = await verifyOutcome(one, {
      ...world.deps,
      readEvidence: async () => {
        looks += 1;
        if (looks === 3) await world.lapse(one.id, 'revert_due_at');
        return {};
      },
      readingsFor: () => [],
      revertsWhenWorse: () => true,
      progress: () => undefined,
    });
    expect(outcome).toMatchObject({ kind: 'overtaken', remediation: { status: 'reverted' } });
    expect(looks).toBe(3);
    expect(await world.blocked(anthropicIds)).toEqual([false, false, false]);
  });

  test('a verified breaker whose time passed while no worker lived is undone by whoever comes next', async () => {
    const one = await applied(world);
    await world.lapse(one.id, 'lease_until');
    await runDueWork(world.deps);
    expect((await stored(world, one.id)).status).toBe('verified');
    expect((await fire(one)).reverted).toMatchObject([{ id: one.id }]);
    expect(await world.blocked(anthropicIds)).toEqual([false, false, false]);
  });

  test('what was reverted cannot be reverted again', async () => {
    const one = await applied(world);
    await fire(one);
    expect(
      await revertRemediation(await stored(world, one.id), { ...world.deps, cause: 'timer' }),
    ).toMatchObject({
      kind: 'fenced_out',
    });
    expect(await revertRemediation(one, { ...world.deps, cause: 'timer' })).toMatchObject({
      kind: 'fenced_out',
    });
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runDueWork } from '../../src/app/due-work.ts';
import { executeRemediation } from '../../src/app/execute.ts';
import { recoverExecution } from '../../src/app/recover.ts';
import type { Change } from '../../src/core/change.ts';
import { openAppWorld, type AppWorld } from '../support/app-world.ts';
import { postgresUrl } from '../support/database.ts';
import {
  anthropicIds,
  applied,
  approved,
  block,
  execute,
  propose,
  stored,
  team,
  throttle,
  type Approved,
} from '../support/engine-steps.ts';
import { onNth, ProcessEnded, withEvents } from '../support/failpoints.ts';

const noSignal = { signalBefore: null, signalsBefore: [] };

describe.skipIf(postgresUrl === null)('executing', () => {
  let world: AppWorld;
  beforeAll(async () => {
    world = await openAppWorld();
  });
  beforeEach(() => world.reset());
  afterAll(() => world.close());

  /** Runs it with something happening at the boundaries. */
  const executeWith = (
    remediation: Approved,
    at: (event: string, change: Change | null) => Promise<void> | void,
  ) => executeRemediation(remediation, { ...withEvents(world.deps, at), ...noSignal });

  /** Makes the audit refuse rows of one kind, as a full disk or a missing right would. */
  const refuseAudit = (kind: string) =>
    world.database.query(
      `CREATE TRIGGER refuse_one BEFORE INSERT ON scutum_sre.sre_actions FOR EACH ROW
         WHEN (NEW.kind = '${kind}') EXECUTE FUNCTION scutum_sre.refuse_change()`,
      [],
    );
  const allowAudit = () => world.database.query('DROP TRIGGER refuse_one ON scutum_sre.sre_actions', []);

  test('intent comes before the first effect; each change is probed, leased, written, read back and put on record', async () => {
    const one = await approved(world);
    const events: string[] = [];
    const outcome = await executeWith(one, (event) => void events.push(event));
    expect(outcome.kind).toBe('applied');
    const perChange = 'probe renew renewed write written probe to executing at executing';
    expect(events.join(' ')).toBe(
      [
        'probe probe probe to executing at executing',
        perChange,
        perChange,
        perChange,
        'to applied at applied',
      ].join(' '),
    );
    expect(await world.blocked(anthropicIds)).toEqual([true, true, true]);
    const row = await stored(world, one.id);
    expect(row.execution?.receipts.map(({ result, detail }) => `${result}: ${detail}`)).toEqual(
      anthropicIds.map(() => 'applied: written and read back'),
    );
    expect((await world.trail(one.id)).map(({ kind }) => kind)).toEqual([
      'proposed',
      'approved',
      'intent',
      'effect',
      'effect',
      'effect',
      'applied',
    ]);
  });

  test('the intent holds the inverse and the digest that was approved', async () => {
    const one = await applied(world);
    const intent = (await world.trail(one.id)).find(({ kind }) => kind === 'intent');
    expect(JSON.parse(intent?.entry ?? '{}')).toMatchObject({
      body: {
        digest: one.digest,
        inverse: [...anthropicIds].reverse().map((id) => ({ ...block(id), from: true, to: false })),
      },
    });
  });

  test('without an intent row nothing runs, and the approval expires instead of holding its target', async () => {
    const one = await approved(world);
    await refuseAudit('intent');
    await expect(execute(world, one)).rejects.toThrow('append-only');
    expect(await world.blocked(anthropicIds)).toEqual([false, false, false]);
    expect((await stored(world, one.id)).status).toBe('approved');
    await allowAudit();
    await world.lapse(one.id, 'expires_at');
    expect((await runDueWork(world.deps)).expired.map(({ id }) => id)).toEqual([one.id]);
    expect(await stored(world, one.id)).toMatchObject({
      status: 'expired',
      closeReason: 'approved, but not run in time',
    });
    await propose(world);
  });

  test('without a row for its effect a run stops; what it did is taken back by whoever comes next', async () => {
    const one = await approved(world);
    await refuseAudit('effect');
    await expect(execute(world, one)).rejects.toThrow('append-only');
    expect(await world.blocked(anthropicIds)).toEqual([true, false, false]);
    await allowAudit();
    await world.lapse(one.id, 'lease_until');
    expect((await runDueWork(world.deps)).recovered.map(({ status }) => status)).toEqual(['failed']);
    expect(await world.blocked(anthropicIds)).toEqual([false, false, false]);
  });

  test('a part that is refused takes the done part back', async () => {
    world.gateway.faults.set('POST /model/block', { kind: 'status', status: 403, after: 2 });
    const outcome = await execute(world, await approved(world));
    expect(outcome).toMatchObject({ kind: 'failed', reason: expect.stringContaining('refused: 403') });
    expect(await world.blocked(anthropicIds)).toEqual([false, false, false]);
    if (outcome.kind !== 'failed') return;
    expect(outcome.remediation.execution?.receipts.map(({ result }) => result)).toEqual([
      'not_applied',
      'not_applied',
      'not_applied',
    ]);
    expect(outcome.remediation.execution?.receipts[0]?.detail).toBe('written and read back, then taken back');
  });

  test('what cannot be taken back goes to a person', async () => {
    world.gateway.faults.set('POST /model/block', { kind: 'status', status: 403, after: 1 });
    world.gateway.faults.set('POST /model/unblock', { kind: 'status', status: 403 });
    const outcome = await execute(world, await approved(world));
    expect(outcome).toMatchObject({ kind: 'needs_human', remediation: { status: 'needs_human' } });
    expect(await world.blocked(anthropicIds)).toEqual([true, false, false]);
  });

  test.each([
    ['applies, then answers 502', { kind: 'apply_then_status', status: 502 }, 'applied'],
    ['applies, then hangs', { kind: 'apply_then_hang' }, 'applied'],
    ['hangs and applies nothing', { kind: 'hang' }, 'failed'],
    ['answers a page of a load balancer', { kind: 'html', status: 503 }, 'failed'],
    ['declines', { kind: 'status', status: 409 }, 'failed'],
    ['says yes and does nothing', { kind: 'ignore' }, 'failed'],
  ] as const)('a gateway that %s: the probe decides', async (_name, fault, end) => {
    world.gateway.faults.set('POST /model/block', { ...fault, times: 1 });
    const one = await approved(world);
    const outcome = await execute(world, one, world.hastyEffects);
    expect(outcome.kind).toBe(end);
    expect(await world.blocked(anthropicIds)).toEqual(anthropicIds.map(() => end === 'applied'));
    expect((await stored(world, one.id)).status).toBe(end);
  });

  test('an accepted write is given the time a cache may take to show it', async () => {
    const late: Change[] = [block(anthropicIds[0] ?? '')];
    world.gateway.faults.set('POST /model/block', { kind: 'lag', ms: 70 });
    const one = await approved(world, { changes: late });
    const patient = {
      ...world.clock,
      sleep: async (ms: number) => {
        world.clock.pass(ms);
        await new Promise((resolve) => setTimeout(resolve, 20));
      },
    };
    const outcome = await executeRemediation(one, { ...world.deps, ...noSignal, clock: patient });
    expect(outcome.kind).toBe('applied');
    expect(await world.blocked(anthropicIds)).toEqual([true, false, false]);
  });

  test('an outcome that nobody can read goes to a person, and nothing is repeated', async () => {
    world.gateway.faults.set('POST /model/block', { kind: 'apply_then_status', status: 502 });
    const one = await approved(world, { changes: [block(anthropicIds[0] ?? '')] });
    const written: string[] = [];
    const outcome = await executeWith(one, (event) => {
      if (event === 'write') written.push(event);
      if (event === 'written') world.gateway.faults.set('GET /model/info', { kind: 'status', status: 503 });
    });
    expect(outcome).toMatchObject({ kind: 'needs_human', remediation: { status: 'needs_human' } });
    expect(written).toHaveLength(1);
  });

  test('a gateway changed by somebody else since the proposal: superseded, nothing runs, the target is free', async () => {
    const one = await approved(world, { changes: throttle });
    await world.admin('/team/update', { team_id: team, rpm_limit: 290 });
    const outcome = await execute(world, one);
    expect(outcome).toMatchObject({ kind: 'stale', remediation: { status: 'superseded' } });
    expect(await world.limits(team)).toEqual([290, 400_000]);
    await propose(world, { changes: throttle });
  });

  test('a value that is already the new one is not what was approved either', async () => {
    const one = await approved(world);
    await world.admin('/model/block', { model_id: anthropicIds[1] });
    expect(await execute(world, one)).toMatchObject({ kind: 'stale', remediation: { status: 'superseded' } });
    expect(await world.blocked(anthropicIds)).toEqual([false, true, false]);
  });

  test('a value that somebody else sets between two changes is left alone and goes to a person', async () => {
    const one = await approved(world, { changes: throttle });
    const outcome = await executeWith(
      one,
      onNth('at executing', 2, () => world.admin('/team/update', { team_id: team, tpm_limit: 12_345 })),
    );
    expect(outcome).toMatchObject({
      kind: 'needs_human',
      reason: expect.stringContaining('somebody else set it to 12345'),
    });
    expect(await world.limits(team)).toEqual([300, 12_345]);
  });

  test('a value that somebody else sets right after our write is left alone and goes to a person', async () => {
    const one = await approved(world, { changes: throttle });
    const outcome = await executeWith(
      one,
      onNth('written', 1, () => world.admin('/team/update', { team_id: team, rpm_limit: 77 })),
    );
    expect(outcome).toMatchObject({
      kind: 'needs_human',
      reason: expect.stringContaining('after our write it reads 77'),
    });
    expect(await world.limits(team)).toEqual([77, 400_000]);
  });

  test('a suspension between two changes stops the run and takes the done part back', async () => {
    const one = await approved(world);
    const outcome = await executeWith(
      one,
      onNth('at executing', 2, () => world.suspend('maintenance')),
    );
    expect(outcome).toMatchObject({
      kind: 'failed',
      reason: expect.stringContaining('suspended: maintenance'),
    });
    expect(await world.blocked(anthropicIds)).toEqual([false, false, false]);
  });

  test('a suspension before the intent spends the approval without running', async () => {
    const one = await approved(world);
    await world.suspend('maintenance');
    expect(await execute(world, one)).toEqual({ kind: 'suspended', reason: 'maintenance' });
    expect(await world.blocked(anthropicIds)).toEqual([false, false, false]);
    expect((await stored(world, one.id)).status).toBe('superseded');
  });

  test('an approval whose ten minutes are over does not run', async () => {
    const one = await approved(world);
    await world.lapse(one.id, 'expires_at');
    expect(await execute(world, one)).toEqual({ kind: 'expired' });
    expect(await world.blocked(anthropicIds)).toEqual([false, false, false]);
  });

  test('of five processes with one approval, one runs it', async () => {
    const one = await approved(world);
    const written: string[] = [];
    const outcomes = await Promise.all(
      [1, 2, 3, 4, 5].map(() =>
        executeWith(one, (event, change) => {
          if (event === 'write') written.push(change?.target ?? '');
        }),
      ),
    );
    expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual([
      'applied',
      'fenced_out',
      'fenced_out',
      'fenced_out',
      'fenced_out',
    ]);
    expect(written.toSorted()).toEqual(anthropicIds.map((id) => `litellm:deployment/${id}`).toSorted());
  });

  test('a zombie whose lease was taken over writes nothing more', async () => {
    const one = await approved(world);
    const written: string[] = [];
    let takenOver: Promise<unknown> | null = null;
    const zombie = await executeWith(one, async (event, change) => {
      if (event === 'write') written.push(change?.target ?? '');
      // It stops before the probe of its second change; when it goes on, another process was there.
      if (event !== 'probe' || written.length !== 1 || change?.target === written[0] || takenOver !== null)
        return;
      await world.lapse(one.id, 'lease_until');
      takenOver = recoverExecution(await stored(world, one.id), world.deps);
      expect(await takenOver).toMatchObject({ kind: 'failed' });
    });
    expect(takenOver).not.toBeNull();
    expect(zombie.kind).toBe('fenced_out');
    expect(written).toHaveLength(1);
    expect(await world.blocked(anthropicIds)).toEqual([false, false, false]);
    expect((await stored(world, one.id)).status).toBe('failed');
  });

  test('a process that was stopped until its lease ran out does not write when it goes on', async () => {
    const one = await approved(world);
    const outcome = await executeWith(
      one,
      onNth('renewed', 2, () => world.clock.pass(7_500)),
    );
    expect(outcome).toMatchObject({ kind: 'failed', reason: expect.stringContaining('the lease ran out') });
    expect(await world.blocked(anthropicIds)).toEqual([false, false, false]);
  });

  test('a gateway that cannot be read before the intent: nothing runs, the approval is spent', async () => {
    const one = await approved(world);
    world.gateway.faults.set('GET /model/info', { kind: 'status', status: 503 });
    expect((await execute(world, one)).kind).toBe('unavailable');
    expect((await stored(world, one.id)).status).toBe('failed');
  });

  test('no way to the system at all: nothing runs, the approval is spent', async () => {
    const one = await approved(world);
    expect((await execute(world, one, [])).kind).toBe('unavailable');
    expect((await stored(world, one.id)).status).toBe('failed');
  });

  test.each([
    ['is accepted', null, 'applied', 1],
    ['is refused', { kind: 'status', status: 400 }, 'failed', 0],
    ['is not answered', { kind: 'apply_then_hang' }, 'needs_human', 2],
  ] as const)('a page that %s', async (_name, fault, end, sent) => {
    const page: Change = {
      target: 'pagerduty:alert/test-1',
      field: 'page',
      from: null,
      to: { summary: 'anthropic is down', severity: 'critical' },
    };
    const before = world.gateway.pages().length;
    if (fault !== null) world.gateway.faults.set('/v2/enqueue', fault);
    const one = await approved(world, { changes: [page] });
    expect((await execute(world, one, world.hastyEffects)).kind).toBe(end);
    expect(world.gateway.pages().length - before).toBe(sent);
  });

  test('a process that dies is an error and no outcome', async () => {
    const one = await approved(world);
    const died = executeWith(
      one,
      onNth('written', 1, () => {
        throw new ProcessEnded('written');
      }),
    );
    await expect(died).rejects.toThrow(ProcessEnded);
    expect((await stored(world, one.id)).status).toBe('executing');
  });
});

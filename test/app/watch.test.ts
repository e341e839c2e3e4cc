import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { watch, type WatchDeps, type WatchEvent } from '../../src/app/watch.ts';
import { openAppWorld, type AppWorld } from '../support/app-world.ts';
import { postgresUrl } from '../support/database.ts';
import { anthropicIds, applied, approved, block, propose, stored } from '../support/engine-steps.ts';
import { onNth, ProcessEnded, withEvents } from '../support/failpoints.ts';
import { executeRemediation } from '../../src/app/execute.ts';

describe.skipIf(postgresUrl === null)('the worker', () => {
  let world: AppWorld;
  beforeAll(async () => {
    world = await openAppWorld();
  });
  beforeEach(() => world.reset());
  afterAll(() => world.close());

  interface Ran {
    readonly events: readonly WatchEvent[];
    readonly beats: readonly boolean[];
  }

  /** Lets the worker loop until `until` says so, at most for a while of its own time. */
  const work = async (
    more: Partial<WatchDeps>,
    until: (seen: Ran) => boolean | Promise<boolean>,
  ): Promise<Ran> => {
    const stop = new AbortController();
    const events: WatchEvent[] = [];
    const beats: boolean[] = [];
    const end = world.clock.monotonicMs() + 600_000;
    const deps: WatchDeps = {
      ...world.deps,
      control: {
        ...world.stores.control,
        heartbeat: (worker) => {
          beats.push(worker.gatewayWriteProven);
          return world.stores.control.heartbeat(worker);
        },
      },
      clock: {
        ...world.clock,
        sleep: async (ms, signal) => {
          world.clock.pass(ms);
          // Real time for the database, or the loop would be over before its tasks are.
          await new Promise((resolve) => setTimeout(resolve, 2));
          if (signal === undefined || signal.aborted) return;
          const enough = await until({ events, beats });
          if (enough || world.clock.monotonicMs() > end) stop.abort();
        },
      },
      workerId: 'w1',
      proveWriteAccess: () => Promise.resolve(true),
      triage: () => Promise.resolve(),
      followUp: () => Promise.resolve(),
      escalateExpired: () => Promise.resolve(),
      escalateUnknown: () => Promise.resolve(),
      say: (event) => void events.push(event),
      ...more,
    };
    await watch(deps, stop.signal);
    return { events, beats };
  };

  const never = () => new Promise<never>(() => undefined);
  const said = (seen: Ran, kind: WatchEvent['kind']) => seen.events.some((event) => event.kind === kind);

  test('undoes what is due, closes what nobody decided and tells on-call', async () => {
    const due = await applied(world, { changes: [block(anthropicIds[0] ?? '')] });
    const late = await propose(world, { changes: [block(anthropicIds[1] ?? '')] });
    await world.lapse(due.id, 'revert_due_at');
    await world.lapse(late.id, 'expires_at');
    const escalated: number[] = [];
    const seen = await work(
      {
        escalateExpired: ({ id }) => {
          escalated.push(id);
          return Promise.resolve();
        },
      },
      async (ran) =>
        said(ran, 'due_work') && escalated.length > 0 && (await stored(world, due.id)).status === 'reverted',
    );
    expect((await stored(world, due.id)).status).toBe('reverted');
    expect((await stored(world, late.id)).status).toBe('expired');
    expect(escalated).toEqual([late.id]);
    expect(seen.events.at(-1)).toEqual({ kind: 'stopped' });
  });

  test('takes over what a dead process left, and hands what can still be judged to be followed', async () => {
    const dead = await approved(world, { changes: [block(anthropicIds[0] ?? '')] });
    const dies = onNth('written', 1, () => {
      throw new ProcessEnded('written');
    });
    await executeRemediation(dead, {
      ...withEvents(world.deps, dies),
      signalBefore: null,
      signalsBefore: [],
    }).catch(() => undefined);
    const left = await applied(world, {
      changes: [block(anthropicIds[1] ?? '')],
      expectation: {
        fact: 'model_group.success_rate',
        subjects: ['claude-haiku-4-5'],
        better: 'higher',
        settleSeconds: 120,
        deadlineSeconds: 240_000,
      },
    });
    await world.lapse(dead.id, 'lease_until');
    await world.lapse(left.id, 'lease_until');
    const followed: number[] = [];
    await work(
      {
        followUp: ({ id }) => {
          followed.push(id);
          return Promise.resolve();
        },
      },
      async () => followed.length > 0 && (await stored(world, dead.id)).status === 'applied',
    );
    expect((await stored(world, dead.id)).status).toBe('applied');
    expect(followed).toContain(left.id);
    expect(followed).not.toContain(dead.id);
  });

  test('an unknown outcome is told once, with its reason', async () => {
    const one = await applied(world);
    await world.lapse(one.id, 'revert_due_at');
    await world.setTries(one.id, 0);
    const deps = withEvents({ ...world.deps, effects: world.hastyEffects }, (event) => {
      if (event === 'written') world.gateway.faults.set('GET /model/info', { kind: 'status', status: 503 });
    });
    const told: string[] = [];
    await work(
      {
        effects: deps.effects,
        remediations: deps.remediations,
        escalateUnknown: (remediation, reason) => {
          told.push(`${remediation.status}: ${reason}`);
          return Promise.resolve();
        },
      },
      () => told.length > 0,
    );
    expect(told).toEqual([expect.stringMatching(/^needs_human: .*could not be read/u)]);
  });

  test('a gateway, a triage or a pager that hangs holds up neither the heartbeat nor the undos', async () => {
    const late = await propose(world, { changes: [block(anthropicIds[0] ?? '')] });
    const due = await applied(world, { changes: [block(anthropicIds[1] ?? '')] });
    await world.lapse(late.id, 'expires_at');
    const seen = await work(
      { triage: never, escalateExpired: never, proveWriteAccess: never },
      async (ran) => {
        const expired = (await stored(world, late.id)).status === 'expired';
        if (expired) await world.lapse(due.id, 'revert_due_at');
        return ran.beats.length > 3 && (await stored(world, due.id)).status === 'reverted';
      },
    );
    expect((await stored(world, due.id)).status).toBe('reverted');
    expect(seen.beats.length).toBeGreaterThan(3);
    expect(seen.beats).not.toContain(true);
  });

  test('an undo that takes long keeps no other from its time', async () => {
    const slow = await applied(world, { changes: [block(anthropicIds[0] ?? '')] });
    const later = await applied(world, { changes: [block(anthropicIds[1] ?? '')] });
    await world.lapse(slow.id, 'revert_due_at');
    const stuck = withEvents(world.deps, (event, change) =>
      event === 'write' && change?.target.endsWith(anthropicIds[0] ?? '') === true ? never() : undefined,
    );
    await work({ effects: stuck.effects }, async () => {
      if ((await stored(world, slow.id)).status === 'reverting') await world.lapse(later.id, 'revert_due_at');
      return (await stored(world, later.id)).status === 'reverted';
    });
    expect((await stored(world, later.id)).status).toBe('reverted');
  });

  test('a worker that gets nothing done stops saying that it lives', async () => {
    const start = world.clock.monotonicMs();
    const seen = await work(
      { remediations: { ...world.stores.remediations, dueReverts: never } },
      () => world.clock.monotonicMs() - start > 60_000,
    );
    expect(seen.beats.length).toBeLessThanOrEqual(4);
  });

  test('no failure ends it', async () => {
    let triages = 0;
    const seen = await work(
      {
        triage: () => {
          triages += 1;
          return Promise.reject(new Error('triage broke'));
        },
        proveWriteAccess: () => Promise.reject(new Error('no route')),
        remediations: {
          ...world.stores.remediations,
          abandoned: () => Promise.reject(new Error('the store is down')),
        },
      },
      () => triages > 2,
    );
    const warnings = seen.events.flatMap((event) => (event.kind === 'warning' ? [event.warning.detail] : []));
    expect(new Set(warnings)).toEqual(new Set(['triage broke', 'no route', 'the store is down']));
    expect(triages).toBeGreaterThan(2);
  });

  test('it says that it could write only when that was proven, again within the minute', async () => {
    const worker = async () =>
      (await world.database.query('SELECT id, gateway_write_at FROM scutum_sre.workers', [])).length;
    const seen = await work({}, (ran) => ran.beats.filter((proven) => proven).length > 2);
    const gaps = seen.beats.map(String).join(' ').split('true').slice(1, -1);
    for (const gap of gaps) expect(gap.split('false').length - 1).toBeLessThanOrEqual(60_000 / 5_000);
    // A worker that stopped is nobody who would undo anything.
    expect(await worker()).toBe(0);
    const blind = await work(
      { proveWriteAccess: () => Promise.resolve(false) },
      (ran) => ran.beats.length > 8,
    );
    expect(blind.beats).not.toContain(true);
  });

  test('what is running is not begun a second time', async () => {
    let running = 0;
    let most = 0;
    await work(
      {
        triage: async () => {
          running += 1;
          most = Math.max(most, running);
          await new Promise((resolve) => setTimeout(resolve, 200));
          running -= 1;
        },
      },
      ({ beats }) => beats.length > 20,
    );
    expect(most).toBe(1);
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Change } from '../../../src/core/change.ts';
import type { ChangeReceipt, Execution } from '../../../src/core/remediation.ts';
import { documentOf, executionOf, fresh } from './samples.ts';
import { applied, propose, step } from './scenario.ts';
import { storeKinds, type OpenedStore } from './store-kinds.ts';

describe.each(storeKinds)('facts about ourselves on $name', (kind) => {
  let store: OpenedStore;
  beforeAll(async () => {
    store = await kind.open();
  });
  afterAll(() => store.dispose());

  const raise = (team: string, from: number | null, to: number): Change => ({
    target: `litellm:team/${team}`,
    field: 'rpm_limit',
    from,
    to,
  });
  const run = (changes: readonly Change[], execution?: Partial<Execution>) =>
    applied(store.stores, {
      draft: { document: documentOf({ changes, locks: [fresh('lock')] }) },
      ...(execution === undefined ? {} : { execution }),
    });
  const received = (change: Change, result: ChangeReceipt['result']): ChangeReceipt => ({
    change,
    result,
    detail: '',
  });
  const originals = async () => {
    const reading = await store.stores.ownFacts.read('own.original_values', AbortSignal.timeout(2_000));
    if (reading.status !== 'known') throw new Error(reading.reason);
    return reading.value;
  };
  const key = (team: string) => `litellm:team/${team}#rpm_limit`;

  test('the original is what was there before the first change in force', async () => {
    const team = fresh('team');
    const first = await run([raise(team, 100, 150)]);
    await run([raise(team, 150, 225)]);
    expect((await originals())[key(team)]).toBe(100);
    const reverting = await step(store.stores, first, 'reverting', { claimLeaseMs: 15_000 });
    expect((await originals())[key(team)]).toBe(100);
    await step(store.stores, reverting, 'reverted');
    expect((await originals())[key(team)]).toBe(150);
  });

  test('what came back by an undo of its own, was there already or is older than a day does not count', async () => {
    const [undone, there, old, unlimited] = [fresh('team'), fresh('team'), fresh('team'), fresh('team')];
    const original = await run([raise(undone, 100, 150)]);
    await applied(store.stores, {
      draft: {
        revertOf: original.id,
        document: documentOf({ changes: [raise(undone, 150, 100)], locks: original.document.locks }),
      },
    });
    const same = raise(there, 100, 150);
    await run([same], { receipts: [received(same, 'already_there')] });
    const { id } = await run([raise(old, 100, 150)]);
    await store.database.query(
      "UPDATE scutum_sre.remediations SET executed_at = executed_at - interval '25 hours' WHERE id = $1",
      [id],
    );
    await run([raise(unlimited, null, 150)]);
    const values = await originals();
    expect([undone, there, old].map((team) => Object.hasOwn(values, key(team)))).toEqual([
      false,
      false,
      false,
    ]);
    expect(values[key(unlimited)]).toBeNull();
  });

  test('a reading that is not ours is unknown', async () => {
    expect(await store.stores.ownFacts.read('gateway.teams', AbortSignal.timeout(2_000))).toMatchObject({
      status: 'unknown',
    });
  });

  test('history counts attempts on a target and outcomes of a pattern', async () => {
    const { stores, database } = store;
    const lock = fresh('target');
    const patternKey = fresh('pattern');
    const history = () => stores.remediations.history({ locks: [lock, fresh('other')], patternKey });
    const none = {
      attemptsLastHour: 0,
      failedLastHour: false,
      lastDidNotHelp: false,
      patternSeen: 0,
      patternGood: 0,
    };
    expect(await history()).toEqual(none);
    const document = () => documentOf({ locks: [lock], patternKey });
    await step(stores, await propose(stores, { document: document() }), 'rejected', { closeReason: 'no' });
    expect(await history()).toEqual(none);
    const running = await applied(stores, { draft: { document: document() } });
    expect(await history()).toEqual({ ...none, attemptsLastHour: 1 });
    const judged = (outcome: 'improved' | 'not_better' | 'worse' | 'inconclusive') => ({
      execution: executionOf({ verification: { outcome, detail: '' } }),
    });
    await step(stores, running, 'verified', judged('improved'));
    expect(await history()).toEqual({ ...none, attemptsLastHour: 1, patternSeen: 1, patternGood: 1 });
    const bad = await step(
      stores,
      await applied(stores, { draft: { document: document() } }),
      'verified',
      judged('worse'),
    );
    expect(await history()).toEqual({
      attemptsLastHour: 2,
      failedLastHour: true,
      lastDidNotHelp: true,
      patternSeen: 2,
      patternGood: 1,
    });
    await database.query(
      "UPDATE scutum_sre.remediations SET executed_at = executed_at - interval '2 hours' WHERE id = $1",
      [bad.id],
    );
    expect(await history()).toMatchObject({
      attemptsLastHour: 1,
      failedLastHour: false,
      lastDidNotHelp: false,
    });
    await database.query(
      "UPDATE scutum_sre.remediations SET executed_at = executed_at - interval '25 hours' WHERE pattern_key = $1",
      [patternKey],
    );
    expect(await history()).toEqual({ ...none, patternSeen: 2, patternGood: 1 });
  });

  test('service levels are kept, changed and removed with their audit', async () => {
    const { slas, audit } = store.stores;
    const id = fresh('sla');
    const contract = {
      id,
      scope: { team: 'a\u0000b' },
      metric: 'success_rate',
      target: 99.95,
      windowMinutes: 30,
      suspendedUntil: null,
    } as const;
    const draft = {
      kind: 'sla_changed',
      at: '2026-11-20T02:10:00.000Z',
      incidentNumber: null,
      remediationId: null,
      executionId: null,
      actor: 'tester',
      body: { id },
    } as const;
    await slas.setSla(contract, draft);
    expect(await slas.listSlas()).toEqual([{ ...contract, scope: { team: 'a\\u{0}b' } }]);
    const later = { ...contract, scope: {}, suspendedUntil: '2026-11-21T00:00:00.000Z' };
    await slas.setSla(later, draft);
    expect(await slas.listSlas()).toEqual([later]);
    const { size } = await audit.head();
    expect(await slas.removeSla('another', draft)).toBe(false);
    expect((await audit.head()).size).toBe(size);
    expect(await slas.removeSla(id, draft)).toBe(true);
    expect(await slas.listSlas()).toEqual([]);
    expect((await audit.head()).size).toBe(size + 1);
    await store.database.query(
      "INSERT INTO scutum_sre.sla_contracts (id, metric) VALUES ('half', 'p95_ms')",
      [],
    );
    await expect(slas.listSlas()).rejects.toThrow('the SLA contract `half` has a wrong scope');
  });
});

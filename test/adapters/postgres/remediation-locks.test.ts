import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditOf, documentOf, draftOf, executionOf, fresh, proposedAudit, stepOf } from './samples.ts';
import { applied, openIncident, propose, step } from './scenario.ts';
import { storeKinds, type OpenedStore } from './store-kinds.ts';

describe.each(storeKinds)('what remediations hold on $name', (kind) => {
  let store: OpenedStore;
  beforeAll(async () => {
    store = await kind.open();
  });
  afterAll(() => store.dispose());

  const attempt = (more: Parameters<typeof draftOf>[0]) =>
    store.stores.remediations.propose(draftOf(more), proposedAudit);
  const locked = (...locks: readonly string[]) => documentOf({ locks });

  test('one open remediation per incident', async () => {
    const { stores } = store;
    const incidentNumber = await openIncident(stores);
    const first = await propose(stores, { incidentNumber });
    expect(await attempt({ incidentNumber })).toEqual({ kind: 'occupied', by: first.id });
    expect(await attempt({ incidentNumber, status: 'assist_only' })).toMatchObject({ kind: 'stored' });
    await step(stores, first, 'rejected', { closeReason: 'no' });
    expect(await attempt({ incidentNumber })).toMatchObject({ kind: 'stored' });
  });

  test('one open remediation per target, freed when it closes', async () => {
    const { stores } = store;
    const [shared, other] = [fresh('target'), fresh('target')];
    const first = await propose(stores, { document: locked(shared, shared) });
    expect(await attempt({ document: locked(other, shared) })).toEqual({ kind: 'occupied', by: first.id });
    expect(await attempt({ document: locked(other) })).toMatchObject({ kind: 'stored' });
    await step(stores, first, 'superseded');
    expect(await attempt({ document: locked(shared) })).toMatchObject({ kind: 'stored' });
  });

  test('of many proposals at once for one target one is stored', async () => {
    const { stores } = store;
    const target = fresh('target');
    const results = await Promise.all(
      Array.from({ length: 12 }, () => attempt({ document: locked(target) })),
    );
    const stored = results.filter((result) => result.kind === 'stored');
    expect(stored).toHaveLength(1);
    expect(await stores.remediations.getRemediation(stored[0]?.remediation.id ?? 0)).not.toBeNull();
    const rest = results.filter((result) => result.kind === 'occupied');
    expect(rest.map((result) => result.by)).toEqual(Array(11).fill(stored[0]?.remediation.id));
  });

  test('what is verified holds on until its timer has fired', async () => {
    const { stores } = store;
    const timed = await applied(stores, { revertInMs: 300_000 });
    const { locks } = timed.document;
    const verified = await step(stores, timed, 'verified');
    expect(await attempt({ document: locked(...locks) })).toEqual({ kind: 'occupied', by: timed.id });
    const reverting = await step(stores, verified, 'reverting', { claimLeaseMs: 15_000 });
    await step(stores, reverting, 'reverted', {
      execution: executionOf({
        revertAt: '2026-11-20T02:20:00.000Z',
        revertedAt: '2026-11-20T02:20:01.000Z',
      }),
    });
    expect(await attempt({ document: locked(...locks) })).toMatchObject({ kind: 'stored' });
    const untimed = await step(stores, await applied(stores), 'verified');
    expect(await attempt({ document: locked(...untimed.document.locks) })).toMatchObject({ kind: 'stored' });
  });

  test('an undo holds what its original holds, and nobody else may', async () => {
    const { stores } = store;
    const original = await applied(stores, { revertInMs: 300_000 });
    const document = locked(...original.document.locks);
    const undo = await propose(stores, { revertOf: original.id, document });
    expect(undo.revertOf).toBe(original.id);
    expect(await attempt({ revertOf: original.id, document })).toEqual({ kind: 'occupied', by: undo.id });
    const stranger = await applied(stores);
    expect(await attempt({ revertOf: stranger.id, document })).toMatchObject({ kind: 'occupied' });
    await step(stores, undo, 'rejected', { closeReason: 'no' });
    expect(await attempt({ revertOf: original.id, document })).toMatchObject({ kind: 'stored' });
  });

  test('an undo on request runs although a newer remediation took the target meanwhile', async () => {
    const { stores } = store;
    const incidentNumber = await openIncident(stores);
    const old = await step(stores, await applied(stores, { draft: { incidentNumber } }), 'verified');
    const { locks } = old.document;
    const newer = await propose(stores, { incidentNumber, document: locked(...locks) });
    const reverting = await step(stores, old, 'reverting', { claimLeaseMs: 15_000 });
    expect(await stores.remediations.openRemediationOf(incidentNumber)).toEqual(newer);
    await step(stores, newer, 'rejected', { closeReason: 'no' });
    expect(await attempt({ document: locked(...locks) })).toMatchObject({ kind: 'stored' });
    expect(await step(stores, reverting, 'needs_human')).toMatchObject({ status: 'needs_human' });
  });

  test('an undo on request takes its free target back until a person has looked', async () => {
    const { stores } = store;
    const old = await step(stores, await applied(stores), 'verified');
    const reverting = await step(stores, old, 'reverting', { claimLeaseMs: 15_000 });
    const unclear = await step(stores, reverting, 'needs_human');
    const again = { document: locked(...old.document.locks) };
    expect(await attempt(again)).toEqual({ kind: 'occupied', by: old.id });
    await step(stores, unclear, 'reverted', { audit: auditOf('resolved', { remediationId: old.id }) });
    expect(await attempt(again)).toMatchObject({ kind: 'stored' });
  });

  test('grants and proposals of an undo do not wait for each other in a circle', async () => {
    const { stores } = store;
    for (let round = 0; round < 5; round++) {
      const old = await step(stores, await applied(stores), 'verified');
      const document = locked(...old.document.locks);
      const [grant, undo] = await Promise.all([
        stores.remediations.transition(stepOf(old, 'reverting', { claimLeaseMs: 15_000 })),
        attempt({ revertOf: old.id, document }),
      ]);
      expect([grant.kind, undo.kind]).toEqual(['done', 'stored']);
    }
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { databaseTime } from '../../../src/adapters/postgres/database-clock.ts';
import {
  approvalOf,
  auditOf,
  documentOf,
  draftOf,
  executionOf,
  fresh,
  proposedAudit,
  stepOf,
} from './samples.ts';
import { applied, openIncident, propose, remediationOf, step } from './scenario.ts';
import { storeKinds, type OpenedStore } from './store-kinds.ts';

describe.each(storeKinds)('remediations on $name', (kind) => {
  let store: OpenedStore;
  beforeAll(async () => {
    store = await kind.open();
  });
  afterAll(() => store.dispose());

  const rewind = (id: number, column: 'expires_at' | 'lease_until' | 'revert_due_at' | 'executed_at') =>
    store.database.query(
      `UPDATE scutum_sre.remediations SET ${column} = clock_timestamp() - interval '1 second' WHERE id = $1`,
      [id],
    );

  test('a life from proposal to undo comes back as it went in', async () => {
    const { stores } = store;
    const document = documentOf({ diagnosis: 'text with "quotes", ä, 𝒳 and a \\u0000 escape' });
    const proposed = await propose(stores, { document });
    expect(proposed).toMatchObject({
      status: 'pending_approval',
      document,
      fence: 0,
      approvals: [],
      execution: null,
    });
    expect(proposed.digest).toBe(`sha256:${proposed.id}/${proposed.expiresAt}`);
    const approval = approvalOf(proposed);
    const approved = await step(stores, proposed, 'approved', {
      digest: proposed.digest,
      approval,
      expiresInMs: 60_000,
    });
    expect(approved).toMatchObject({ status: 'approved', approvals: [approval], digest: proposed.digest });
    const execution = executionOf({ signalsBefore: [58.8, null] });
    const running = await step(stores, approved, 'executing', { claimLeaseMs: 15_000, execution });
    expect(running).toMatchObject({ status: 'executing', fence: 1, execution });
    const now = await databaseTime(store.database);
    const done = await step(stores, running, 'applied', { execution, revertInMs: 300_000 });
    const revertAt = done.execution?.revertAt ?? '';
    expect(Date.parse(revertAt) - Date.parse(now)).toBeGreaterThanOrEqual(300_000);
    const reverting = await step(stores, done, 'reverting', { claimLeaseMs: 15_000 });
    const reverted = await step(stores, reverting, 'reverted', {
      execution: { ...execution, revertAt, revertedAt: now },
    });
    expect(reverted).toMatchObject({
      status: 'reverted',
      fence: 2,
      execution: { revertAt, revertedAt: now },
    });
    expect(await stores.remediations.getRemediation(proposed.id)).toEqual(reverted);
  });

  test('every closing status holds what it has', async () => {
    const { stores } = store;
    const rejected = await step(stores, await propose(stores), 'rejected', { closeReason: 'too\u0000 wide' });
    expect(rejected).toMatchObject({ status: 'rejected', closeReason: 'too\\u{0} wide', execution: null });
    const refused = await propose(stores, { status: 'refused' });
    expect(await step(stores, refused, 'superseded')).toMatchObject({ status: 'superseded', approvals: [] });
    const failed = await step(stores, await step(stores, await propose(stores), 'approved'), 'failed');
    expect(failed).toMatchObject({ status: 'failed', execution: null });
  });

  test('what an older fence, another status, a wrong digest or the life cycle forbids changes nothing', async () => {
    const { stores } = store;
    const proposed = await propose(stores);
    const refused = await Promise.all([
      stores.remediations.transition(stepOf(proposed, 'approved', { fence: 1 })),
      stores.remediations.transition(stepOf(proposed, 'executing', { from: ['approved'] })),
      stores.remediations.transition(stepOf(proposed, 'approved', { digest: 'sha256:other' })),
      stores.remediations.transition(stepOf(proposed, 'verified')),
    ]);
    expect(refused).toEqual(Array(4).fill({ kind: 'fenced_out', remediation: proposed }));
    expect(await stores.remediations.transition(stepOf({ ...proposed, id: 999_999 }, 'approved'))).toEqual({
      kind: 'fenced_out',
      remediation: null,
    });
  });

  test('a zombie is fenced out after its lease was taken over', async () => {
    const { stores } = store;
    const approved = await step(stores, await propose(stores), 'approved');
    const execution = executionOf();
    const zombie = await step(stores, approved, 'executing', { claimLeaseMs: 15_000, execution });
    expect(await stores.remediations.abandoned(100)).not.toContainEqual(zombie);
    await rewind(zombie.id, 'lease_until');
    expect(await stores.remediations.abandoned(100)).toContainEqual(zombie);
    const heir = await step(stores, zombie, 'executing', { claimLeaseMs: 15_000, execution });
    expect(await stores.remediations.renewLease(zombie.id, zombie.fence, 15_000)).toBe(false);
    expect(await stores.remediations.renewLease(heir.id, heir.fence, 15_000)).toBe(true);
    expect(await stores.remediations.transition(stepOf(zombie, 'applied', { execution }))).toEqual({
      kind: 'fenced_out',
      remediation: heir,
    });
  });

  test('of several approvals at once one wins', async () => {
    const { stores } = store;
    const rounds = kind.kind === 'server' ? 20 : 3;
    for (let round = 0; round < rounds; round++) {
      const proposed = await propose(stores);
      const results = await Promise.all(
        Array.from({ length: 10 }, (_, n) =>
          stores.remediations.transition(
            stepOf(proposed, 'approved', { approval: { ...approvalOf(proposed), by: `operator ${n}` } }),
          ),
        ),
      );
      const winners = results.filter((result) => result.kind === 'done');
      expect(winners).toHaveLength(1);
      expect(results.filter((result) => result.kind === 'fenced_out')).toHaveLength(9);
      expect((await stores.remediations.getRemediation(proposed.id))?.approvals).toHaveLength(1);
    }
  });

  test('expiry is judged by the database clock', async () => {
    const { stores } = store;
    const proposed = await propose(stores);
    expect(await stores.remediations.dueExpiries(100)).not.toContainEqual(proposed);
    const late = await propose(stores, { expiresInMs: -1 });
    expect(await stores.remediations.transition(stepOf(late, 'approved', { unlessExpired: true }))).toEqual({
      kind: 'expired',
    });
    expect((await stores.remediations.dueExpiries(100)).map(({ id }) => id)).toContain(late.id);
    expect(await step(stores, late, 'expired', { closeReason: 'nobody came' })).toMatchObject({
      status: 'expired',
    });
    expect((await stores.remediations.dueExpiries(100)).map(({ id }) => id)).not.toContain(late.id);
  });

  test('a grant that waited for a lock past the expiry does not count', async () => {
    const { stores, database } = store;
    const proposed = await propose(stores, { expiresInMs: 300 });
    const grant = stepOf(proposed, 'approved', { unlessExpired: true });
    let granting: Promise<unknown> = Promise.resolve();
    await database.transaction(async (tx) => {
      await tx.query('SELECT 1 FROM scutum_sre.remediations WHERE id = $1 FOR UPDATE', [proposed.id]);
      granting = stores.remediations.transition(grant);
      await tx.query('SELECT pg_sleep(0.4)', []);
    });
    expect(await granting).toEqual({ kind: 'expired' });
  });

  test('a refresh binds a new digest and makes earlier approvals void', async () => {
    const { stores } = store;
    const proposed = await propose(stores);
    const half = await step(stores, proposed, 'pending_approval', { approval: approvalOf(proposed) });
    expect(half.approvals).toHaveLength(1);
    const document = documentOf({ nonce: 'another', locks: [fresh('lock')] });
    const refreshed = await step(stores, half, 'pending_approval', {
      document,
      newDigest: ({ id, expiresAt }) => `sha256:new/${id}/${expiresAt}`,
      expiresInMs: 1_200_000,
    });
    expect(refreshed).toMatchObject({
      document,
      approvals: [],
      digest: `sha256:new/${half.id}/${refreshed.expiresAt}`,
    });
    expect(refreshed.expiresAt > half.expiresAt).toBe(true);
    expect(
      await stores.remediations.propose(
        draftOf({ document: documentOf({ locks: document.locks }) }),
        proposedAudit,
      ),
    ).toEqual({ kind: 'occupied', by: half.id });
    await propose(stores, { document: documentOf({ locks: proposed.document.locks }) });
    const taken = await stores.remediations.transition(
      stepOf(refreshed, 'pending_approval', { document: proposed.document }),
    );
    expect(taken).toEqual({ kind: 'fenced_out', remediation: refreshed });
  });

  test('due undos fire by the database clock, also ahead of a verification', async () => {
    const { stores } = store;
    const one = await applied(stores, { revertInMs: 300_000 });
    const due = async () => (await stores.remediations.dueReverts(100)).map(({ id }) => id);
    expect(await due()).not.toContain(one.id);
    await rewind(one.id, 'revert_due_at');
    expect(await due()).toContain(one.id);
    const undo = await propose(stores, {
      revertOf: one.id,
      document: documentOf({ locks: one.document.locks }),
    });
    const approved = await step(stores, undo, 'approved');
    await step(stores, approved, 'executing', { claimLeaseMs: 15_000, execution: executionOf() });
    expect(await due()).not.toContain(one.id);
    await rewind(undo.id, 'lease_until');
    expect(await due()).toContain(one.id);
    await step(stores, one, 'reverting', { claimLeaseMs: 15_000 });
    expect(await due()).not.toContain(one.id);
  });

  test('lists by incident, status and limit, newest first', async () => {
    const { stores } = store;
    const incidentNumber = await openIncident(stores);
    const first = await propose(stores, { incidentNumber, status: 'refused' });
    const second = await propose(stores, { incidentNumber });
    const ids = async (filter: Parameters<typeof stores.remediations.listRemediations>[0]) =>
      (await stores.remediations.listRemediations(filter)).map(({ id }) => id);
    expect(await ids({ incidentNumber, limit: 10 })).toEqual([second.id, first.id]);
    expect(await ids({ incidentNumber, limit: 1 })).toEqual([second.id]);
    expect(await ids({ incidentNumber, statuses: ['refused'], limit: 10 })).toEqual([first.id]);
    expect(await stores.remediations.openRemediationOf(incidentNumber)).toEqual(second);
    await step(stores, second, 'superseded');
    expect(await stores.remediations.openRemediationOf(incidentNumber)).toBeNull();
  });

  test('a step whose audit row cannot be written does not happen', async () => {
    const { stores } = store;
    const proposed = await propose(stores);
    const bad = stepOf(proposed, 'approved', { audit: auditOf('approved', { at: 'yesterday' }) });
    await expect(stores.remediations.transition(bad)).rejects.toThrow('UTC time');
    expect(await stores.remediations.getRemediation(proposed.id)).toEqual(proposed);
  });

  test('a suspension stops what asks for it and nothing else', async () => {
    const { stores } = store;
    const proposed = await propose(stores);
    await stores.control.setSuspension(true, 'maintenance', auditOf('suspended'));
    const grant = stepOf(proposed, 'approved', { unlessSuspended: true });
    expect(await stores.remediations.transition(grant)).toEqual({ kind: 'suspended', reason: 'maintenance' });
    const free = remediationOf(await stores.remediations.transition({ ...grant, unlessSuspended: false }));
    expect(free.status).toBe('approved');
    await stores.control.setSuspension(false, '', auditOf('resumed'));
    expect((await stores.control.suspension()).suspended).toBe(false);
  });
});

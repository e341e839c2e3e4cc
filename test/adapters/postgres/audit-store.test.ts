import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditRow } from '../../../src/core/audit/audit-record.ts';
import { verifyChain } from '../../../src/core/audit/hash-chain.ts';
import { auditOf, collect, fresh } from './samples.ts';
import { propose, step } from './scenario.ts';
import { storeKinds, type OpenedStore } from './store-kinds.ts';

describe.each(storeKinds)('the audit trail on $name', (kind) => {
  let store: OpenedStore;
  beforeAll(async () => {
    store = await kind.open();
  });
  afterAll(() => store.dispose());

  const rows = (range: { since?: string; until?: string } = {}) => collect(store.stores.audit.rows(range));

  test('an empty trail has a head of zeros and no rows', async () => {
    expect(await store.stores.audit.head()).toEqual({ size: 0, rowHash: '0'.repeat(64) });
    expect(await rows()).toEqual([]);
  });

  test('rows are numbered from 0 and chained by the published formula', async () => {
    const first = await store.stores.audit.append(
      auditOf('suspended', { body: { reason: 'ä\u0000\ud800 "x"' } }),
    );
    await step(store.stores, await propose(store.stores), 'rejected', { audit: auditOf('rejected') });
    const last = await store.stores.audit.append(
      auditOf('resumed', { incidentNumber: 7, remediationId: 42 }),
    );
    const trail = await rows();
    expect(trail.map((row) => row.seq)).toEqual([0, 1, 2, 3]);
    expect(first).toEqual({ size: 1, rowHash: trail[0]?.rowHash });
    expect(last).toEqual({ size: 4, rowHash: trail[3]?.rowHash });
    expect(await store.stores.audit.head()).toEqual(last);
    expect(trail[3]).toMatchObject({
      kind: 'resumed',
      incidentId: 'INC-7',
      remediationId: '42',
      actor: 'tester',
    });
    let previous = '0'.repeat(64);
    for (const row of trail) {
      expect(row.prevHash).toBe(previous);
      expect(recomputed(row)).toEqual({ leafHash: row.leafHash, rowHash: row.rowHash });
      previous = row.rowHash;
    }
    expect(verifyChain(trail)).toMatchObject({ status: 'intact', stubs: 0 });
  });

  test('a long text becomes attachments in front of its row', async () => {
    const before = (await store.stores.audit.head()).size;
    await store.stores.audit.append(auditOf('model_call', { body: { text: 'ä'.repeat(100_000) } }));
    const added = (await rows()).slice(before);
    expect(added.length).toBeGreaterThan(3);
    expect(added.slice(0, -1).every((row) => row.kind === 'attachment')).toBe(true);
    expect(added.at(-1)?.kind).toBe('model_call');
    expect(verifyChain(await rows())).toMatchObject({ status: 'intact' });
  });

  test('many writers make one dense chain', async () => {
    const before = (await store.stores.audit.head()).size;
    await Promise.all(
      Array.from({ length: 40 }, (_, n) => store.stores.audit.append(auditOf('effect', { body: { n } }))),
    );
    const trail = await rows();
    expect(trail).toHaveLength(before + 40);
    expect(verifyChain(trail)).toMatchObject({ status: 'intact' });
  });

  test('what is outside a range stays as a stub, so that the chain is whole', async () => {
    const at = (minute: string) => ({ at: `2026-11-21T00:${minute}:00.000Z` });
    for (const minute of ['10', '20', '30']) await store.stores.audit.append(auditOf('effect', at(minute)));
    const trail = await rows({ since: at('20').at, until: at('30').at });
    const shown = trail.filter((row) => row.entry !== null);
    expect(shown.map((row) => row.at)).toEqual([at('20').at]);
    const stub = trail.at(-1);
    expect(stub).toMatchObject({ at: '', kind: '', actor: '', incidentId: '', entry: null });
    expect(verifyChain(trail)).toMatchObject({ status: 'intact', stubs: trail.length - 1 });
  });

  test('a trail longer than a page comes whole and in order', async () => {
    await store.database.query(
      `SELECT count(scutum_sre.append_action('2026-11-22T00:00:00.000Z', 'sre-agent', 'effect', '', '', '', 'tester', '{}'))
         FROM generate_series(1, 2100)`,
      [],
    );
    const { size } = await store.stores.audit.head();
    expect((await rows()).map((row) => row.seq)).toEqual(Array.from({ length: size }, (_, seq) => seq));
  });

  test.each([
    ["UPDATE scutum_sre.sre_actions SET actor = 'nobody'"],
    ['DELETE FROM scutum_sre.sre_actions WHERE seq = 0'],
    ['TRUNCATE scutum_sre.sre_actions'],
    ["SET session_replication_role = 'replica'; DELETE FROM scutum_sre.sre_actions WHERE seq = 0"],
  ])('even the owner is refused: %s', async (sql) => {
    const { size } = await store.stores.audit.head();
    await expect(store.database.transaction((tx) => tx.query(sql, []))).rejects.toThrow('append-only');
    expect((await store.stores.audit.head()).size).toBe(size);
  });

  test.each([{ at: 'yesterday' }, { at: '2026-13-40T00:00:00.000Z' }])(
    'refuses a row at $at',
    async (wrong) => {
      await expect(store.stores.audit.append(auditOf('effect', wrong))).rejects.toMatchObject({
        name: 'StoreError',
      });
    },
  );

  test('an effect that fails takes its audit row with it', async () => {
    const id = fresh('sla');
    const contract = {
      id,
      scope: {},
      metric: 'p95_ms',
      target: 1,
      windowMinutes: 5,
      suspendedUntil: 'never',
    } as const;
    const { size } = await store.stores.audit.head();
    await expect(store.stores.slas.setSla(contract, auditOf('sla_changed'))).rejects.toThrow();
    expect((await store.stores.audit.head()).size).toBe(size);
  });
});

/** reliability.md §2, written again with node:crypto alone. */
function recomputed(row: AuditRow): { readonly leafHash: string; readonly rowHash: string } {
  const leaf = createHash('sha256')
    .update(Buffer.concat([Buffer.of(0), Buffer.from(row.entry ?? '')]))
    .digest();
  const seq = Buffer.alloc(8);
  seq.writeBigUInt64BE(BigInt(row.seq));
  const link = Buffer.concat([
    Buffer.from('scutum-sre-row-v1\0'),
    Buffer.from(row.prevHash, 'hex'),
    seq,
    leaf,
  ]);
  return { leafHash: leaf.toString('hex'), rowHash: createHash('sha256').update(link).digest('hex') };
}

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lockSuspension } from '../../../src/adapters/postgres/control-store.ts';
import { auditOf, collect, fresh } from './samples.ts';
import { storeKinds, type OpenedStore } from './store-kinds.ts';

describe.each(storeKinds)('control on $name', (kind) => {
  let store: OpenedStore;
  beforeAll(async () => {
    store = await kind.open();
  });
  afterAll(() => store.dispose());

  test('the kill switch is off at first and says why and when it was set', async () => {
    const { control, audit } = store.stores;
    expect(await control.suspension()).toEqual({ suspended: false, reason: null, at: null });
    await control.setSuspension(true, 'drill\u0007', auditOf('suspended'));
    const set = await control.suspension();
    expect(set).toMatchObject({ suspended: true, reason: 'drill\\u{7}' });
    expect(set.at).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
    await control.setSuspension(false, 'over', auditOf('resumed'));
    expect(await control.suspension()).toMatchObject({ suspended: false, reason: 'over' });
    const kinds = (await collect(audit.rows({}))).map((row) => row.kind);
    expect(kinds).toEqual(['suspended', 'resumed']);
  });

  test('suspending waits for an intent that was granted before it', async () => {
    const { control } = store.stores;
    const order: string[] = [];
    let suspending: Promise<void> = Promise.resolve();
    await store.database.transaction(async (tx) => {
      expect((await lockSuspension(tx)).suspended).toBe(false);
      suspending = control
        .setSuspension(true, 'now', auditOf('suspended'))
        .then(() => void order.push('suspended'));
      await tx.query('SELECT pg_sleep(0.2)', []);
      order.push('intent');
    });
    await suspending;
    expect(order).toEqual(['intent', 'suspended']);
    await control.setSuspension(false, '', auditOf('resumed'));
  });

  test('a worker lives by its heartbeat, and the one that can write to the gateway is the one that counts', async () => {
    const { control, ownFacts } = store.stores;
    const read = async () => {
      const reading = await ownFacts.read('own.worker', AbortSignal.timeout(2_000));
      return reading.status === 'known' ? reading.value : null;
    };
    expect(await read()).toEqual({ heartbeatAgeMs: null, gatewayWriteAgeMs: null });
    const [able, blind] = [fresh('able'), fresh('blind')];
    await control.heartbeat({ id: able, gatewayWriteProven: true });
    await control.heartbeat({ id: able, gatewayWriteProven: false });
    await control.heartbeat({ id: blind, gatewayWriteProven: false });
    const both = await read();
    expect(both?.heartbeatAgeMs).toBeLessThan(15_000);
    expect(both?.gatewayWriteAgeMs).toBeGreaterThanOrEqual(both?.heartbeatAgeMs ?? 0);
    await store.database.query(
      "UPDATE scutum_sre.workers SET heartbeat_at = heartbeat_at - interval '16 seconds' WHERE id = $1",
      [able],
    );
    expect(await read()).toMatchObject({ gatewayWriteAgeMs: null });
    await control.retireWorker(blind);
    expect((await read())?.heartbeatAgeMs).toBeGreaterThan(16_000);
    await store.database.query(
      "UPDATE scutum_sre.workers SET heartbeat_at = heartbeat_at - interval '2 days'",
      [],
    );
    await control.heartbeat({ id: blind, gatewayWriteProven: false });
    expect(await store.database.query('SELECT id FROM scutum_sre.workers', [])).toEqual([{ id: blind }]);
  });
});

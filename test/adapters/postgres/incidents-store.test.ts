import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Signal } from '../../../src/core/incident.ts';
import { hasShared, sharedFolder } from '../../support/database.ts';
import { auditOf, fresh, signalOf } from './samples.ts';
import { openIncident } from './scenario.ts';
import { storeKinds, type OpenedStore } from './store-kinds.ts';

describe.each(storeKinds)('incidents on $name', (kind) => {
  let store: OpenedStore;
  beforeAll(async () => {
    store = await kind.open();
  });
  afterAll(() => store.dispose());

  const fold = (
    signals: readonly Signal[],
    more: { judges?: readonly Signal['kind'][]; closeAfterMs?: number } = {},
  ) => store.stores.incidents.fold({ signals, judges: [], closeAfterMs: 300_000, actor: 'tester', ...more });
  const find = async (provider: string) =>
    (await store.stores.incidents.listIncidents({ open: false, limit: 1_000 })).filter(
      (incident) => incident.scope['provider'] === provider,
    );
  const trailOf = async (number: number) => {
    const kinds: string[] = [];
    for await (const row of store.stores.audit.rows({}))
      if (row.incidentId === `INC-${number}`) kinds.push(row.kind);
    return kinds;
  };

  test('signals of one condition fold into one incident', async () => {
    const provider = fresh('provider');
    const asserted = signalOf(provider, {
      source: 'alertmanager',
      confirmed: false,
      summary: 'somebody says so',
      payload: { alert: 1 },
    });
    await fold([asserted]);
    const [first] = await find(provider);
    expect(first).toMatchObject({
      confirmed: false,
      occurrences: 1,
      sources: ['alertmanager'],
      escalation: null,
    });
    await fold([signalOf(provider), asserted]);
    await fold([{ ...asserted, summary: 'again', payload: { alert: 2 } }]);
    const folded = await find(provider);
    expect(folded).toHaveLength(1);
    expect(folded[0]).toMatchObject({
      number: first?.number,
      openedAt: first?.openedAt,
      occurrences: 3,
      confirmed: true,
      summary: `${provider} fails`,
      sources: ['spend_logs', 'alertmanager'],
      payloads: [{ failed: 41 }, { alert: 2 }],
    });
    expect(await trailOf(first?.number ?? 0)).toEqual(['incident_opened']);
  });

  test('folds at once make one incident and count each fold', async () => {
    for (let round = 0; round < 4; round++) {
      const provider = fresh('provider');
      await Promise.all(
        Array.from({ length: 10 }, () => fold([signalOf(provider), signalOf(fresh('other'))])),
      );
      const found = await find(provider);
      expect(found).toHaveLength(1);
      expect(found[0]?.occurrences).toBe(10);
    }
  });

  test('an incident closes when nobody who can judge its kind has seen it for long enough', async () => {
    const [gone, seen, unjudged] = [fresh('gone'), fresh('seen'), fresh('unjudged')];
    await fold([signalOf(gone), signalOf(seen), signalOf(unjudged, { kind: 'latency.spike' })]);
    await store.database.query(
      "UPDATE scutum_sre.incidents SET last_seen_at = last_seen_at - interval '6 minutes' WHERE scope->>'provider' = ANY($1)",
      [[gone, seen, unjudged]],
    );
    await fold([signalOf(seen)], { judges: ['provider.unhealthy'] });
    const state = async (provider: string) => (await find(provider)).map(({ closedAt }) => closedAt === null);
    expect([await state(gone), await state(seen), await state(unjudged)]).toEqual([[false], [true], [true]]);
    const [closed] = await find(gone);
    expect(await trailOf(closed?.number ?? 0)).toEqual(['incident_opened', 'incident_closed']);
    expect(await store.stores.incidents.listIncidents({ open: true, limit: 1_000 })).not.toContainEqual(
      closed,
    );
    await fold([signalOf(gone)]);
    expect(await state(gone)).toEqual([true, false]);
  });

  test('lists the newest first and no more than asked for', async () => {
    await fold([signalOf(fresh('provider')), signalOf(fresh('provider')), signalOf(fresh('provider'))]);
    const [first, second] = await store.stores.incidents.listIncidents({ open: true, limit: 2 });
    expect(second?.number).toBe((first?.number ?? 0) - 1);
    expect(await store.stores.incidents.listIncidents({ open: true, limit: 2 })).toHaveLength(2);
    expect(await store.stores.incidents.getIncident(first?.number ?? 0)).toEqual(first);
    expect(await store.stores.incidents.getIncident(999_999)).toBeNull();
  });

  test('an escalation is kept with its incident, and only pages that went out count', async () => {
    const { incidents } = store.stores;
    const number = await openIncident(store.stores);
    const before = await incidents.countPages();
    await incidents.recordEscalation(
      number,
      { reason: 'no pager', pagedAt: null },
      auditOf('escalated', { incidentNumber: number }),
    );
    expect(await incidents.countPages()).toBe(before);
    const escalation = { reason: 'nothing fits', pagedAt: '2026-11-20T02:12:00.000Z' };
    await incidents.recordEscalation(number, escalation, auditOf('escalated', { incidentNumber: number }));
    expect((await incidents.getIncident(number))?.escalation).toEqual(escalation);
    expect(await incidents.countPages()).toBe(before + 1);
    await store.database.query("UPDATE scutum_sre.pages SET sent_at = sent_at - interval '61 minutes'", []);
    expect(await incidents.countPages()).toBe(0);
    expect(await trailOf(number)).toEqual(['incident_opened', 'escalated', 'escalated']);
  });

  test('NUL, lone surrogates and huge payloads are stored visibly', async () => {
    const provider = fresh('provider');
    await fold([
      signalOf(provider, {
        scope: { provider, team: 'a\u0000b\ud800' },
        summary: 'bad\u0000 text\u202e',
        payload: { 'key\u0000': 'v\u0000\ud800', long: 'x'.repeat(200_000) },
      }),
    ]);
    const [stored] = await find(provider);
    expect(stored?.summary).toBe('bad\\u{0} text\\u{202E}');
    expect(JSON.stringify(stored?.payloads)).toContain('v\\\\u{0}');
    expect(JSON.stringify(stored?.payloads).length).toBeLessThan(120_000);
    await fold([signalOf(provider, { scope: { provider, team: 'a\u0000b\ud800' } })]);
    expect((await find(provider))[0]?.occurrences).toBe(2);
  });

  test.skipIf(!hasShared)('every string of the hostile corpus goes in and comes out once', async () => {
    const file = new URL('corpora/hostile-strings/blns.json', sharedFolder);
    const strings = z.array(z.string()).parse(JSON.parse(readFileSync(file, 'utf8')));
    const scopes = [...new Set(strings.map((text) => text.slice(0, 512)))];
    const mark = fresh('hostile');
    const signals = scopes.map((team) =>
      signalOf(mark, { scope: { provider: mark, team }, summary: team, payload: { team } }),
    );
    await fold(signals);
    await fold(signals);
    const stored = await find(mark);
    expect(stored).toHaveLength(scopes.length);
    expect(new Set(stored.map((incident) => incident.scope['team']))).toEqual(new Set(scopes));
    expect(stored.every((incident) => incident.occurrences === 2)).toBe(true);
  });
});

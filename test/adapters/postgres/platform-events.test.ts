import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createPlatformEventSource } from '../../../src/adapters/postgres/platform-events.ts';
import type { JsonValue } from '../../../src/core/json.ts';
import { realTempo, type Tempo } from '../../../src/core/tempo.ts';
import { hostileTexts, storable, textsIn, unseen } from '../../support/hostile-texts.ts';
import { storeKinds, type OpenedStore } from './store-kinds.ts';

describe.each(storeKinds)('platform events on $name', ({ open }) => {
  let store: OpenedStore;
  beforeAll(async () => {
    store = await open();
  });
  beforeEach(() => store.database.query('DELETE FROM scutum_sre.platform_events', []));
  afterAll(() => store.dispose());

  interface EventRow {
    readonly source?: string;
    readonly id?: string;
    readonly type?: string | null;
    readonly subject?: string | null;
    /** Seconds ago; null for no time. */
    readonly ago?: number | null;
    readonly data?: JsonValue;
  }
  let serial = 0;
  const insert = (...rows: readonly EventRow[]) =>
    store.database.query(
      `INSERT INTO scutum_sre.platform_events (source, id, type, time, subject, data)
       SELECT v->>'source', v->>'id', v->>'type', now() - (v->>'ago')::float8 * interval '1 second', v->>'subject', v->'data'
       FROM jsonb_array_elements($1::jsonb) v ON CONFLICT (source, id) DO NOTHING`,
      [
        JSON.stringify(
          rows.map((row) => ({
            source: '/scutum/gateway/eu',
            id: `evt_${serial++}`,
            type: 'provider.unhealthy',
            subject: 'openai',
            ago: 10,
            data: null,
            ...row,
          })),
        ),
      ],
    );
  const detect = (tempo: Tempo = realTempo) =>
    createPlatformEventSource({ query: store.database.query, tempo }).detect(AbortSignal.timeout(10_000));

  test('an event is an unconfirmed signal with its whole payload', async () => {
    await insert({ id: 'evt_01', data: { error_rate: 0.31, requests: 58 } });
    const found = await detect();
    expect(found).toMatchObject({ judges: [], warnings: [] });
    expect(found.signals).toMatchObject([
      {
        kind: 'provider.unhealthy',
        scope: { provider: 'openai' },
        summary: 'event provider.unhealthy from /scutum/gateway/eu: provider openai',
        source: 'platform_events',
        confirmed: false,
        payload: {
          source: '/scutum/gateway/eu',
          id: 'evt_01',
          type: 'provider.unhealthy',
          subject: 'openai',
          data: { error_rate: 0.31, requests: 58 },
        },
      },
    ]);
  });

  test('the same source and id twice is one event', async () => {
    await insert({ id: 'evt_01' });
    await insert({ id: 'evt_01' });
    await insert({ id: 'evt_01', source: '/other' });
    expect((await detect()).signals).toHaveLength(2);
  });

  test('an event asserts for fifteen minutes', async () => {
    await insert({ ago: 890 }, { ago: 910 });
    expect((await detect()).signals).toHaveLength(1);
    await insert({ ago: 20 });
    expect((await detect({ minuteMs: 1_000 })).signals).toHaveLength(0);
  });

  test('without a time, or from the future, it is said and ignored', async () => {
    await insert({ ago: null }, { ago: -200 }, { ago: -400 });
    const found = await detect();
    expect(found.signals).toHaveLength(1);
    expect(found.warnings).toEqual([
      {
        code: 'platform_events',
        detail: '2 platform events have no time, or one in the future, and are ignored',
      },
    ]);
  });

  test('an unknown type is an alert of that name', async () => {
    await insert({ type: 'disk.full', subject: 'host-1' });
    expect((await detect()).signals).toMatchObject([
      { kind: 'alert', scope: { alertname: 'disk.full', subject: 'host-1' } },
    ]);
  });

  test('what cannot be understood is counted', async () => {
    await insert(
      { subject: null },
      { type: null },
      { subject: null, data: [1] },
      { subject: null, data: 'x' },
    );
    const found = await detect();
    expect(found.signals).toEqual([]);
    expect(found.warnings.map(({ detail }) => detail)).toEqual([
      '1 platform events could not be read',
      '3 platform events have neither a subject nor data that say what they are about',
    ]);
  });

  test('data beyond 64 Ki characters is left out, and said', async () => {
    await insert({ data: { text: 'x'.repeat(70_000) } });
    expect((await detect()).signals[0]?.payload['data']).toBe('left out: more than 65536 characters');
  });

  test('of a flood only the newest are taken, and that is said', async () => {
    await insert(...Array.from({ length: 510 }, (_item, n) => ({ subject: `p${n}`, ago: n })));
    const found = await detect();
    expect(found.signals).toHaveLength(500);
    expect(found.signals[0]?.scope).toEqual({ provider: 'p0' });
    expect(found.warnings).toMatchObject([{ detail: expect.stringContaining('more than 500') as string }]);
  });

  test('hostile text in every column comes out visible', async () => {
    const texts = hostileTexts().map((text) => storable(text).slice(0, 500));
    for (const type of ['provider.unhealthy', null]) {
      await store.database.query('DELETE FROM scutum_sre.platform_events', []);
      await insert(
        ...texts.map((text, n) => ({
          source: text,
          id: `${n} ${text}`,
          type: type ?? `x${text}`,
          subject: text,
          data: { [`k${text}`]: text, list: [text, { text }] },
        })),
      );
      const found = await detect();
      expect(found.signals.length).toBeGreaterThan(texts.length - 5);
      for (const text of textsIn(found)) expect(text).not.toMatch(unseen);
    }
  });

  test('a secret in an event is not kept', async () => {
    const key = 'sk-proj-0123456789abcdefghijABCDEFGHIJ0123456789';
    await insert({ data: { api_key: key, note: `used ${key}` } });
    expect(JSON.stringify(await detect())).not.toContain(key);
  });

  test('a store that is away is told', async () => {
    const source = createPlatformEventSource({
      query: () => Promise.reject(new Error('connection lost')),
      tempo: realTempo,
    });
    await expect(source.detect(AbortSignal.timeout(1_000))).rejects.toMatchObject({
      code: 'platform_events_unreachable',
    });
  });
});

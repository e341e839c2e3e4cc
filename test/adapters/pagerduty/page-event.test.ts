import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { resolveEvent, triggerEvent } from '../../../src/adapters/pagerduty/page-event.ts';

const event = (given: {
  readonly summary?: string;
  readonly dedupKey?: string;
  readonly source?: string;
  readonly details?: Readonly<Record<string, string>>;
}) =>
  triggerEvent({
    dedupKey: given.dedupKey ?? 'scutum-sre/INC-7/page',
    page: { summary: given.summary ?? 'anthropic fails', severity: 'critical' },
    source: given.source ?? 'prod',
    details: given.details ?? {},
  });

describe('page events', () => {
  test('a trigger has everything Events v2 asks for', () => {
    expect(event({ details: { incident: 'INC-7' } })).toEqual({
      body: {
        event_action: 'trigger',
        dedup_key: 'scutum-sre/INC-7/page',
        client: 'scutum-sre',
        payload: {
          summary: 'anthropic fails',
          source: 'prod',
          severity: 'critical',
          custom_details: { incident: 'INC-7' },
        },
      },
      cuts: [],
    });
  });

  test('a resolve has the key only', () => {
    expect(resolveEvent('a/b').body).toEqual({ event_action: 'resolve', dedup_key: 'a/b' });
  });

  test('what is cut is said in the event itself', () => {
    const { body, cuts } = event({
      summary: 's'.repeat(2_000),
      details: {
        log: 'l'.repeat(5_000),
        ...Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`d${n}`, 'x'])),
      },
    });
    expect(cuts).toEqual([
      'summary cut from 2000 to 1024 characters',
      '11 of 51 details left out',
      'details.log cut from 5000 to 1024 characters',
    ]);
    expect(body).toMatchObject({ payload: { custom_details: { cut: cuts.join('; ') } } });
  });

  test('a long key keeps two alerts apart', () => {
    const long = 'k'.repeat(300);
    const [a, b] = [event({ dedupKey: `${long}a` }), resolveEvent(`${long}b`)];
    expect(a.body['dedup_key']).not.toBe(b.body['dedup_key']);
    expect(resolveEvent(`${long}a`).body['dedup_key']).toBe(a.body['dedup_key']);
    expect(a.cuts).toHaveLength(1);
  });

  test('secrets and hidden characters do not leave', () => {
    const key = ['sk-ant-api03-', 'Lp2jfTuOQPeWIDtcKZ1Dw0gBEHum3adzqxMhGx3taeY5jvDR3q9lVuDAm3zwr8Fw'].join(
      '',
    );
    const sent = JSON.stringify(
      event({ summary: `key ${key} \u202egnp`, details: { error: `Bearer ${key}` } }),
    );
    expect(sent).not.toContain(key);
    expect(sent).toContain('u{202E}');
  });

  test('every text fits its limit, whatever it is', () => {
    const text = fc.string({ unit: 'binary', maxLength: 3_000 });
    fc.assert(
      fc.property(
        text,
        text,
        text,
        fc.dictionary(text, text, { maxKeys: 3 }),
        (summary, dedupKey, source, details) => {
          const { body } = event({ summary, dedupKey, source, details });
          const { payload, dedup_key } = JSON.parse(JSON.stringify(body));
          expect(payload.summary.length).toBeGreaterThan(0);
          expect(payload.summary.length).toBeLessThanOrEqual(1024);
          expect(payload.source.length).toBeLessThanOrEqual(255);
          expect(dedup_key.length).toBeLessThanOrEqual(255);
          expect(JSON.stringify(body).length).toBeLessThan(128 * 1024);
        },
      ),
      { numRuns: 15 },
    );
  });
});

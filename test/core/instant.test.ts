import fc from 'fast-check';
import { expect, test } from 'vitest';
import { instantMs, instantText } from '../../src/core/instant.ts';

const first = Date.UTC(0, 0, 1) - (Date.UTC(1900, 0, 1) - Date.parse('0000-01-01T00:00:00.000Z'));
const last = Date.parse('9999-12-31T23:59:59.999Z');

test('agrees with the platform on every instant of the years 0000 to 9999', () => {
  fc.assert(
    fc.property(fc.integer({ min: first, max: last }), (ms) => {
      const text = new Date(ms).toISOString();
      expect(instantText(ms)).toBe(text);
      expect(instantMs(text)).toBe(ms);
    }),
    { numRuns: 5000 },
  );
  for (const ms of [first, last, 0, -1, 951_782_400_000])
    expect(instantText(ms)).toBe(new Date(ms).toISOString());
});

test.each([
  ['2026-11-20T02:10:00Z', 1795140600000],
  ['2026-11-20T02:10:00.5Z', 1795140600500],
  ['2026-11-20T02:10:00.123456Z', 1795140600123],
  ['2026-11-20T03:10:00+01:00', 1795140600000],
  ['2026-11-19T20:40:00.000-05:30', 1795140600000],
  ['2024-02-29T00:00:00Z', 1709164800000],
])('%s', (text, ms) => {
  expect(instantMs(text)).toBe(ms);
  expect(new Date(text).getTime()).toBe(ms);
});

test.each([
  '',
  'soon',
  '2026-11-20',
  '2026-11-20T02:10:00',
  '2026-11-20 02:10:00Z',
  '2026-13-01T00:00:00Z',
  '2026-00-01T00:00:00Z',
  '2025-02-29T00:00:00Z',
  '1900-02-29T00:00:00Z',
  '2026-04-31T00:00:00Z',
  '2026-11-20T24:00:00Z',
  '2026-11-20T02:60:00Z',
  '2026-11-20T02:10:60Z',
  '2026-11-20T02:10:00+24:00',
  '2026-11-20T02:10:00Z\n',
])('%j is no instant', (text) => {
  expect(instantMs(text)).toBeNull();
});

test('an instant outside the four-digit years is refused', () => {
  expect(() => instantText(last + 1)).toThrow('outside the years 0000 to 9999');
  expect(() => instantText(first - 1)).toThrow('outside the years 0000 to 9999');
  expect(() => instantText(Number.NaN)).toThrow('outside the years 0000 to 9999');
});

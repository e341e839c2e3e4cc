import { describe, expect, it } from 'vitest';
import { age, countdown, dateTime, msUntil } from '../../src/tui/durations.ts';

describe('durations', () => {
  it.each([
    [0, '0:00'],
    [-5_000, '0:00'],
    [1, '0:01'],
    [59_001, '1:00'],
    [552_000, '9:12'],
    [3_600_000, '1:00:00'],
    [3_725_000, '1:02:05'],
  ])('%i ms counts down as %s', (ms, text) => {
    expect(countdown(ms)).toBe(text);
  });

  it('tells how long ago, and instants', () => {
    const now = '2026-11-20T02:10:00.000Z';
    expect(age('2026-11-20T02:09:30.000Z', now)).toBe('under 1 min');
    expect(age('2026-11-20T02:01:12.000Z', now)).toBe('8 min');
    expect(age('2026-11-19T23:55:00.000Z', now)).toBe('2 h 15 min');
    expect(age('2026-11-15T02:10:00.000Z', now)).toBe('5 days');
    expect(dateTime(now)).toBe('2026-11-20 02:10:00 UTC');
    expect(msUntil('2026-11-20T02:11:00.000Z', now)).toBe(60_000);
  });
});

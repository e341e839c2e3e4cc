import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { roundAddends, roundHundredths } from '../../../src/core/risk/round.ts';

describe('roundHundredths', () => {
  test.each([
    [17.545, 17.55],
    [1.005, 1.01],
    [30.625, 30.63],
    [48.125, 48.13],
    [17.5449, 17.54],
    [0.1 + 0.2, 0.3],
    [-0.005, 0],
    [-0.006, -0.01],
    [100, 100],
    [0, 0],
  ])('%d becomes %d', (value, rounded) => {
    expect(roundHundredths(value)).toBe(rounded);
  });

  test('what is no number stays none', () => {
    expect(roundHundredths(Number.NaN)).toBeNaN();
    expect(roundHundredths(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
  });

  test('never falls when its argument rises', () => {
    const value = fc.double({ min: -200, max: 200, noNaN: true });
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(roundHundredths(Math.min(a, b))).toBeLessThanOrEqual(roundHundredths(Math.max(a, b)));
      }),
    );
  });

  test('every half of a hundredth goes up', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000 }), (hundredths) => {
        expect(roundHundredths((hundredths * 10 + 5) / 1000)).toBe((hundredths + 1) / 100);
      }),
    );
  });
});

describe('roundAddends', () => {
  test('lowers the last of two halves, so that they still sum to their sum', () => {
    expect(roundAddends([3.005, 12.125], 15.13)).toEqual([3.01, 12.12]);
  });
  test('raises the largest remainder when plain rounding would lose a hundredth', () => {
    expect(roundAddends([1.004, 2.0045, 3.0042], 6.0127)).toEqual([1, 2.01, 3]);
  });
  test('leaves exact addends alone', () => {
    expect(roundAddends([7.8, 0, 0, 0, 13.83], 21.63)).toEqual([7.8, 0, 0, 0, 13.83]);
  });

  test('sums to the rounded total, each within a hundredth, none below zero', () => {
    const addends = fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(addends, (values) => {
        const total = values.reduce((sum, value) => sum + value, 0);
        const rounded = roundAddends(values, total);
        expect(inHundredths(rounded)).toBe(Math.round(roundHundredths(total) * 100));
        rounded.forEach((value, index) => {
          expect(Math.abs(value - (values[index] ?? Number.NaN))).toBeLessThan(0.010_001);
          expect(value).toBeGreaterThanOrEqual(0);
        });
      }),
    );
  });
});

function inHundredths(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + Math.round(value * 100), 0);
}

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRandom } from '../../src/sandbox/random.ts';

const take = (seed: number, count: number) => {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => random.next());
};

describe('seeded random numbers', () => {
  test('are the same for a seed and others for another', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        expect(take(seed, 5)).toEqual(take(seed, 5));
        expect(take(seed, 5)).not.toEqual(take(seed + 1, 5));
      }),
    );
  });

  test('fill [0, 1) evenly', () => {
    const values = take(1, 10_000);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    for (let tenth = 0; tenth < 10; tenth += 1) {
      const share = values.filter((value) => Math.floor(value * 10) === tenth).length / values.length;
      expect(share).toBeGreaterThan(0.08);
      expect(share).toBeLessThan(0.12);
    }
  });

  test('pick by weight, and never what has none', () => {
    const random = createRandom(3);
    const items = [
      { name: 'never', weight: 0 },
      { name: 'rare', weight: 1 },
      { name: 'often', weight: 9 },
    ];
    const drawn = Array.from({ length: 2_000 }, () => random.pick(items, ({ weight }) => weight).name);
    const share = (name: string) => drawn.filter((one) => one === name).length / drawn.length;
    expect(share('never')).toBe(0);
    expect(share('often')).toBeGreaterThan(0.85);
    expect(() => random.pick([], () => 1)).toThrow('nothing to pick from');
  });

  test('response times spread around 1', () => {
    const random = createRandom(5);
    const factors = Array.from({ length: 2_000 }, () => random.spread()).toSorted((a, b) => a - b);
    expect(factors[1_000]).toBeGreaterThan(0.95);
    expect(factors[1_000]).toBeLessThan(1.05);
    expect(factors[0]).toBeGreaterThan(0.3);
    expect(factors.at(-1)).toBeLessThan(3);
  });
});

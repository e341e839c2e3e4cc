import { expect, test } from 'vitest';
import type { SpendGrowth } from '../../src/core/evidence.ts';
import { isRunaway, spendOutlier } from '../../src/core/spend-outlier.ts';

const row = (id: string, lastHourUsd: number, meanHourUsd: number): SpendGrowth => ({
  kind: 'key',
  id,
  teamId: null,
  orgId: null,
  lastHourUsd,
  meanHourUsd,
});

test.each([
  ['nobody', [], null],
  ['one that runs away', [row('a', 9, 3)], 'a'],
  ['one just under three times its mean hour', [row('a', 8.99, 3)], null],
  ['one without a history', [row('a', 5, 0)], 'a'],
  ['one that spends nothing', [row('a', 0, 0)], null],
  ['the fastest at twice the next', [row('b', 4, 1), row('a', 7, 1)], 'a'],
  ['the fastest below twice the next', [row('b', 4.01, 1), row('a', 7, 1)], null],
  ['two alike', [row('a', 30, 1), row('b', 30, 1)], null],
  ['a shrinking neighbour', [row('a', 9, 3), row('b', 1, 50)], 'a'],
  ['cents beside hundreds', [row('new', 0.05, 0), row('busy', 900, 100)], 'busy'],
  ['the fastest grows, but does not run away', [row('big', 250, 100), row('small', 9, 1)], null],
])('%s', (_name, rows, id) => {
  expect(spendOutlier(rows)?.id ?? null).toBe(id);
  expect(spendOutlier(rows.toReversed())?.id ?? null).toBe(id);
});

test('three times is the mark', () => {
  expect(isRunaway(row('a', 6, 2))).toBe(true);
  expect(isRunaway(row('a', 5.99, 2))).toBe(false);
});

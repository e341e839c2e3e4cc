import type { SpendGrowth } from './evidence.ts';

/** Times its own mean hour at which a team or key counts as running away. */
export const runawayFactor = 3;
/** Times the next one's growth at which the fastest is the only culprit. */
export const outlierFactor = 2;

/** True when the last hour cost at least three times the mean hour of the day before, and anything at all. */
export function isRunaway(row: SpendGrowth): boolean {
  return row.lastHourUsd > 0 && row.lastHourUsd >= runawayFactor * row.meanHourUsd;
}

/**
 * The one row that explains the growth, or null: it runs away, and its growth is at least twice the next one's. Growth
 * is in USD over its own mean hour, so that a new key with cents never outweighs a busy one with hundreds. Rows must
 * be of one kind: a team contains its keys. A tie has no outlier.
 */
export function spendOutlier(rows: readonly SpendGrowth[]): SpendGrowth | null {
  const ranked = rows.toSorted((a, b) => growthUsd(b) - growthUsd(a) || (a.id < b.id ? -1 : 1));
  const [fastest, next] = ranked;
  if (fastest === undefined || !isRunaway(fastest)) return null;
  const nextGrowth = next === undefined ? 0 : growthUsd(next);
  return growthUsd(fastest) > 0 && growthUsd(fastest) >= outlierFactor * nextGrowth ? fastest : null;
}

function growthUsd(row: SpendGrowth): number {
  return Math.max(0, row.lastHourUsd - row.meanHourUsd);
}

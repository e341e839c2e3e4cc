/** A hundred-millionth: finer than any figure shown, coarser than the noise of binary fractions. */
const unitsPerOne = 1e8;
const unitsPerHundredth = 1e6;

/**
 * Rounds half up to hundredths (towards +∞ at exactly half). Noise of binary fractions is removed first, so that
 * 17.545, which a double holds as 17.54499…, becomes 17.55. Monotone; NaN and infinities come back as they are.
 */
export function roundHundredths(value: number): number {
  return Math.floor((toUnits(value) + unitsPerHundredth / 2) / unitsPerHundredth) / 100;
}

/**
 * Rounds addends to hundredths so that they still sum to the rounded `total`, which must be their sum: largest
 * remainder. All are rounded down, then the largest remainders up until the sum fits, the first of equals first.
 * Each result is within 0.01 of its addend, exact ones stay, and where plain rounding fits this is plain rounding.
 */
export function roundAddends(addends: readonly number[], total: number): readonly number[] {
  const rows = addends.map((addend, index) => {
    const units = toUnits(addend);
    const whole = Math.floor(units / unitsPerHundredth);
    return { index, whole, rest: units - whole * unitsPerHundredth };
  });
  const sum = rows.reduce((before, row) => before + row.whole, 0);
  const missing = Math.round(roundHundredths(total) * 100) - sum;
  const byRest = rows.toSorted((a, b) => b.rest - a.rest || a.index - b.index);
  const raised = new Set(byRest.slice(0, missing).map((row) => row.index));
  return rows.map((row) => (row.whole + (raised.has(row.index) ? 1 : 0)) / 100);
}

function toUnits(value: number): number {
  return Math.round(value * unitsPerOne);
}

/** A number for people: at most two decimals. */
export function shownNumber(value: number): string {
  return String(Math.round(value * 100) / 100);
}

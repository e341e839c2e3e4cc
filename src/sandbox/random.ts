/** Random numbers that are the same for the same seed on every machine. Not for secrets. */
export interface SeededRandom {
  /** Uniform in [0, 1). */
  readonly next: () => number;
  /** True with this probability in 0–1. */
  readonly chance: (probability: number) => boolean;
  /** One of the items with a chance in proportion to its weight. Throws on an empty list. */
  readonly pick: <T>(items: readonly T[], weight: (item: T) => number) => T;
  /** A factor around 1 as response times spread: mostly 0.7–1.4, at most 3. */
  readonly spread: () => number;
  /** Lower-case hex of this many characters. */
  readonly hex: (length: number) => string;
}

/** The splitmix32 sequence of a seed (a 32-bit integer). */
export function createRandom(seed: number): SeededRandom {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 4_294_967_296;
  };
  return {
    next,
    chance: (probability) => next() < probability,
    pick: (items, weight) => pick(items, weight, next()),
    spread: () => Math.exp(0.35 * (next() + next() + next() - 1.5) * 2),
    hex: (length) => Array.from({ length }, () => Math.floor(next() * 16).toString(16)).join(''),
  };
}

function pick<T>(items: readonly T[], weight: (item: T) => number, at: number): T {
  const total = items.reduce((sum, item) => sum + weight(item), 0);
  let left = at * total;
  for (const item of items) {
    left -= weight(item);
    if (left < 0) return item;
  }
  const last = items.at(-1);
  if (last === undefined) throw new Error('nothing to pick from');
  return last;
}

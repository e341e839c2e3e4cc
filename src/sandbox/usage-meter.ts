import type { Tempo } from '../core/tempo.ts';

/** One simulated request stands for this many of the customer's: limits are in real requests and tokens a minute. */
const requestsRepresented = 20;

/** Requests and tokens of the current nominal minute, by team or key id. */
export interface UsageMeter {
  /** Which limit this owner has reached; null when there is room. */
  readonly exceeded: (
    id: string,
    limits: { readonly rpmLimit: number | null; readonly tpmLimit: number | null },
    atMs: number,
  ) => 'requests' | 'tokens' | null;
  readonly add: (id: string, tokens: number, atMs: number) => void;
}

/** An empty meter. */
export function createUsageMeter(tempo: Tempo): UsageMeter {
  let minute = Number.NaN;
  const used = new Map<string, { requests: number; tokens: number }>();
  const turnTo = (atMs: number): void => {
    const now = Math.floor(atMs / tempo.minuteMs);
    if (now === minute) return;
    minute = now;
    used.clear();
  };
  return {
    exceeded: (id, limits, atMs) => {
      turnTo(atMs);
      const mine = used.get(id) ?? { requests: 0, tokens: 0 };
      if (limits.rpmLimit !== null && mine.requests >= limits.rpmLimit) return 'requests';
      if (limits.tpmLimit !== null && mine.tokens >= limits.tpmLimit) return 'tokens';
      return null;
    },
    add: (id, tokens, atMs) => {
      turnTo(atMs);
      const mine = used.get(id) ?? { requests: 0, tokens: 0 };
      used.set(id, {
        requests: mine.requests + requestsRepresented,
        tokens: mine.tokens + tokens * requestsRepresented,
      });
    },
  };
}

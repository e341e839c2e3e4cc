import { minutesToMs, type Tempo } from '../core/tempo.ts';
import type { RequestOutcome } from './request-outcome.ts';

/** Recent requests in memory: what the gateway's own counters have seen. */
export interface TrafficLog {
  readonly add: (outcomes: readonly RequestOutcome[]) => void;
  /** Requests that ended in (untilMs − windowMs, untilMs], oldest first. */
  readonly within: (windowMs: number, untilMs: number) => readonly RequestOutcome[];
}

/** Counters are asked about at most an hour; nominal minutes. */
export const logMinutes = 70;

/** An empty log that forgets what is older than `logMinutes`. */
export function createTrafficLog(tempo: Tempo): TrafficLog {
  let kept: RequestOutcome[] = [];
  return {
    add: (outcomes) => {
      const newest = outcomes.at(-1)?.arrival.atMs;
      if (newest === undefined) return;
      const oldest = newest - minutesToMs(tempo, logMinutes);
      kept = [...kept, ...outcomes].filter((outcome) => outcome.arrival.atMs > oldest);
    },
    within: (windowMs, untilMs) =>
      kept.filter(({ arrival: { atMs } }) => atMs > untilMs - windowMs && atMs <= untilMs),
  };
}

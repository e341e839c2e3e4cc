import type { Tempo } from '../core/tempo.ts';
import { simulateRequest, type RequestOutcome, type RequestWorld } from './request-outcome.ts';
import { streams } from './world.ts';

/** How busy the gateway is. */
export const requestsPerMinute = 20;

/** A step of live traffic never makes more than this, however long the machine slept. */
const requestsPerStepMax = 500;

export interface Traffic {
  /** The requests that end in (fromMs, toMs], oldest first, at this many a nominal minute. */
  readonly between: (span: {
    readonly fromMs: number;
    readonly toMs: number;
    readonly perMinute: number;
    readonly max?: number;
  }) => readonly RequestOutcome[];
}

/** A source of requests with evenly spread arrivals; what is left of a fraction carries over to the next span. */
export function createTraffic(world: RequestWorld, tempo: Tempo): Traffic {
  let carried = 0;
  return {
    between: ({ fromMs, toMs, perMinute, max = requestsPerStepMax }) => {
      const due = carried + ((toMs - fromMs) / tempo.minuteMs) * perMinute;
      const count = Math.min(max, Math.max(0, Math.floor(due)));
      carried = Math.min(1, due - count);
      const stepMs = (toMs - fromMs) / Math.max(1, count);
      return Array.from({ length: count }, (_, index) => {
        const atMs = Math.round(fromMs + stepMs * (index + 0.2 + 0.6 * world.random.next()));
        return simulateRequest({ ...drawCaller(world), atMs }, world);
      });
    },
  };
}

function drawCaller({ state, random }: RequestWorld) {
  const stream = random.pick(streams, ({ weight }) => weight);
  const key = [...state.keys.values()].find(({ alias }) => alias === stream.keyAlias);
  const team = key === undefined ? undefined : state.teams.get(key.teamId);
  if (key === undefined || team === undefined)
    throw new Error(`the sandbox has no key \`${stream.keyAlias}\` with a team`);
  return { key, team, modelGroup: stream.modelGroup };
}

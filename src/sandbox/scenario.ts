import { minutesToMs, type Tempo } from '../core/tempo.ts';
import type { GatewayState } from './gateway-state.ts';
import type { ProviderName } from './world.ts';

/** `steady`: nothing is wrong. `provider_outage`: one provider fails most requests. */
export const scenarioNames = ['steady', 'provider_outage'] as const;
export type ScenarioName = (typeof scenarioNames)[number];

/** How the providers behave at a moment. */
export interface Scenario {
  /** Chance that an attempt fails, 0–1. */
  readonly failureChance: (provider: ProviderName, atMs: number) => number;
  /** Lets the story go on: told after each step of traffic. */
  readonly observe: (atMs: number, state: GatewayState) => void;
}

/** Requests go wrong now and then, everywhere. */
const usualFailureChance = 0.004;
export const outageProvider: ProviderName = 'anthropic';
const outageFailureChance = 0.6;
/** The outage is this old when the gateway starts, so that it can be seen at once. Nominal minutes. */
export const outageLeadMinutes = 8;
/** The provider is well again this long after it was taken out of service, before a breaker of 5 minutes closes. */
export const recoveryMinutes = 3;
/** And at the latest after this long, so that an unattended sandbox comes to rest: 40 real minutes there. */
export const outageMinutesMax = 600;

/** A scenario that begins at `startMs` (milliseconds since 1970). */
export function createScenario(
  name: ScenarioName,
  begin: { readonly startMs: number; readonly tempo: Tempo },
): Scenario {
  return name === 'steady' ? steady : providerOutage(begin);
}

const steady: Scenario = { failureChance: () => usualFailureChance, observe: () => undefined };

function providerOutage({ startMs, tempo }: { readonly startMs: number; readonly tempo: Tempo }): Scenario {
  const fromMs = startMs - minutesToMs(tempo, outageLeadMinutes);
  let untilMs = startMs + minutesToMs(tempo, outageMinutesMax);
  let takenOut = false;
  return {
    failureChance: (provider, atMs) =>
      provider === outageProvider && atMs >= fromMs && atMs < untilMs
        ? outageFailureChance
        : usualFailureChance,
    observe: (atMs, state) => {
      if (takenOut) return;
      const mine = [...state.deployments.values()].filter((row) => row.provider === outageProvider);
      takenOut = mine.every((row) => row.blocked);
      if (takenOut) untilMs = Math.min(untilMs, atMs + minutesToMs(tempo, recoveryMinutes));
    },
  };
}

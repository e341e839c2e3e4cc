import { minutesToMs, type Tempo } from '../core/tempo.ts';
import type { GatewayState } from './gateway-state.ts';
import type { GatewayStore } from './gateway-store.ts';
import { historyMinutes } from './history.ts';
import type { RequestOutcome, RequestWorld } from './request-outcome.ts';
import { outcomeCostUsd, spendLogRow } from './spend-log-row.ts';
import type { TrafficLog } from './traffic-log.ts';
import { createTraffic, requestsPerMinute } from './traffic.ts';

export interface LiveTraffic {
  /** Lets the requests since the last step happen: tables, counters, spend. One step at a time. */
  readonly step: () => Promise<void>;
  /** Resolves when no step is under way. */
  readonly settled: () => Promise<void>;
}

/** How often old rows are dropped; nominal minutes. */
const retentionMinutes = 10;

/** Traffic from `startMs` on; `now` gives milliseconds since 1970. */
export function createLiveTraffic(input: {
  readonly world: RequestWorld;
  readonly store: GatewayStore;
  readonly log: TrafficLog;
  readonly tempo: Tempo;
  readonly startMs: number;
  readonly now: () => number;
}): LiveTraffic {
  const { world, store, log, tempo, now } = input;
  const traffic = createTraffic(world, tempo);
  let lastMs = input.startMs;
  let cleanedMs = input.startMs;
  let queue: Promise<void> = Promise.resolve();
  const advance = async (): Promise<void> => {
    const nowMs = now();
    if (nowMs <= lastMs) return;
    const outcomes = traffic.between({ fromMs: lastMs, toMs: nowMs, perMinute: requestsPerMinute });
    lastMs = nowMs;
    world.scenario.observe(nowMs, world.state);
    log.add(outcomes);
    for (const outcome of outcomes) charge(outcome, world.state);
    await store.insertSpendLogs(outcomes.map((outcome) => spendLogRow(outcome, world.random, 1)));
    await store.saveSpend(world.state);
    if (nowMs - cleanedMs < minutesToMs(tempo, retentionMinutes)) return;
    cleanedMs = nowMs;
    await store.deleteSpendLogsBefore(nowMs - minutesToMs(tempo, historyMinutes));
  };
  return {
    settled: () => queue,
    step: () => {
      const step = queue.then(advance);
      queue = step.catch(() => undefined);
      return step;
    },
  };
}

function charge(outcome: RequestOutcome, state: GatewayState): void {
  const cost = outcomeCostUsd(outcome);
  if (cost === 0) return;
  const { key, team } = outcome.arrival;
  const currentTeam = state.teams.get(team.id);
  const currentKey = state.keys.get(key.token);
  if (currentTeam !== undefined)
    state.teams.set(team.id, { ...currentTeam, spend: currentTeam.spend + cost });
  if (currentKey !== undefined) state.keys.set(key.token, { ...currentKey, spend: currentKey.spend + cost });
  state.organizationSpend += cost;
}

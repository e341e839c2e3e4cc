import { minutesToMs, type Tempo } from '../core/tempo.ts';
import { createGatewayState } from './gateway-state.ts';
import type { GatewayStore } from './gateway-store.ts';
import type { SeededRandom } from './random.ts';
import type { Scenario } from './scenario.ts';
import { spendLogRow } from './spend-log-row.ts';
import { logMinutes, type TrafficLog } from './traffic-log.ts';
import { createTraffic, requestsPerMinute } from './traffic.ts';
import { createUsageMeter } from './usage-meter.ts';

/** Nominal minutes of traffic that a gateway has behind it when it starts. */
export const historyMinutes = 24 * 60;
/** Further back than an hour a row stands for many, to keep the table small. */
const thinnedPerMinute = 1;

/**
 * Fills the empty log table with the day before `nowMs`: thin at first, then as dense as live traffic, the last of it also
 * into memory. Made by an untouched gateway, so that a day of normal use lies behind whatever was changed since.
 */
export async function writeHistory(input: {
  readonly nowMs: number;
  readonly tempo: Tempo;
  readonly scenario: Scenario;
  readonly random: SeededRandom;
  readonly store: GatewayStore;
  readonly log: TrafficLog;
}): Promise<void> {
  const { nowMs, tempo, scenario, random, store, log } = input;
  const world = { state: createGatewayState(), scenario, usage: createUsageMeter(tempo), random };
  const traffic = createTraffic(world, tempo);
  const denseFromMs = nowMs - minutesToMs(tempo, logMinutes);
  const thin = traffic.between({
    fromMs: nowMs - minutesToMs(tempo, historyMinutes),
    toMs: denseFromMs,
    perMinute: thinnedPerMinute,
    max: Infinity,
  });
  const dense = traffic.between({
    fromMs: denseFromMs,
    toMs: nowMs,
    perMinute: requestsPerMinute,
    max: Infinity,
  });
  log.add(dense);
  await store.insertSpendLogs([
    ...thin.map((outcome) => spendLogRow(outcome, random, requestsPerMinute / thinnedPerMinute)),
    ...dense.map((outcome) => spendLogRow(outcome, random, 1)),
  ]);
}

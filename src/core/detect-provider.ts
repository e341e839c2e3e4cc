import { detected, percentOf, percentText, type Observation } from './detection.ts';
import type { Signal, SignalSource } from './incident.ts';
import type { JsonObject } from './json.ts';

/** What either view of the gateway counted for one provider in the short window. */
export interface ProviderCount {
  readonly provider: string;
  readonly total: number;
  readonly failed: number;
  readonly rateLimitedTeams?: number;
}

/** The same window as the other view counted it; an empty list means it had no data. */
export interface OtherView {
  readonly source: SignalSource;
  readonly rows: readonly ProviderCount[];
}

/**
 * `provider.unhealthy` for each provider strictly above the error rate with enough requests. The other view never
 * changes the verdict; what it counted, and whether that agrees, goes into the payload as evidence.
 */
export function detectUnhealthyProviders(
  rows: readonly ProviderCount[],
  observation: Observation,
  other: OtherView | null,
): readonly Signal[] {
  const { settings } = observation;
  return rows
    .filter((row) => isUnhealthy(row, observation))
    .map((row) =>
      detected(observation, {
        kind: 'provider.unhealthy',
        scope: { provider: row.provider },
        summary:
          `provider ${row.provider}: ${row.failed} of ${row.total} ${unitOf(observation.source)} failed ` +
          `(${rateText(row)}) in ${settings.shortMinutes} min, limit ${settings.errorRatePercent} %`,
        payload: {
          ...countPayload(row),
          windowMinutes: settings.shortMinutes,
          limitPercent: settings.errorRatePercent,
          ...(other === null ? {} : { otherView: compare(row, other, observation) }),
        },
      }),
    );
}

function isUnhealthy(row: ProviderCount, { settings }: Observation): boolean {
  // Multiplied out: a rate of exactly the limit must not pass by a rounding error of the division.
  return row.total >= settings.minRequests && row.failed * 100 > settings.errorRatePercent * row.total;
}

function compare(row: ProviderCount, other: OtherView, observation: Observation): JsonObject {
  const match = other.rows.find((candidate) => candidate.provider === row.provider);
  if (match === undefined || match.total < observation.settings.minRequests)
    return { source: other.source, verdict: 'too few requests to tell', ...(match && countPayload(match)) };
  const verdict = isUnhealthy(match, observation) ? 'agrees' : 'disagrees';
  return { source: other.source, verdict, ...countPayload(match) };
}

function countPayload(row: ProviderCount): JsonObject {
  return {
    provider: row.provider,
    requests: row.total,
    failed: row.failed,
    errorRatePercent: percentOf(row.failed, row.total),
    ...(row.rateLimitedTeams === undefined ? {} : { rateLimitedTeams: row.rateLimitedTeams }),
  };
}

/** What one view measured of a provider's latency. A null median had too few successes. */
export interface ProviderLatency {
  readonly provider: string;
  readonly medianMs: number | null;
  readonly medianHourMs: number | null;
}

/** `latency.spike` for each provider whose short-window median is strictly above the factor times its long one. */
export function detectLatencySpikes(
  rows: readonly ProviderLatency[],
  observation: Observation,
): readonly Signal[] {
  const { settings } = observation;
  return rows.flatMap(({ provider, medianMs, medianHourMs }) => {
    if (medianMs === null || medianHourMs === null || !(medianHourMs > 0)) return [];
    if (!(medianMs > settings.latencyFactor * medianHourMs)) return [];
    const ratio = medianMs / medianHourMs;
    return [
      detected(observation, {
        kind: 'latency.spike',
        scope: { provider },
        summary:
          `provider ${provider}: median latency ${Math.round(medianMs)} ms over ${settings.shortMinutes} min, ` +
          `${ratio.toFixed(1)} times its ${settings.longMinutes}-minute median of ${Math.round(medianHourMs)} ms`,
        payload: { provider, medianMs, medianHourMs, ratio, limitFactor: settings.latencyFactor },
      }),
    ];
  });
}

const rateText = (row: ProviderCount) => percentText(percentOf(row.failed, row.total) ?? 0);
const unitOf = (source: SignalSource) => (source === 'prometheus' ? 'attempts' : 'requests');

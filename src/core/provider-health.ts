import { defaultDetectionSettings } from './detection.ts';
import type { Evidence } from './evidence.ts';
import { reading } from './evidence.ts';
import { shownNumber } from './shown-number.ts';

/** `unknown` = fewer than the least requests anywhere, or nothing could be read. */
export interface ProviderHealth {
  readonly status: 'healthy' | 'slow' | 'failing' | 'unknown';
  readonly detail: string;
}

/** One source's view of a provider in the short window. */
export interface ProviderSample {
  readonly source: string;
  readonly total: number;
  readonly failed: number;
  /** null when a median is missing. */
  readonly latencyRatio: number | null;
}

/** What each source that could be read says about the provider, and why the others say nothing. */
export function providerSamples(
  evidence: Evidence,
  provider: string,
): { readonly samples: readonly ProviderSample[]; readonly missing: readonly string[] } {
  const samples: ProviderSample[] = [];
  const missing: string[] = [];
  for (const name of ['traffic.providers', 'metrics.providers'] as const) {
    const found = reading(evidence, name);
    if (found.status === 'unknown') {
      missing.push(`${name}: ${found.reason}`);
      continue;
    }
    const row = found.value.find((candidate) => candidate.provider === provider);
    if (row === undefined || !(row.total > 0)) missing.push(`${name}: no request in the window`);
    else
      samples.push({
        source: name,
        total: row.total,
        failed: row.failed,
        latencyRatio: ratio(row.medianMs, row.medianHourMs),
      });
  }
  return { samples, missing };
}

/** The worst that any source with enough requests says: a database that undercounts must not hide a metric. */
export function providerHealth(evidence: Evidence, provider: string): ProviderHealth {
  const { samples, missing } = providerSamples(evidence, provider);
  const enough = samples.filter(hasEnoughRequests);
  const detail = describeSamples(provider, samples, missing);
  if (enough.length === 0) return { status: 'unknown', detail };
  if (enough.some(isFailing)) return { status: 'failing', detail };
  const slow = enough.some(
    (sample) => sample.latencyRatio !== null && sample.latencyRatio > defaultDetectionSettings.latencyFactor,
  );
  return { status: slow ? 'slow' : 'healthy', detail };
}

/** True when the short window holds enough requests to conclude anything. */
export function hasEnoughRequests(sample: ProviderSample): boolean {
  return sample.total >= defaultDetectionSettings.minRequests;
}

/** True when more than the allowed share of requests failed. */
export function isFailing(sample: ProviderSample): boolean {
  // Multiplied out: a rate of exactly the limit must not pass by a rounding error of the division.
  return sample.failed * 100 > defaultDetectionSettings.errorRatePercent * sample.total;
}

/** `anthropic: 41.18 % errors of 68 (traffic.providers)`; what is missing when nothing was seen. */
export function describeSamples(
  provider: string,
  samples: readonly ProviderSample[],
  missing: readonly string[],
): string {
  const seen = samples.map((sample) => {
    const latency =
      sample.latencyRatio === null ? '' : `, ${shownNumber(sample.latencyRatio)}× its usual median`;
    return `${shownNumber((100 * sample.failed) / sample.total)} % errors of ${shownNumber(sample.total)}${latency} (${sample.source})`;
  });
  return `${provider}: ${(seen.length > 0 ? seen : missing).join('; ')}`;
}

function ratio(now: number | null, usual: number | null): number | null {
  return now === null || usual === null || !(usual > 0) ? null : now / usual;
}

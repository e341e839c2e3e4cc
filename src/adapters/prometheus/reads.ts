import type { Warning } from '../../app/ports.ts';
import type { RemainingBudget } from '../../core/detect-budget.ts';
import type { DetectionSettings } from '../../core/detection.ts';
import type { GuardrailStrikes, ProviderMetrics } from '../../core/evidence.ts';
import { providerFailures } from '../../core/provider-fault.ts';
import { sharedRead } from '../shared-read.ts';
import { labelValue, type PrometheusClient, type Sample, type Vector } from './client.ts';
import { prometheusQueries, type PrometheusQueries } from './queries.ts';

type Read<T> = (signal: AbortSignal) => Promise<T>;

export interface MetricRows<Row> {
  readonly rows: readonly Row[];
  readonly warnings: readonly Warning[];
  readonly observedAt: string;
}

/** The shared reads of one triage over Prometheus; each runs its queries at most once. */
export interface PrometheusReads {
  readonly settings: DetectionSettings;
  readonly providers: Read<MetricRows<ProviderMetrics>>;
  readonly budgets: Read<MetricRows<RemainingBudget>>;
  readonly strikes: Read<MetricRows<GuardrailStrikes>>;
}

/**
 * To be made anew for each triage. `now` gives ISO 8601 UTC. A failing read rejects with `SourceError`; no read takes
 * longer than `deadlineMs` (default 5 s) whatever the client's own deadline for one answer.
 */
export function createPrometheusReads(options: {
  readonly client: PrometheusClient;
  readonly settings: DetectionSettings;
  readonly now: () => string;
  readonly deadlineMs?: number;
}): PrometheusReads {
  const { client, settings } = options;
  const queries = prometheusQueries(settings);
  const deadlineMs = options.deadlineMs ?? 5_000;
  const share = <Row>(
    names: readonly (keyof PrometheusQueries)[],
    combine: (vectors: readonly (readonly Sample[])[]) => readonly Row[],
  ): Read<MetricRows<Row>> =>
    sharedRead({
      source: 'prometheus',
      deadlineMs,
      work: async () => {
        const observedAt = options.now();
        const signal = AbortSignal.timeout(deadlineMs);
        const vectors = await Promise.all(names.map((name) => client.queryVector(queries[name], signal)));
        return {
          rows: combine(vectors.map((vector) => vector.samples)),
          warnings: distinctWarnings(vectors),
          observedAt,
        };
      },
    });
  return {
    settings,
    providers: share(providerQueries, (vectors) => providerRows(vectors, settings.minRequests)),
    budgets: share(['teamBudgets', 'orgBudgets'], ([teams = [], orgs = []]) => [
      ...remaining('team', 'team', teams),
      ...remaining('org', 'org_id', orgs),
    ]),
    strikes: share(['strikes', 'strikesHour'], ([now = [], hour = []]) => strikeRows(now, hour)),
  };
}

const providerQueries = [
  'attempts',
  'faults',
  'rateLimited',
  'latencySamples',
  'latencySamplesHour',
  'median',
  'medianHour',
] as const;

/** `increase()` extrapolates, so counts come as fractions: rounding is the tolerance. */
function providerRows(
  [
    attempts = [],
    faults = [],
    rateLimited = [],
    samples = [],
    samplesHour = [],
    medians = [],
    medianHours = [],
  ]: readonly (readonly Sample[])[],
  minRequests: number,
): readonly ProviderMetrics[] {
  const [faultsOf, samplesOf, samplesHourOf] = [faults, samples, samplesHour].map(byProvider);
  const [medianOf, medianHourOf] = [medians, medianHours].map(byProvider);
  const limits = rateLimits(rateLimited);
  const milliseconds = (seconds: number | undefined, measured: number | undefined) =>
    seconds === undefined || Math.round(measured ?? 0) < minRequests ? null : seconds * 1000;
  return [...byProvider(attempts)].map(([provider, total]) => {
    const limited = limits.get(provider) ?? { requests: 0, tenants: new Set() };
    const failed = providerFailures({
      faults: Math.round(faultsOf?.get(provider) ?? 0),
      rateLimited: Math.round(limited.requests),
      rateLimitedTenants: limited.tenants.size,
    });
    return {
      provider,
      total: Math.round(total),
      // Two rounded and extrapolated counters: the part must not outgrow the whole.
      failed: Math.min(failed, Math.round(total)),
      medianMs: milliseconds(medianOf?.get(provider), samplesOf?.get(provider)),
      medianHourMs: milliseconds(medianHourOf?.get(provider), samplesHourOf?.get(provider)),
    };
  });
}

function byProvider(samples: readonly Sample[]): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  for (const sample of samples) {
    const provider = labelValue(sample, 'api_provider')?.toLowerCase();
    if (provider !== undefined) values.set(provider, (values.get(provider) ?? 0) + sample.value);
  }
  return values;
}

function rateLimits(
  samples: readonly Sample[],
): ReadonlyMap<string, { readonly requests: number; readonly tenants: Set<string> }> {
  const limits = new Map<string, { requests: number; tenants: Set<string> }>();
  for (const sample of samples) {
    const provider = labelValue(sample, 'api_provider')?.toLowerCase();
    if (provider === undefined) continue;
    const limit = limits.get(provider) ?? { requests: 0, tenants: new Set<string>() };
    limit.requests += sample.value;
    const tenant = labelValue(sample, 'team') ?? keyTenant(sample);
    if (tenant !== null) limit.tenants.add(tenant);
    limits.set(provider, limit);
  }
  return limits;
}

function keyTenant(sample: Sample): string | null {
  const key = labelValue(sample, 'hashed_api_key');
  return key === null ? null : `key ${key}`;
}

function remaining(
  kind: 'team' | 'org',
  label: string,
  samples: readonly Sample[],
): readonly RemainingBudget[] {
  return samples.flatMap((sample) => {
    const id = labelValue(sample, label);
    if (id === null) return [];
    return [{ kind, id, alias: labelValue(sample, `${kind}_alias`), remaining: sample.value }];
  });
}

function strikeRows(now: readonly Sample[], hour: readonly Sample[]): readonly GuardrailStrikes[] {
  const medians = new Map(hour.map((sample) => [labelValue(sample, 'guardrail_name'), sample.value]));
  return now.flatMap((sample) => {
    const guardrail = labelValue(sample, 'guardrail_name');
    if (guardrail === null) return [];
    return [{ guardrail, strikes: Math.round(sample.value), medianHour: medians.get(guardrail) ?? 0 }];
  });
}

function distinctWarnings(vectors: readonly Vector[]): readonly Warning[] {
  const all = vectors.flatMap((vector) => vector.warnings);
  return [...new Map(all.map((warning) => [`${warning.code} ${warning.detail}`, warning])).values()];
}

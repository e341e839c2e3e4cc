import { prometheusQueries, type PrometheusQueries } from '../adapters/prometheus/queries.ts';
import { defaultDetectionSettings, type DetectionSettings } from '../core/detection.ts';
import { providerFaultStatuses } from '../core/provider-fault.ts';
import { minutesToMs, type Tempo } from '../core/tempo.ts';
import type { GatewayState } from './gateway-state.ts';
import type { Attempt } from './request-outcome.ts';
import type { TrafficLog } from './traffic-log.ts';
import { organization } from './world.ts';

/** One series of an instant vector. */
export interface VectorSample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface MetricSource {
  readonly log: TrafficLog;
  readonly state: GatewayState;
  readonly tempo: Tempo;
}

type Measure = (source: MetricSource, nowMs: number) => readonly VectorSample[];

/** Short windows that are answered; nominal minutes. */
const shortMinutesMax = 15;

/**
 * What a Prometheus that scrapes this gateway would answer, by PromQL text: the texts are those of the Prometheus
 * adapter, the numbers are counted from the requests themselves. Counts are whole; the real `increase` extrapolates.
 */
export function createQueryTable(tempo: Tempo): ReadonlyMap<string, Measure> {
  return new Map(
    Array.from({ length: shortMinutesMax }, (_, at) =>
      queriesFor({ ...defaultDetectionSettings, tempo, shortMinutes: at + 1 }),
    ).flat(),
  );
}

function queriesFor(settings: DetectionSettings): readonly (readonly [string, Measure])[] {
  const texts = prometheusQueries(settings);
  const measures = measuresFor(settings);
  const names = Object.keys(measures).filter((name): name is keyof PrometheusQueries =>
    Object.hasOwn(texts, name),
  );
  return names.map((name) => [texts[name], measures[name]]);
}

function measuresFor(settings: DetectionSettings): { readonly [Name in keyof PrometheusQueries]: Measure } {
  const shortMs = minutesToMs(settings.tempo, settings.shortMinutes);
  const longMs = minutesToMs(settings.tempo, settings.longMinutes);
  const succeeded = (attempt: Attempt) => attempt.error === null;
  return {
    attempts: countAttempts(shortMs, () => true),
    faults: countAttempts(shortMs, isFault),
    rateLimited: rateLimited(shortMs),
    latencySamples: countAttempts(shortMs, succeeded),
    latencySamplesHour: countAttempts(longMs, succeeded),
    median: medianSeconds(shortMs),
    medianHour: medianSeconds(longMs),
    teamBudgets: ({ state }) =>
      [...state.teams.values()].flatMap(({ id, alias, maxBudget, spend }) =>
        maxBudget === null ? [] : [{ metric: { team: id, team_alias: alias }, value: maxBudget - spend }],
      ),
    orgBudgets: ({ state }) => {
      const cap = state.budgets.get(organization.budgetId)?.maxBudget ?? null;
      const metric = { org_id: organization.id, org_alias: organization.alias };
      return cap === null ? [] : [{ metric, value: cap - state.organizationSpend }];
    },
    strikes: (source, nowMs) =>
      perGuardrail(source, (name) => countStrikes(source, name, { windowMs: shortMs, untilMs: nowMs })),
    strikesHour: (source, nowMs) =>
      perGuardrail(source, (name) =>
        median(
          Array.from({ length: Math.round(longMs / shortMs) }, (_, step) =>
            countStrikes(source, name, { windowMs: shortMs, untilMs: nowMs - step * shortMs }),
          ),
        ),
      ),
  };
}

const faultStatus = new RegExp(`^(?:${providerFaultStatuses})$`, 'u');
const isFault = ({ error }: Attempt) => error !== null && faultStatus.test(error.error_code);

function countAttempts(windowMs: number, counts: (attempt: Attempt) => boolean): Measure {
  return (source, nowMs) =>
    [...attemptsByProvider(source, windowMs, nowMs)].flatMap(([provider, attempts]) => {
      const value = attempts.filter(counts).length;
      return value === 0 ? [] : [{ metric: { api_provider: provider }, value }];
    });
}

function medianSeconds(windowMs: number): Measure {
  return (source, nowMs) =>
    [...attemptsByProvider(source, windowMs, nowMs)].flatMap(([provider, attempts]) => {
      const latencies = attempts.filter(({ error }) => error === null).map(({ latencyMs }) => latencyMs);
      if (latencies.length === 0) return [];
      return [{ metric: { api_provider: provider }, value: median(latencies) / 1_000 }];
    });
}

function rateLimited(windowMs: number): Measure {
  return ({ log }, nowMs) => {
    const counts = new Map<string, { readonly metric: Record<string, string>; value: number }>();
    for (const { arrival, attempts } of log.within(windowMs, nowMs))
      for (const { deployment, error } of attempts) {
        if (error?.error_code !== '429') continue;
        const metric = {
          api_provider: deployment.provider,
          team: arrival.team.id,
          hashed_api_key: arrival.key.token,
        };
        const name = JSON.stringify(metric);
        const series = counts.get(name) ?? { metric, value: 0 };
        series.value += 1;
        counts.set(name, series);
      }
    return [...counts.values()];
  };
}

function attemptsByProvider(
  { log }: MetricSource,
  windowMs: number,
  nowMs: number,
): ReadonlyMap<string, readonly Attempt[]> {
  return Map.groupBy(
    log.within(windowMs, nowMs).flatMap(({ attempts }) => attempts),
    ({ deployment }) => deployment.provider,
  );
}

function perGuardrail({ state }: MetricSource, value: (name: string) => number): readonly VectorSample[] {
  return [...state.guardrails.values()].map(({ name }) => ({
    metric: { guardrail_name: name },
    value: value(name),
  }));
}

function countStrikes(
  { log }: MetricSource,
  name: string,
  span: { readonly windowMs: number; readonly untilMs: number },
): number {
  return log
    .within(span.windowMs, span.untilMs)
    .filter(({ guardrails }) => guardrails.some((one) => one.name === name && one.intervened)).length;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2;
}

import type { DetectionSettings } from '../../core/detection.ts';
import {
  clientErrorClasses,
  gatewayErrorClasses,
  providerFaultStatuses,
  rateLimitClasses,
  rateLimitStatus,
} from '../../core/provider-fault.ts';
import { minutesToMs } from '../../core/tempo.ts';

/** The PromQL texts of one triage, by what they measure. All are instant queries that give a vector. */
export interface PrometheusQueries {
  /** Upstream attempts in the short window, by api_provider. */
  readonly attempts: string;
  /** Failed attempts that are the provider's fault without question, by api_provider. */
  readonly faults: string;
  /** Attempts answered with 429, by api_provider, team and hashed_api_key. */
  readonly rateLimited: string;
  /** Attempts whose latency was measured (successes), short window, by api_provider. */
  readonly latencySamples: string;
  /** Median seconds by api_provider over the short and over the long window. */
  readonly median: string;
  readonly medianHour: string;
  readonly latencySamplesHour: string;
  /** USD left of the hard budget, by team and team_alias, and by org_id and org_alias. */
  readonly teamBudgets: string;
  readonly orgBudgets: string;
  /** Guardrail interventions and faults by guardrail_name: short window, and its median over the long one. */
  readonly strikes: string;
  readonly strikesHour: string;
}

const failures = 'litellm_deployment_failure_responses_total';
const strikes = 'litellm_guardrail_errors_total';
const latency = 'litellm_llm_api_latency_metric';

/** The queries for these settings; windows follow the tempo. Metric names: facts/litellm.md C.2. */
export function prometheusQueries(settings: DetectionSettings): PrometheusQueries {
  const short = promDuration(minutesToMs(settings.tempo, settings.shortMinutes));
  const long = promDuration(minutesToMs(settings.tempo, settings.longMinutes));
  const byProvider = (expression: string) => `sum by (api_provider) (${expression})`;
  const median = (window: string) =>
    `histogram_quantile(0.5, sum by (le, api_provider) (rate(${latency}_bucket[${window}])))`;
  const strikesShort = `sum by (guardrail_name) (increase(${strikes}[${short}]))`;
  return {
    attempts: byProvider(`increase(litellm_deployment_total_requests_total[${short}])`),
    faults: byProvider(
      `increase(${failures}{${withStatus}}[${short}]) or increase(${failures}{${withoutStatus}}[${short}])`,
    ),
    rateLimited:
      `sum by (api_provider, team, hashed_api_key) (increase(${failures}{${rateLimit}}[${short}])` +
      ` or increase(${failures}{${rateLimitWithoutStatus}}[${short}])) > 0`,
    latencySamples: byProvider(`increase(${latency}_count[${short}])`),
    latencySamplesHour: byProvider(`increase(${latency}_count[${long}])`),
    median: median(short),
    medianHour: median(long),
    // Every worker of the proxy has its own gauge: the lowest is the one that saw the spend.
    teamBudgets: 'min by (team, team_alias) (litellm_remaining_team_budget_metric)',
    orgBudgets: 'min by (org_id, org_alias) (litellm_remaining_org_budget_metric)',
    strikes: strikesShort,
    // A window without a strike is a zero, not a gap: without it the first burst would be its own median.
    strikesHour: `quantile_over_time(0.5, (${strikesShort} or 0 * max by (guardrail_name) (${strikes} @ end()))[${long}:${short}])`,
  };
}

const noStatus = '|None';
const anyOf = (classes: readonly string[]) => `(.*[.])?(${classes.join('|')})`;
/** `Openai.RateLimitError`: the class stands after the provider's name. */
const notMadeByGateway = `exception_class!~"${anyOf(gatewayErrorClasses)}"`;
const withStatus = `exception_status=~"${providerFaultStatuses}",${notMadeByGateway}`;
const withoutStatus = `exception_status=~"${noStatus}",exception_class!~"${anyOf([
  ...gatewayErrorClasses,
  ...clientErrorClasses,
  ...rateLimitClasses,
])}"`;
const rateLimit = `exception_status="${rateLimitStatus}",${notMadeByGateway}`;
const rateLimitWithoutStatus = `exception_status=~"${noStatus}",exception_class=~"${anyOf(rateLimitClasses)}"`;

/** `5m`, `10s`, `1500ms`: the longest unit that is exact. */
export function promDuration(ms: number): string {
  if (ms % 60_000 === 0) return `${ms / 60_000}m`;
  if (ms % 1_000 === 0) return `${ms / 1_000}s`;
  return `${ms}ms`;
}

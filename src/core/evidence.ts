/**
 * What was read for a triage. Each reading is one read of one source, shared by all incidents of that triage;
 * a reading that could not be had in time is `unknown` with its reason and never a default.
 */

export interface GatewayCapabilities {
  readonly version: string | null;
  /** POST /model/block exists, or `blocked` is settable by PATCH (facts/litellm.md B.2, B.3). */
  readonly canBlockDeployments: boolean;
  /** Model, router-setting and guardrail writes need STORE_MODEL_IN_DB; null when it cannot be told. */
  readonly storesModelsInDb: boolean | null;
  readonly canPatchGuardrails: boolean;
}

/** Whether database and admin API are the same gateway: deployment ids of recent SpendLogs appear in /model/info. */
export interface GatewayIdentity {
  readonly match: 'same' | 'different' | 'not_logged';
  readonly detail: string;
}

export interface Deployment {
  readonly id: string;
  readonly modelGroup: string;
  readonly provider: string;
  /** False: defined in config.yaml, cannot be changed by API. */
  readonly inDatabase: boolean;
  /** null: this gateway does not report the flag. */
  readonly blocked: boolean | null;
  /** `openai/*`: ignores a pause until the proxy restarts (facts/litellm.md B.3). */
  readonly wildcard: boolean;
}

export interface Aliases {
  /** Requested group name to the group that serves it. */
  readonly map: Readonly<Record<string, string>>;
}

export interface Guardrail {
  readonly id: string;
  readonly name: string;
  readonly defaultOn: boolean;
  readonly inDatabase: boolean;
}

export interface Team {
  readonly id: string;
  readonly alias: string | null;
  readonly orgId: string | null;
  readonly spend: number;
  readonly maxBudget: number | null;
  readonly softBudget: number | null;
  readonly rpmLimit: number | null;
  readonly tpmLimit: number | null;
  readonly blocked: boolean;
}

export interface Organization {
  readonly id: string;
  readonly alias: string | null;
  readonly spend: number;
  readonly budgetId: string;
  readonly maxBudget: number | null;
  readonly softBudget: number | null;
  readonly rpmLimit: number | null;
  readonly tpmLimit: number | null;
  /** How many organizations, keys and end users share this budget row (facts/litellm.md B.7). */
  readonly budgetSharers: number;
}

export interface VirtualKey {
  /** SHA-256 hex of the key. */
  readonly id: string;
  readonly alias: string | null;
  readonly teamId: string | null;
  readonly orgId: string | null;
  readonly spend: number;
  readonly maxBudget: number | null;
  readonly rpmLimit: number | null;
  readonly tpmLimit: number | null;
  readonly blocked: boolean;
}

/** Requests of the last 24 h through one combination; empty string = not recorded. */
export interface TrafficCell {
  readonly team: string;
  readonly org: string;
  readonly key: string;
  readonly provider: string;
  readonly modelGroup: string;
  readonly requests: number;
}

export interface GuardrailTrafficCell {
  readonly guardrail: string;
  readonly team: string;
  readonly modelGroup: string;
  readonly provider: string;
  readonly requests: number;
}

/** One provider in the short window, as the clients saw it (SpendLogs). */
export interface ProviderTraffic {
  readonly provider: string;
  readonly total: number;
  /** Failures that are the provider's by the shared list of `provider-fault.ts`. */
  readonly failed: number;
  /** Teams that met a 429 from this provider. */
  readonly rateLimitedTeams: number;
  /** The most frequent class among the provider's faults, such as `ServiceUnavailableError`; null without one. */
  readonly dominantErrorClass?: string | null;
  readonly medianMs: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  /** Rolling long-window median; null without enough rows. */
  readonly medianHourMs: number | null;
}

/** One provider in the short window, as the gateway attempted it (Prometheus). */
export interface ProviderMetrics {
  readonly provider: string;
  readonly total: number;
  readonly failed: number;
  readonly medianMs: number | null;
  readonly medianHourMs: number | null;
}

/** Client-visible success of one model group in the short window. */
export interface ModelGroupTraffic {
  readonly modelGroup: string;
  readonly total: number;
  readonly failed: number;
}

/** How one team or key spends: the last hour against its own mean hour of the day before. USD. */
export interface SpendGrowth {
  readonly kind: 'team' | 'key';
  readonly id: string;
  readonly teamId: string | null;
  readonly orgId: string | null;
  readonly lastHourUsd: number;
  readonly meanHourUsd: number;
}

export const slaMetrics = ['p95_ms', 'p99_ms', 'success_rate'] as const;
export type SlaMetric = (typeof slaMetrics)[number];

export interface SlaContract {
  readonly id: string;
  readonly scope: Readonly<Record<string, string>>;
  readonly metric: SlaMetric;
  /** ms for latency metrics, per cent 0–100 for success_rate. */
  readonly target: number;
  readonly windowMinutes: number;
  readonly suspendedUntil: string | null;
}

export interface SlaMeasurement {
  readonly slaId: string;
  /** null when the window held no request. */
  readonly value: number | null;
  readonly samples: number;
}

export interface GuardrailStrikes {
  readonly guardrail: string;
  readonly strikes: number;
  /** Median strikes of the short windows of the last hour. */
  readonly medianHour: number;
}

/** The value a field had before our first remediation of it in 24 h that is not undone: `target#field` to value. */
export type OriginalValues = Readonly<Record<string, number | string | boolean | null>>;

/** Who would undo a timed change if this process died. */
export interface WorkerHeartbeat {
  /** Age of the youngest worker heartbeat in ms; null when there is none. */
  readonly heartbeatAgeMs: number | null;
  /** Age of that worker's last proven write access to the gateway in ms; null when never. */
  readonly gatewayWriteAgeMs: number | null;
}

export interface Readings {
  readonly 'gateway.capabilities': GatewayCapabilities;
  readonly 'gateway.identity': GatewayIdentity;
  readonly 'gateway.deployments': readonly Deployment[];
  readonly 'gateway.aliases': Aliases;
  readonly 'gateway.guardrails': readonly Guardrail[];
  readonly 'gateway.teams': readonly Team[];
  readonly 'gateway.organizations': readonly Organization[];
  readonly 'gateway.keys': readonly VirtualKey[];
  readonly 'traffic.day': readonly TrafficCell[];
  readonly 'traffic.guardrails': readonly GuardrailTrafficCell[];
  readonly 'traffic.providers': readonly ProviderTraffic[];
  readonly 'traffic.model_groups': readonly ModelGroupTraffic[];
  readonly 'metrics.providers': readonly ProviderMetrics[];
  readonly 'spend.growth': readonly SpendGrowth[];
  readonly 'sla.contracts': readonly SlaContract[];
  readonly 'sla.measurements': readonly SlaMeasurement[];
  readonly 'guardrail.strikes': readonly GuardrailStrikes[];
  readonly 'own.original_values': OriginalValues;
  readonly 'own.worker': WorkerHeartbeat;
}

export type ReadingName = keyof Readings;

export const readingNames = [
  'gateway.capabilities',
  'gateway.identity',
  'gateway.deployments',
  'gateway.aliases',
  'gateway.guardrails',
  'gateway.teams',
  'gateway.organizations',
  'gateway.keys',
  'traffic.day',
  'traffic.guardrails',
  'traffic.providers',
  'traffic.model_groups',
  'metrics.providers',
  'spend.growth',
  'sla.contracts',
  'sla.measurements',
  'guardrail.strikes',
  'own.original_values',
  'own.worker',
] as const satisfies readonly ReadingName[];

export type Reading<T> =
  | { readonly status: 'known'; readonly value: T; readonly source: string; readonly observedAt: string }
  | { readonly status: 'unknown'; readonly reason: string; readonly source: string };

export type Evidence = { readonly [N in ReadingName]?: Reading<Readings[N]> };

/** The reading, or `unknown` when nobody asked for it. */
export function reading<N extends ReadingName>(evidence: Evidence, name: N): Reading<Readings[N]> {
  return evidence[name] ?? { status: 'unknown', reason: 'was not read', source: 'none' };
}

/** The value of a reading, or null when it is unknown. */
export function known<N extends ReadingName>(evidence: Evidence, name: N): Readings[N] | null {
  const found = reading(evidence, name);
  return found.status === 'known' ? found.value : null;
}

import { cleanSignal } from './clean-signal.ts';
import {
  incidentKinds,
  type IncidentKind,
  type IncidentScope,
  type Signal,
  type SignalSource,
} from './incident.ts';
import type { JsonObject } from './json.ts';
import { labelFingerprint } from './label-fingerprint.ts';

/** A firing alert as Prometheus or Alertmanager reports it. Foreign text throughout. */
export interface FiringAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** ISO 8601; null when it was not given. */
  readonly since: string | null;
  readonly generatorUrl: string | null;
}

/** Alerts taken per read; more is a storm that nobody works off one by one. */
export const alertsMax = 500;

/** A rule that sets this label names the incident kind itself. */
const kindLabel = 'scutum_kind';

/** Scope key → labels that may carry its gateway id, best first. */
const scopeLabels: Readonly<Record<string, readonly string[]>> = {
  provider: ['api_provider', 'provider', 'llm_provider'],
  team: ['team', 'team_id'],
  org: ['org_id', 'org', 'organization_id'],
  key: ['hashed_api_key'],
  model_group: ['requested_model', 'model_group'],
  guardrail: ['guardrail_name', 'guardrail'],
  sla: ['sla'],
};

interface MappingRule {
  readonly kind: IncidentKind;
  /** What the alert name must look like. */
  readonly name: RegExp;
  /** One of these makes the scope; the first that is there. */
  readonly scope: readonly string[];
}

const rules: readonly MappingRule[] = [
  { kind: 'sla.violation', name: /sla|slo/iu, scope: ['sla'] },
  { kind: 'guardrail.strikes', name: /guardrail|strike|interven/iu, scope: ['guardrail'] },
  { kind: 'budget.exceeded', name: /budget|spend|cost/iu, scope: ['team', 'org'] },
  { kind: 'latency.spike', name: /latency|slow|duration|response.?time/iu, scope: ['provider'] },
  {
    kind: 'provider.unhealthy',
    name: /error|fail|5xx|unhealthy|outage|down|unavailable|availability|cool.?down/iu,
    scope: ['provider'],
  },
];

/**
 * An unconfirmed signal for each firing alert, at most `alertsMax`: kinds we know first, so that a storm of others
 * cannot crowd them out. `cut` counts what was left out. Alerts of severity `none` (a watchdog that always fires by
 * design) report that alerting works and are no incident.
 */
export function alertSignals(
  alerts: readonly FiringAlert[],
  seen: { readonly source: SignalSource; readonly observedAt: string },
): { readonly signals: readonly Signal[]; readonly cut: number } {
  const mapped = alerts
    .filter((alert) => alert.labels['severity'] !== 'none')
    .map((alert) => ({ alert, ...mapAlert(alert.labels) }));
  const known = mapped.filter(({ kind }) => kind !== 'alert');
  const other = mapped.filter(({ kind }) => kind === 'alert');
  const kept = [...known, ...other].slice(0, alertsMax);
  return {
    signals: kept.map(({ alert, kind, scope }) =>
      cleanSignal({
        kind,
        scope,
        summary: summaryOf(alert),
        confirmed: false,
        payload: payloadOf(alert),
        ...seen,
      }),
    ),
    cut: mapped.length - kept.length,
  };
}

/**
 * Kind and scope of an alert by its labels: what `scutum_kind` says, else by alert name and the label that names a
 * gateway object. Without such a label nothing could be done about it: `alert`.
 */
export function mapAlert(labels: FiringAlert['labels']): {
  readonly kind: IncidentKind;
  readonly scope: IncidentScope;
} {
  const alertname = labels['alertname'] ?? '';
  const stated = incidentKinds.find((kind) => kind === labels[kindLabel]);
  for (const rule of rules) {
    if (stated === undefined ? !rule.name.test(alertname) : rule.kind !== stated) continue;
    const scope = scopeOf(labels, rule.scope);
    if (scope !== null) return { kind: rule.kind, scope };
  }
  return { kind: 'alert', scope: { alertname, fingerprint: labelFingerprint(labels) } };
}

function scopeOf(labels: FiringAlert['labels'], keys: readonly string[]): IncidentScope | null {
  for (const key of keys) {
    const value = scopeValue(labels, key);
    if (value !== null) return { [key]: value };
  }
  return null;
}

function scopeValue(labels: FiringAlert['labels'], key: string): string | null {
  const names = scopeLabels[key] ?? [];
  // LiteLLM writes a missing label value as the text `None`.
  const found = names.map((name) => labels[name]).find((value) => value && value !== 'None');
  return found ?? null;
}

function summaryOf({ labels, annotations }: FiringAlert): string {
  const text = annotations['summary'] ?? annotations['description'] ?? annotations['message'] ?? '';
  const name = labels['alertname'] ?? 'alert without a name';
  return text === '' ? name : `${name}: ${text}`;
}

function payloadOf(alert: FiringAlert): JsonObject {
  return {
    labels: alert.labels,
    annotations: alert.annotations,
    startsAt: alert.since,
    generatorURL: alert.generatorUrl,
  };
}

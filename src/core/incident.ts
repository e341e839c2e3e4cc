import { z } from 'zod';
import type { JsonObject } from './json.ts';

export const incidentKinds = [
  'provider.unhealthy',
  'budget.exceeded',
  'sla.violation',
  'latency.spike',
  'guardrail.strikes',
  'alert',
] as const;
export type IncidentKind = (typeof incidentKinds)[number];

/** Where a signal was seen. */
export const signalSources = [
  'spend_logs',
  'gateway_tables',
  'prometheus',
  'prometheus_alerts',
  'alertmanager',
  'platform_events',
] as const;
export type SignalSource = (typeof signalSources)[number];

/**
 * What an incident is about: lower-case keys of the gateway's own ids.
 * Keys in use: provider, team, org, key, model_group, guardrail, sla, alertname.
 */
export const scopeSchema = z
  .record(z.string().min(1).max(64), z.string().max(512))
  .refine((scope) => Object.keys(scope).length <= 12, 'at most 12 scope keys');
export type IncidentScope = Readonly<Record<string, string>>;

/** One observation by one source that a condition holds now. Several signals with one fingerprint are one incident. */
export interface Signal {
  readonly kind: IncidentKind;
  readonly scope: IncidentScope;
  /** One line for people, already stripped of control characters. */
  readonly summary: string;
  readonly source: SignalSource;
  /** True when our own detector saw the condition; false when somebody else only asserts it. */
  readonly confirmed: boolean;
  readonly observedAt: string;
  /** The triggering payload as it came, stripped and redacted; kept for the audit and the model. */
  readonly payload: JsonObject;
}

export interface Escalation {
  readonly reason: string;
  /** null when no pager is configured or it could not be reached. */
  readonly pagedAt: string | null;
}

export interface Incident {
  /** Small integer per database; shown as INC-<number>. */
  readonly number: number;
  readonly kind: IncidentKind;
  readonly scope: IncidentScope;
  readonly summary: string;
  readonly sources: readonly SignalSource[];
  readonly confirmed: boolean;
  readonly openedAt: string;
  readonly lastSeenAt: string;
  readonly closedAt: string | null;
  readonly occurrences: number;
  readonly payloads: readonly JsonObject[];
  readonly escalation: Escalation | null;
}

/** `INC-7` for 7. */
export function incidentId(number: number): string {
  return `INC-${number}`;
}

/** Parses `INC-7` (any case) or `7`; null when it is neither. */
export function parseIncidentId(text: string): number | null {
  const match = /^(?:inc-)?([1-9][0-9]{0,8})$/i.exec(text.trim());
  return match?.[1] === undefined ? null : Number(match[1]);
}

/** Kind and scope in a fixed order: the identity by which repeats fold into one incident. */
export function fingerprint(signal: { readonly kind: IncidentKind; readonly scope: IncidentScope }): string {
  const entries = Object.entries(signal.scope).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `${signal.kind}|${JSON.stringify(entries)}`;
}

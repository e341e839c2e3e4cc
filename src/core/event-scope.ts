import { z } from 'zod';
import { scopeSchema, type IncidentKind, type IncidentScope } from './incident.ts';
import type { JsonValue } from './json.ts';

/** Scope keys an event's data may name, with the names LiteLLM's own webhook uses for them. */
const scopeNames: Readonly<Record<string, readonly string[]>> = {
  provider: ['provider', 'api_provider'],
  team: ['team', 'team_id'],
  org: ['org', 'organization_id', 'org_id'],
  key: ['key', 'token', 'hashed_api_key'],
  model_group: ['model_group'],
  guardrail: ['guardrail', 'guardrail_name'],
  sla: ['sla'],
};

/** What each kind is about, in the order it is looked for; `subject` stands for the first. */
const subjects: { readonly [K in IncidentKind]: readonly [string, ...string[]] } = {
  'provider.unhealthy': ['provider'],
  'latency.spike': ['provider'],
  'budget.exceeded': ['team', 'org'],
  'sla.violation': ['sla'],
  'guardrail.strikes': ['guardrail'],
  alert: ['alertname'],
};

const dataSchema = z.record(z.string(), z.json());

/**
 * The scope of an event: `data.scope` if it has one, else the field of `data` that names what the kind is about, else
 * `subject`. Null when none of them does.
 */
export function eventScope(
  kind: IncidentKind,
  event: { readonly type: string; readonly subject: string | null; readonly data: JsonValue },
): IncidentScope | null {
  if (kind === 'alert') return alertScope(event.type, event.subject);
  const data = dataSchema.safeParse(event.data).data ?? {};
  const stated = scopeSchema.safeParse(data['scope']).data;
  if (stated !== undefined && Object.keys(stated).length > 0) return stated;
  for (const key of subjects[kind]) {
    const value = field(data, key);
    if (value !== null) return { [key]: value };
  }
  return event.subject === null || event.subject === '' ? null : { [subjects[kind][0]]: event.subject };
}

function alertScope(type: string, subject: string | null): IncidentScope {
  return { alertname: type, ...(subject === null || subject === '' ? {} : { subject }) };
}

function field(data: Readonly<Record<string, JsonValue>>, key: string): string | null {
  const found = (scopeNames[key] ?? []).map((name) => data[name]);
  const text = found.find((value) => typeof value === 'string' && value !== '');
  return typeof text === 'string' ? text : null;
}

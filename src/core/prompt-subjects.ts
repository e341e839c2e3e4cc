import type { Evidence } from './evidence.ts';
import { known } from './evidence.ts';
import type { Incident, IncidentScope } from './incident.ts';
import type { PseudonymKind } from './redaction.ts';

/** Kinds of gateway things that facts are about: the first part of a fact's name. */
export const subjectKinds = ['provider', 'model_group', 'team', 'key', 'org', 'guardrail', 'sla'] as const;
export type SubjectKind = (typeof subjectKinds)[number];

/** Ids a model is told facts about, by kind, the incident's own first. */
export type PromptSubjects = Readonly<Record<SubjectKind, readonly string[]>>;

const subjectsMax: Readonly<Record<SubjectKind, number>> = {
  provider: 8,
  model_group: 20,
  team: 8,
  key: 8,
  org: 4,
  guardrail: 4,
  sla: 4,
};

/**
 * What is relevant to an incident: its scope; for providers and model groups whatever serves the same traffic, as it
 * may be routed there; for teams, keys and organizations their fastest growing members.
 */
export function promptSubjects(incident: Incident, evidence: Evidence): PromptSubjects {
  const scope = fullScope(incident.scope, evidence);
  const own = (kind: SubjectKind) => (scope[kind] === undefined ? [] : [scope[kind]]);
  const spending = own('team').length + own('key').length + own('org').length > 0;
  const routing = own('provider').length + own('model_group').length > 0;
  const growing = spending ? growingMembers(scope, evidence) : [];
  const rows = routing ? (known(evidence, 'gateway.deployments') ?? []) : [];
  const wanted: Readonly<Record<SubjectKind, readonly string[]>> = {
    provider: [...own('provider'), ...rows.map((row) => row.provider).sort()],
    model_group: [...own('model_group'), ...affectedFirst(rows, scope)],
    team: [...own('team'), ...growing.filter((row) => row.kind === 'team').map((row) => row.id)],
    key: [...own('key'), ...growing.filter((row) => row.kind === 'key').map((row) => row.id)],
    org: own('org'),
    guardrail: own('guardrail'),
    sla: own('sla'),
  };
  const bounded = subjectKinds.map((kind) => [kind, [...new Set(wanted[kind])].slice(0, subjectsMax[kind])]);
  return { ...wanted, ...Object.fromEntries(bounded) };
}

/** Names of teams, keys and organizations in what was read: what `createPseudonyms` hides from a model. */
export function namesToHide(
  incident: Incident,
  evidence: Evidence,
): readonly { readonly kind: PseudonymKind; readonly name: string }[] {
  const named = (kind: 'team' | 'key' | 'org', rows: readonly Named[]) =>
    rows.flatMap(({ id, alias }) => [id, alias ?? ''].map((name) => ({ kind, name })));
  const scoped = (['team', 'key', 'org'] as const).map((kind) => ({
    kind,
    name: incident.scope[kind] ?? '',
  }));
  return [
    ...scoped,
    ...named('team', known(evidence, 'gateway.teams') ?? []),
    ...named('org', known(evidence, 'gateway.organizations') ?? []),
    ...named('key', known(evidence, 'gateway.keys') ?? []),
  ].filter(({ name }) => name !== '');
}

interface Named {
  readonly id: string;
  readonly alias: string | null;
}

/** An SLA incident is about what its contract is about. */
function fullScope(scope: IncidentScope, evidence: Evidence): IncidentScope {
  const contract = (known(evidence, 'sla.contracts') ?? []).find((row) => row.id === scope['sla']);
  return { ...contract?.scope, ...scope };
}

function growingMembers(scope: IncidentScope, evidence: Evidence) {
  return (known(evidence, 'spend.growth') ?? [])
    .filter(
      (row) =>
        row.id === scope['key'] ||
        (row.teamId !== null && row.teamId === scope['team']) ||
        (row.orgId !== null && row.orgId === scope['org']),
    )
    .toSorted((a, b) => growthOf(b) - growthOf(a));
}

function growthOf(row: { readonly lastHourUsd: number; readonly meanHourUsd: number }): number {
  return row.lastHourUsd - row.meanHourUsd;
}

function affectedFirst(
  rows: readonly { readonly modelGroup: string; readonly provider: string }[],
  scope: IncidentScope,
): readonly string[] {
  const affected = rows.filter((row) => row.provider === scope['provider']).map((row) => row.modelGroup);
  return [...affected.sort(), ...rows.map((row) => row.modelGroup).sort()];
}

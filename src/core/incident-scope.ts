import type { ActionDefinition, ActionSubject } from './action.ts';
import type { Change } from './change.ts';
import { targetId } from './change.ts';
import type { Evidence } from './evidence.ts';
import { known } from './evidence.ts';
import { findGuardrail, findKey, findOrganization, findSla, findTeam } from './gateway-rows.ts';
import type { Lookup } from './gateway-rows.ts';
import type { Incident, IncidentScope } from './incident.ts';
import { incidentId } from './incident.ts';
import { readRouting, servingDeployments } from './model-routing.ts';
import { pageDedupKey } from './page-key.ts';

/** `null` = cannot be evaluated; it counts as outside. */
export interface ScopeVerdict {
  readonly inside: boolean | null;
  readonly detail: string;
}

/** The incident's own scope, and for a violated SLA what the contract covers. */
export function incidentScope(incident: Pick<Incident, 'scope'>, evidence: Evidence): IncidentScope {
  const sla = incident.scope['sla'];
  if (sla === undefined) return incident.scope;
  const contract = findSla(evidence, sla);
  return contract.status === 'found' ? { ...contract.row.scope, ...incident.scope } : incident.scope;
}

/**
 * Whether an action stays inside an incident: its type answers that kind, its subject lies in the incident's scope as
 * we read the gateway, and every change belongs to that subject. The most specific scope key decides: a group is not
 * inside a provider's incident that names another group.
 */
export function insideIncident(input: {
  readonly incident: Incident;
  readonly action: ActionDefinition;
  readonly subject: ActionSubject;
  readonly changes: readonly Change[];
  readonly evidence: Evidence;
}): ScopeVerdict {
  const { incident, action, subject, evidence } = input;
  const name = incidentId(incident.number);
  if (!action.kinds.includes(incident.kind))
    return { inside: false, detail: `\`${action.type}\` does not answer \`${incident.kind}\`` };
  const bySubject = subjectInside(subject, incident, evidence);
  if (bySubject.inside !== true) return bySubject;
  for (const change of input.changes) {
    const byChange = changeOfSubject(change, subject, incident, evidence);
    if (byChange.inside !== true) return byChange;
  }
  return { inside: true, detail: `${bySubject.detail}, in the scope of ${name}` };
}

function subjectInside(subject: ActionSubject, incident: Incident, evidence: Evidence): ScopeVerdict {
  const scope = incidentScope(incident, evidence);
  const said = `${subject.kind} \`${subject.id}\``;
  switch (subject.kind) {
    case 'oncall':
      return { inside: true, detail: 'a page about the incident' };
    case 'provider':
    case 'org':
    case 'sla':
      return byEqual(scope[subject.kind], subject.id, said);
    case 'model_group':
      return scope['model_group'] === undefined
        ? byProvider(subject.id, scope['provider'], evidence)
        : byEqual(scope['model_group'], subject.id, said);
    case 'team':
      return scope['team'] === undefined
        ? byRow(findTeam(evidence, subject.id), (team) => byOrg(team.orgId, scope, said))
        : byEqual(scope['team'], subject.id, said);
    case 'key':
      return keyInside(subject.id, scope, evidence);
    case 'guardrail':
      return guardrailInside(subject.id, scope['guardrail'], evidence);
    case 'runbook':
      return { inside: null, detail: 'what a runbook touches cannot be compared with the incident' };
    default:
      return subject.kind satisfies never;
  }
}

function byEqual(scoped: string | undefined, id: string, said: string): ScopeVerdict {
  if (scoped === undefined) return { inside: false, detail: `${said}: the incident names none` };
  return {
    inside: scoped === id,
    detail: scoped === id ? said : `${said}: the incident is about \`${scoped}\``,
  };
}

function byRow<Row>(lookup: Lookup<Row>, judge: (row: Row) => ScopeVerdict): ScopeVerdict {
  return lookup.status === 'found' ? judge(lookup.row) : { inside: null, detail: lookup.detail };
}

function byOrg(orgId: string | null, scope: IncidentScope, said: string): ScopeVerdict {
  return orgId === null && scope['org'] !== undefined
    ? { inside: false, detail: `${said} belongs to no organisation` }
    : byEqual(scope['org'], orgId ?? '', `organisation of ${said}`);
}

function byProvider(group: string, provider: string | undefined, evidence: Evidence): ScopeVerdict {
  const said = `model group \`${group}\``;
  if (provider === undefined)
    return { inside: false, detail: `${said}: the incident names neither it nor a provider` };
  const routing = readRouting(evidence);
  if ('reason' in routing) return { inside: null, detail: routing.reason };
  const own = routing.deployments.filter((row) => row.modelGroup === group);
  const behind = [...own, ...servingDeployments(routing, group)];
  const inside = behind.some((row) => row.provider === provider);
  return { inside, detail: `${said} has ${inside ? 'a' : 'no'} deployment of \`${provider}\`` };
}

function keyInside(id: string, scope: IncidentScope, evidence: Evidence): ScopeVerdict {
  const said = `key \`${id}\``;
  if (scope['key'] !== undefined) return byEqual(scope['key'], id, said);
  if (scope['team'] === undefined && scope['org'] === undefined)
    return { inside: false, detail: `${said}: the incident names no key, team or organisation` };
  return byRow(findKey(evidence, id), (key) => {
    if (scope['team'] !== undefined) return byEqual(scope['team'], key.teamId ?? '', `team of ${said}`);
    if (key.orgId !== null || key.teamId === null) return byOrg(key.orgId, scope, said);
    return byRow(findTeam(evidence, key.teamId), (team) => byOrg(team.orgId, scope, said));
  });
}

function guardrailInside(id: string, scoped: string | undefined, evidence: Evidence): ScopeVerdict {
  const said = `guardrail \`${id}\``;
  if (scoped === undefined || scoped === id) return byEqual(scoped, id, said);
  return byRow(findGuardrail(evidence, id), (row) => {
    const isScoped = row.id === scoped || row.name === scoped;
    return isScoped ? { inside: true, detail: said } : byEqual(scoped, id, said);
  });
}

/** Whether a change touches what the subject stands for and nothing beyond it. */
function changeOfSubject(
  change: Change,
  subject: ActionSubject,
  incident: Incident,
  evidence: Evidence,
): ScopeVerdict {
  const prefix = change.target.slice(0, change.target.length - targetId(change.target).length);
  const id = targetId(change.target);
  const outside: ScopeVerdict = {
    inside: false,
    detail: `\`${change.target}\` does not belong to ${subject.kind} \`${subject.id}\``,
  };
  const inside: ScopeVerdict = { inside: true, detail: `\`${change.target}\`` };
  switch (prefix) {
    case 'litellm:model_group/':
      return subject.kind === 'model_group' && subject.id === id ? inside : outside;
    case 'litellm:team/':
      return subject.kind === 'team' && subject.id === id ? inside : outside;
    case 'litellm:key/':
      return subject.kind === 'key' && subject.id === id ? inside : outside;
    case 'scutum:sla/':
      return subject.kind === 'sla' && subject.id === id ? inside : outside;
    case 'pagerduty:alert/':
      return subject.kind === 'oncall' && id === pageDedupKey(incident, '') ? inside : outside;
    case 'litellm:guardrail/':
      if (subject.kind !== 'guardrail') return outside;
      return byRow(findGuardrail(evidence, subject.id), (row) => (row.id === id ? inside : outside));
    case 'litellm:deployment/':
      return deploymentOfSubject(id, subject, evidence) ? inside : outside;
    case 'litellm:budget/':
      return budgetOfSubject(id, subject, evidence);
    default:
      return outside;
  }
}

function deploymentOfSubject(id: string, subject: ActionSubject, evidence: Evidence): boolean {
  const row = known(evidence, 'gateway.deployments')?.find((deployment) => deployment.id === id);
  return subject.kind === 'provider' && row?.provider === subject.id;
}

/** A budget row shared with others reaches beyond the incident. */
function budgetOfSubject(budgetId: string, subject: ActionSubject, evidence: Evidence): ScopeVerdict {
  if (subject.kind !== 'org')
    return { inside: false, detail: `budget row \`${budgetId}\` is an organisation's` };
  return byRow(findOrganization(evidence, subject.id), (org) => {
    if (org.budgetId !== budgetId)
      return { inside: false, detail: `budget row \`${budgetId}\` is not that of \`${org.id}\`` };
    return org.budgetSharers <= 1
      ? { inside: true, detail: `budget row of \`${org.id}\`` }
      : { inside: false, detail: `budget row \`${budgetId}\` is shared by ${org.budgetSharers}` };
  });
}

import type { Change } from '../core/change.ts';
import type { GateDecision } from '../core/gate.ts';
import type { Incident } from '../core/incident.ts';
import type { JsonObject, JsonValue } from '../core/json.ts';
import type { Proposer } from '../core/proposal.ts';
import type { Remediation, RemediationDocument, RemediationStatus } from '../core/remediation.ts';
import { counted, shown, shownParams, shownValue } from './shown-value.ts';
import type { Tone } from './styled-line.ts';

/** What the action does, in one sentence made from its typed params only. */
export function actionSentence(remediation: Pick<Remediation, 'document' | 'revertOf'>): string {
  const { type, params } = remediation.document.action;
  const sentence = sentences[type]?.(reader(params)) ?? `Run ${shown(type)}`;
  return remediation.revertOf === null ? sentence : `Undo #${remediation.revertOf}: restore what it changed`;
}

/** `route.circuit_break provider=anthropic minutes=5`. */
export function actionCall(document: Pick<RemediationDocument, 'action'>): string {
  return `${shown(document.action.type)} ${shownParams(document.action.params)}`.trim();
}

type Reader = (name: string) => string;
const reader =
  (params: JsonObject): Reader =>
  (name) =>
    paramWord(params[name]);

const paramWord = (value: JsonValue | undefined) =>
  typeof value === 'string' ? shown(value) : value === undefined ? '(not given)' : shownValue(value);

const holder = (read: Reader, kinds: readonly string[]) => {
  const kind = kinds.find((name) => read(name) !== '(not given)') ?? kinds[0] ?? '';
  return `${kind} ${read(kind)}`;
};

const sentences: Readonly<Record<string, (read: Reader) => string>> = {
  'route.circuit_break': (read) => `Stop sending requests to ${read('provider')} for ${read('minutes')} min`,
  'route.fallback_swap': (read) => `Serve model group ${read('model_group')} through ${read('to')}`,
  'limit.raise': (read) => `Raise the rate limits of team ${read('team')} by ${read('percent')} %`,
  'limit.lower': (read) =>
    `Lower the rate limits of ${holder(read, ['team', 'key'])} by ${read('percent')} %`,
  'key.block': (read) => `Block key ${read('key')}`,
  'alert.page_oncall': (read) => `Page on-call, severity ${read('severity')}: "${read('summary')}"`,
  'guardrail.disable': (read) => `Switch guardrail ${read('guardrail')} off`,
  'budget.raise_cap': (read) =>
    `Raise the budget cap of ${holder(read, ['team', 'org', 'key'])} by ${read('percent')} %`,
  'sla.disable': (read) => `Suspend service level ${read('sla')}`,
};

/** One line for each field and step: `2 deployments: blocked false → true`. */
export function changeSummary(changes: readonly Change[]): readonly string[] {
  const groups = new Map<string, readonly Change[]>();
  for (const change of changes) {
    const key = `${targetKind(change.target)}|${change.field}|${shownValue(change.from)}|${shownValue(change.to)}`;
    groups.set(key, [...(groups.get(key) ?? []), change]);
  }
  return [...groups.values()].map(groupSentence);
}

function groupSentence(group: readonly Change[]): string {
  const first = group[0];
  if (first === undefined) return '';
  const who = group.length === 1 ? shown(first.target) : counted(group.length, targetKind(first.target));
  return `${who}: ${shown(first.field)} ${shownValue(first.from)} → ${shownValue(first.to)}`;
}

/** `deployment` of `litellm:deployment/6d0c`. */
function targetKind(target: string): string {
  return shown((target.split(':')[1] ?? target).split('/')[0] ?? target).replaceAll('_', ' ');
}

/** How the inverse fires, from the rule and from whether anything alive would fire it. */
export function undoSentence(remediation: Remediation): string {
  const { document, id } = remediation;
  if (document.revert.kind === 'on_request')
    return `only when asked: u here, or \`scutum-sre revert ${id}\`; never by itself`;
  const after = counted(document.revert.afterMinutes, 'minute');
  const alive = document.risk.components.reversibility.bucket === 'auto_reverting';
  return alive
    ? `by itself ${after} after it is applied; a live worker does it`
    : `${after} after it is applied, by the terminal that runs it: no live worker would. It stays in the foreground until then`;
}

/** What the gate decided, as a person says it. */
export function verdictSentence(gate: GateDecision): string {
  const level = `level ${gate.level}, ${levelNames[gate.level]}`;
  switch (gate.decision) {
    case 'auto_execute':
      return `runs by itself (${level})`;
    case 'require_approval':
      return `asks a person (${level})`;
    case 'assist_only':
      return `advice only, may not be run (${level})`;
    case 'refuse':
      return `refused (${level})`;
    default:
      return gate.decision satisfies never;
  }
}

const levelNames = ['manual', 'assisted', 'supervised', 'conditional', 'autonomous'] as const;

/** What the scope is about: `anthropic`, or `team=growth model_group=gpt-5` when there is more than one part. */
export function scopeText(incident: Incident): string {
  const entries = Object.entries(incident.scope);
  if (entries.length === 1) return shown(entries[0]?.[1] ?? '');
  return entries.map(([key, value]) => `${shown(key)}=${shown(value)}`).join(' ');
}

/** Who proposed it. */
export function proposerText(proposer: Proposer): string {
  switch (proposer.kind) {
    case 'model':
      return `model ${shown(proposer.model)}`;
    case 'playbook':
      return 'the playbook (no model)';
    case 'person':
      return `a person, ${shown(proposer.name)}`;
    case 'runbook':
      return `runbook ${shown(proposer.name)}`;
    default:
      return proposer satisfies never;
  }
}

export interface Standing {
  readonly word: string;
  readonly tone: Tone;
}

/** A status in the operator's words. */
export function statusStanding(status: RemediationStatus): Standing {
  return standings[status];
}

const standings: { readonly [S in RemediationStatus]: Standing } = {
  pending_approval: { word: 'needs approval', tone: 'warn' },
  assist_only: { word: 'advice only', tone: 'dim' },
  refused: { word: 'refused', tone: 'bad' },
  approved: { word: 'approved', tone: 'accent' },
  executing: { word: 'running', tone: 'accent' },
  applied: { word: 'being verified', tone: 'accent' },
  verified: { word: 'verified', tone: 'good' },
  reverting: { word: 'being undone', tone: 'accent' },
  reverted: { word: 'undone', tone: 'plain' },
  failed: { word: 'failed', tone: 'bad' },
  needs_human: { word: 'NEEDS A PERSON', tone: 'bad' },
  rejected: { word: 'rejected', tone: 'dim' },
  expired: { word: 'expired', tone: 'warn' },
  superseded: { word: 'superseded', tone: 'dim' },
};

/** Where an incident stands when nothing is proposed for it. */
export function incidentStanding(incident: Incident): Standing {
  if (incident.closedAt !== null) return { word: 'closed', tone: 'dim' };
  if (incident.escalation !== null)
    return incident.escalation.pagedAt === null
      ? { word: 'NOBODY PAGED', tone: 'bad' }
      : { word: 'on-call paged', tone: 'warn' };
  if (incident.kind === 'alert') return { word: 'shown only', tone: 'dim' };
  return { word: 'no proposal', tone: 'dim' };
}

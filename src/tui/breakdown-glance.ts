import { incidentId } from '../core/incident.ts';
import type { Incident } from '../core/incident.ts';
import type { PreconditionResult } from '../core/precondition.ts';
import type { Remediation } from '../core/remediation.ts';
import type { RiskScore } from '../core/risk/risk-score.ts';
import type { BreakdownInput } from './breakdown.ts';
import { age, clockTime, countdown, msUntil } from './durations.ts';
import type { Block } from './page.ts';
import { progressBlocks } from './progress.ts';
import { drawing, field, labelColumn, section } from './page.ts';
import { againstTau, scaleSpans, scoreTone } from './risk-drawing.ts';
import {
  actionCall,
  actionSentence,
  changeSummary,
  incidentStanding,
  scopeText,
  statusStanding,
  undoSentence,
  verdictSentence,
} from './sentences.ts';
import { hundredths, shown } from './shown-value.ts';
import type { Line, Span } from './styled-line.ts';
import { tie } from './wrap-line.ts';
import { accent, bad, dim, good, lineWidth, plain, strong, toned, warn } from './styled-line.ts';

const changeGroupsAtAGlance = 4;

/** The first screen: enough to decide whether to read on. Every line is said in full further down. */
export function glance(remediation: Remediation, input: BreakdownInput): readonly Block[] {
  const { document } = remediation;
  return [
    glanceHeading(input),
    ...progressBlocks(input.progress),
    ...noteFields(input),
    ...wrongFields(input),
    ...deedFields(remediation),
    ...document.gate.flips.map((flip, index) => field(index === 0 ? 'flips' : '', plain(shown(flip)))),
    field('status', ...statusLine(remediation, input.now)),
  ];
}

/** What an approval is about to let run, short enough to stand above the prompt on any screen. */
export function approvalRecap(remediation: Remediation, input: BreakdownInput): readonly Block[] {
  return [
    section('glance', `Approve #${remediation.id}?`, deploymentBadge(input)),
    ...noteFields(input),
    ...deedFields(remediation),
  ];
}

function deedFields(remediation: Remediation): readonly Block[] {
  const { document } = remediation;
  return [
    field('do', strong(actionSentence(remediation))),
    field('', dim(actionCall(document))),
    ...changeFields(remediation),
    field('undo', plain(undoSentence(remediation))),
    field('touches', ...touchesLine(document.risk)),
    field('checks', ...checksLine(document.preconditions)),
    riskField(document.risk),
    field('gate', ...gateLine(remediation)),
  ];
}

/** The same for an incident for which nothing is proposed. */
export function incidentGlance(input: BreakdownInput): readonly Block[] {
  const { incident } = input;
  if (incident === null) return [];
  const standing = incidentStanding(incident);
  return [
    glanceHeading(input),
    ...noteFields(input),
    ...wrongFields(input),
    field('status', toned(standing.tone, standing.word)),
    ...escalationFields(incident),
  ];
}

/** What it is about, and the deployment: 42 in staging is not 42 in production. */
function glanceHeading(input: BreakdownInput): Block {
  return section('glance', glanceTitle(input), deploymentBadge(input));
}

function deploymentBadge(input: BreakdownInput): Line {
  const badge = input.sandbox ? [plain(' '), toned('sandbox', '[SANDBOX]')] : [];
  return [strong(shown(input.deployment)), ...badge];
}

function glanceTitle(input: BreakdownInput): string {
  const parts = [
    input.incident === null ? 'no incident' : incidentId(input.incident.number),
    ...(input.remediation === null ? [] : [`#${input.remediation.id}`]),
  ];
  return parts.join(' · ');
}

function wrongFields(input: BreakdownInput): readonly Block[] {
  const { incident } = input;
  if (incident === null) return [field('wrong', dim('no incident: a person or a script asked for this'))];
  const times = incident.occurrences > 1 ? `, seen ${incident.occurrences} times` : '';
  return [
    field('wrong', strong(shown(incident.summary))),
    field(
      '',
      plain(`${incident.kind} ${scopeText(incident)}`),
      dim(`, open ${age(incident.openedAt, input.now)}${times}`),
    ),
    ...(incident.confirmed ? [] : [field('', warn('not confirmed by our own detector'))]),
  ];
}

function changeFields(remediation: Remediation): readonly Block[] {
  const groups = changeSummary(remediation.document.changes);
  if (groups.length === 0) return [field('change', dim('nothing to change'))];
  const first = groups.slice(0, changeGroupsAtAGlance);
  const rest = groups.length - first.length;
  return [
    ...first.map((group, index) => field(index === 0 ? 'change' : '', plain(group))),
    ...(rest > 0 ? [field('', dim(`and ${rest} more kinds of change, all listed below`))] : []),
  ];
}

/** `2 of 5 teams · 26 % of requests`. */
export function touchesLine(risk: RiskScore): Line {
  const { kinds, value } = risk.components.blastRadius;
  if (kinds.length === 0)
    return value > 0 ? [warn('unknown, so it counts as everything')] : [plain('no traffic')];
  const parts = kinds.map((kind) =>
    kind.kind === 'requests'
      ? `${percent(kind.affected, kind.active)} of requests`
      : `${kind.affected} of ${kind.active} ${kind.kind}`,
  );
  return [plain(parts.map((part) => part.replaceAll(' ', tie)).join(`${tie}· `))];
}

/** `26 %` of a part and a whole; `unknown` without a whole. */
export function percent(part: number, whole: number): string {
  if (!(whole > 0)) return 'unknown';
  const value = (100 * part) / whole;
  return `${value > 0 && value < 1 ? '< 1' : Math.round(value)} %`;
}

function checksLine(results: readonly PreconditionResult[]): Line {
  const broken = results.filter((result) => result.holds !== 'holds');
  const holding = `${results.length - broken.length} of ${results.length} hold`;
  if (broken.length === 0) return [good(holding)];
  return [
    bad(holding),
    plain(': '),
    ...broken.flatMap((result, index): readonly Span[] => [
      ...(index === 0 ? [] : [plain(', ')]),
      bad(`${shown(result.id)} ${result.holds === 'fails' ? 'fails' : 'is unknown'}`),
    ]),
  ];
}

function riskField(risk: RiskScore): Block {
  return drawing((canvas) => {
    const head = [
      dim('risk'.padEnd(labelColumn(canvas))),
      toned(scoreTone(risk), hundredths(risk.score)),
      plain(' '),
    ];
    const tail = canvas.say([plain(` ${againstTau(risk)}`)]);
    const cells = Math.min(48, canvas.width - lineWidth([...head, ...tail]));
    if (cells < 12) return canvas.wrap([...head, ...tail]);
    return [[...head, ...scaleSpans(risk, { cells }, canvas), ...tail]];
  });
}

function gateLine(remediation: Remediation): Line {
  const { gate } = remediation.document;
  const tone = gate.decision === 'refuse' ? 'bad' : gate.decision === 'require_approval' ? 'warn' : 'plain';
  const because = gate.reasons.map((reason) => reason.code.replaceAll('_', ' ')).join(', ');
  return [toned(tone, verdictSentence(gate)), ...(because === '' ? [] : [plain(`: ${because}`)])];
}

function statusLine(remediation: Remediation, now: string): Line {
  const standing = statusStanding(remediation.status);
  const word = toned(standing.tone, standing.word);
  switch (remediation.status) {
    case 'pending_approval':
      return [word, plain(`, ${expiryText(remediation.expiresAt, now)}`)];
    case 'rejected':
    case 'expired':
      return [word, plain(`: ${shown(remediation.closeReason)}`)];
    case 'executing':
    case 'applied':
    case 'verified':
    case 'reverting':
    case 'reverted':
    case 'needs_human':
      return [word, plain(`: ${shown(remediation.execution.verification.detail)}`)];
    default:
      return [word];
  }
}

/** `expires in 9:12, at 02:20:00 UTC`. */
export function expiryText(expiresAt: string, now: string): string {
  const left = msUntil(expiresAt, now);
  return left <= 0
    ? `expired at ${clockTime(expiresAt)} UTC`
    : `expires in ${countdown(left)}, at ${clockTime(expiresAt)} UTC`;
}

function escalationFields(incident: Incident): readonly Block[] {
  if (incident.escalation === null) return [];
  const { reason, pagedAt } = incident.escalation;
  const when = pagedAt === null ? bad('nobody could be paged') : accent(`paged at ${clockTime(pagedAt)} UTC`);
  return [field('escalated', when, plain(`: ${shown(reason)}`))];
}

function noteFields(input: BreakdownInput): readonly Block[] {
  return [
    ...(input.note === null ? [] : [field('note', warn(shown(input.note)))]),
    ...(input.suspended ? [field('suspended', bad('nothing runs but undos until `scutum-sre resume`'))] : []),
  ];
}

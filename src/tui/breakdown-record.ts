import { incidentId } from '../core/incident.ts';
import type { Incident } from '../core/incident.ts';
import { visibleText } from '../core/plain-text.ts';
import type { Remediation } from '../core/remediation.ts';
import type { BreakdownInput } from './breakdown.ts';
import { dateTime } from './durations.ts';
import type { Block } from './page.ts';
import { field, gap, hangingText, section, text } from './page.ts';
import { expiryText } from './breakdown-glance.ts';
import { proposerText, scopeText } from './sentences.ts';
import { counted, leaves, shortNumber, shown } from './shown-value.ts';
import { dim, plain } from './styled-line.ts';

/** What was seen: the incident, its sources, and the payloads they sent. */
export function evidenceSection(input: BreakdownInput): readonly Block[] {
  const { incident } = input;
  if (incident === null) return [];
  return [
    gap,
    section('evidence', 'Evidence', [dim(incidentId(incident.number))]),
    field('incident', plain(`${incident.kind} ${scopeText(incident)}`)),
    field('seen by', plain(incident.sources.join(', '))),
    field('confirmed', plain(confirmedText(incident))),
    field('opened', plain(dateTime(incident.openedAt))),
    field('last seen', plain(`${dateTime(incident.lastSeenAt)}, ${counted(incident.occurrences, 'time')}`)),
    ...citedFields(input.remediation),
    ...incident.payloads.flatMap((payload, index) => payloadBlocks(payload, index)),
  ];
}

function confirmedText(incident: Incident): string {
  return incident.confirmed ? 'yes, by our own detector' : 'no: only asserted from outside';
}

function citedFields(remediation: Remediation | null): readonly Block[] {
  const cited = remediation?.document.citedFacts ?? [];
  if (cited.length === 0) return [];
  const names = cited.map((reference) => `${reference.fact}[${shown(reference.subject)}]`).join(', ');
  return [field('model cites', plain(names))];
}

function payloadBlocks(payload: Incident['payloads'][number], index: number): readonly Block[] {
  return [
    text(dim(`payload ${index + 1}`)),
    ...leaves(payload).map((leaf) => hangingText(4, dim(`  ${shown(leaf.path)}: `), plain(leaf.text))),
  ];
}

/** What identifies the proposal and where its numbers come from. */
export function recordSection(remediation: Remediation, input: BreakdownInput): readonly Block[] {
  const { document } = remediation;
  return [
    gap,
    section('record', 'Record', [dim(`#${remediation.id}`)]),
    field('deployment', plain(`${shown(input.deployment)}${input.sandbox ? ' (SANDBOX)' : ''}`)),
    ...(remediation.revertOf === null ? [] : [field('undoes', plain(`#${remediation.revertOf}`))]),
    field('proposed by', plain(proposerText(document.proposedBy))),
    field(
      'confidence',
      plain(document.confidence === null ? 'none stated' : shortNumber(document.confidence)),
    ),
    field('created', plain(dateTime(remediation.createdAt))),
    // What nobody can approve (refused, for information) has no approval that expires.
    ...(awaitsApproval(remediation)
      ? [field('approval', plain(expiryText(remediation.expiresAt, input.now)))]
      : []),
    field('weights', plain(shown(document.risk.settings.source))),
    field('policy', plain(shown(document.policyHash))),
    field('digest', plain(shown(remediation.digest))),
  ];
}

function awaitsApproval({ status }: Remediation): boolean {
  return status !== 'refused' && status !== 'assist_only' && status !== 'superseded';
}

/** The proposer's own words, always last. */
export function proseSection(remediation: Remediation): readonly Block[] {
  const { diagnosis, proposedBy } = remediation.document;
  const prose = visibleText(diagnosis, { maxLength: 32_000, keepNewlines: true });
  const label =
    proposedBy.kind === 'model' ? 'model text, unverified' : `${proposedBy.kind} text, unverified`;
  return [
    gap,
    section('prose', label),
    ...(prose.trim() === '' ? [text(dim('none'))] : prose.split('\n').map((line) => text(plain(line)))),
  ];
}

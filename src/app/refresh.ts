import type { GateDecision } from '../core/gate.ts';
import { sameGround } from '../core/proposal-digest.ts';
import { revertActionOf } from '../core/revert-action.ts';
import type { Remediation } from '../core/remediation.ts';
import { digestOf, documentOf, statusOf, store } from './assess.ts';
import { asJson, draftFor } from './engine.ts';
import { judge, type AssessDeps, type Ground, type Judgement, type RemediateProposal } from './judge.ts';

export type RefreshResult =
  /** Same ground: the digest on screen still stands. `gate` is what the gate says now, by this process's settings. */
  | { readonly kind: 'same'; readonly remediation: Remediation; readonly gate: GateDecision }
  /** Repaint: another digest, and what is different. */
  | { readonly kind: 'changed'; readonly remediation: Remediation; readonly differences: readonly string[] }
  /** A `must` could not be read just now: the proposal stays pending as it is, and must not be run on this look. */
  | { readonly kind: 'unreadable'; readonly remediation: Remediation; readonly gate: GateDecision }
  /** Closed or superseded; a new proposal may be made. */
  | { readonly kind: 'gone'; readonly remediation: Remediation | null };

/**
 * A fresh dry run of a stored proposal. The same changes, verdicts and triggers and a score not higher than shown keep
 * it as it is; otherwise it is stored anew under a new digest, and the old digest approves nothing any more.
 */
export async function refreshRemediation(
  remediation: Remediation,
  ground: Ground,
  deps: AssessDeps,
): Promise<RefreshResult> {
  const proposal = proposalOf(remediation);
  const bound = await boundDeps(remediation, deps);
  if ('obsolete' in bound) return supersede(remediation, bound.obsolete, deps);
  const judgement = await judge({ proposal, revertOf: remediation.revertOf }, ground, bound);
  return remediation.status === 'pending_approval'
    ? refreshPending(remediation, { proposal, judgement }, deps)
    : refreshRecorded(remediation, { proposal, judgement, ground }, deps);
}

/**
 * What the judgement is made with, or why there is nothing left to judge. For an undo the action is the stored inverse of
 * its original and never a new plan.
 */
async function boundDeps(
  remediation: Remediation,
  deps: AssessDeps,
): Promise<AssessDeps | { readonly obsolete: string }> {
  const { type, params } = remediation.document.action;
  const found = deps.library.find(type);
  if (found === null) return { obsolete: `\`${type}\` is not in the library any more` };
  if (!found.params.safeParse(params).success) return { obsolete: `\`${type}\` takes other params by now` };
  if (remediation.revertOf === null) return deps;
  const original = await deps.remediations.getRemediation(remediation.revertOf);
  if (original?.status !== 'applied' && original?.status !== 'verified')
    return {
      obsolete: `remediation ${remediation.revertOf} is ${original?.status ?? 'unknown'}; there is nothing to undo`,
    };
  return { ...deps, prepare: (action) => Promise.resolve(revertActionOf(original, action)) };
}

interface Judged {
  readonly proposal: RemediateProposal;
  readonly judgement: Judgement;
}

async function refreshPending(
  remediation: Remediation,
  { proposal, judgement }: Judged,
  deps: AssessDeps,
): Promise<RefreshResult> {
  // What cannot be read for a moment has not changed: the proposal waits, and is not approved on it either.
  if (judgement.gate.refusal === 'dependency')
    return { kind: 'unreadable', remediation, gate: judgement.gate };
  const document = documentOf({ proposal, revertOf: remediation.revertOf, judgement }, deps);
  const status = statusOf(judgement.gate);
  const comparison = sameGround(remediation.document, document);
  if (comparison.kind === 'same' && status === 'pending_approval')
    return { kind: 'same', remediation, gate: judgement.gate };
  const differences =
    comparison.kind === 'same' ? [`the gate now says ${judgement.gate.decision}`] : comparison.differences;
  const step = await deps.remediations.transition({
    id: remediation.id,
    fence: remediation.fence,
    from: ['pending_approval'],
    to: status,
    digest: remediation.digest,
    document,
    newDigest: (bound) => digestOf(document, bound, deps),
    audit: draftFor(
      remediation,
      'refreshed',
      { differences: [...differences], before: remediation.digest, status, document: asJson(document) },
      deps,
    ),
  });
  if (step.kind === 'done') return { kind: 'changed', remediation: step.remediation, differences };
  const now = step.kind === 'fenced_out' ? step.remediation : null;
  if (now?.status !== 'pending_approval') return { kind: 'gone', remediation: now };
  return now.digest === remediation.digest
    ? supersede(now, 'another remediation holds what it would change by now', deps)
    : { kind: 'changed', remediation: now, differences: ['somebody else refreshed it'] };
}

/** What was only recorded (refused, assist-only) is proposed again when its verdict changed; nobody is asked again. */
async function refreshRecorded(
  remediation: Remediation,
  judged: Judged & { readonly ground: Ground },
  deps: AssessDeps,
): Promise<RefreshResult> {
  const { gate } = judged.judgement;
  const same = statusOf(gate) === remediation.status && gate.refusal === remediation.document.gate.refusal;
  if (same) return { kind: 'same', remediation, gate };
  const gone = await supersede(remediation, 'its ground changed', deps);
  if (gone.kind !== 'gone' || gone.remediation?.status !== 'superseded') return gone;
  const stored = await store({ ...judged, revertOf: remediation.revertOf }, deps);
  if (stored.kind === 'occupied') return gone;
  return {
    kind: 'changed',
    remediation: stored.remediation,
    differences: [`the gate said ${remediation.document.gate.decision}, says now ${gate.decision}`],
  };
}

async function supersede(remediation: Remediation, reason: string, deps: AssessDeps): Promise<RefreshResult> {
  const step = await deps.remediations.transition({
    id: remediation.id,
    fence: remediation.fence,
    from: [remediation.status],
    to: 'superseded',
    audit: draftFor(remediation, 'superseded', { reason }, deps),
  });
  if (step.kind === 'done') return { kind: 'gone', remediation: step.remediation };
  return { kind: 'gone', remediation: step.kind === 'fenced_out' ? step.remediation : null };
}

function proposalOf(remediation: Remediation): RemediateProposal {
  const { document } = remediation;
  return {
    kind: 'remediate',
    proposedBy: document.proposedBy,
    action: { type: document.action.type, params: document.action.params },
    confidence: document.reportedConfidence ?? document.confidence,
    preconditions: document.predicates,
    citedFacts: document.citedFacts,
    diagnosis: document.diagnosis,
    rejected: [],
  };
}

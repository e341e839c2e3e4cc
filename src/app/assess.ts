import type { GateDecision } from '../core/gate.ts';
import { policyHash } from '../core/policy/default-policy.ts';
import { visibleText } from '../core/plain-text.ts';
import type { Proposer } from '../core/proposal.ts';
import { proposalDigest } from '../core/proposal-digest.ts';
import type { RemediationDocument } from '../core/remediation.ts';
import { asJson, draftFor } from './engine.ts';
import { factsOnRecord } from './facts-on-record.ts';
import {
  judge,
  type AssessDeps,
  type Ground,
  type JudgeSubject,
  type Judgement,
  type RemediateProposal,
} from './judge.ts';
import type { ProposeResult, RemediationDraft } from './ports.ts';

/** An approval waits this long, then it expires (design.md §2.6); real time. */
export const approvalLifetimeMs = 10 * 60_000;

/** Judges a proposal and stores it as a remediation, unless an open one holds the incident or a target. */
export async function assess(
  proposal: RemediateProposal,
  ground: Ground,
  deps: AssessDeps,
): Promise<ProposeResult> {
  const judgement = await judge({ proposal, revertOf: null }, ground, deps);
  return store({ proposal, revertOf: null, judgement, ground }, deps);
}

/** Stores a judged proposal with its audit row: the triggering payload, the score and what moved it, the reasons. */
export function store(
  input: JudgeSubject & { readonly judgement: Judgement; readonly ground: Ground },
  deps: AssessDeps,
): Promise<ProposeResult> {
  const document = documentOf(input, deps);
  const draft: RemediationDraft = {
    incidentNumber: input.ground.incident?.number ?? null,
    revertOf: input.revertOf,
    status: statusOf(input.judgement.gate),
    document,
    expiresInMs: approvalLifetimeMs,
    digest: (bound) => digestOf(document, bound, deps),
  };
  return deps.remediations.propose(draft, (id, digest) =>
    draftFor(
      { id, incidentNumber: draft.incidentNumber },
      'proposed',
      {
        digest,
        status: draft.status,
        document: asJson(document),
        trigger: asJson(input.ground.incident),
        facts: factsOnRecord(input.ground.evidence, {
          action: input.judgement.action,
          params: document.action.params,
          incident: input.ground.incident,
        }),
      },
      deps,
    ),
  );
}

/** Everything a remediation holds of a judged proposal, with a nonce of its own: no two have the same digest. */
export function documentOf(
  input: JudgeSubject & { readonly judgement: Judgement },
  deps: AssessDeps,
): RemediationDocument {
  const { proposal, judgement } = input;
  const { action, dryRun: run } = judgement;
  const proposedBy: Proposer = action.type.startsWith('runbook.')
    ? { kind: 'runbook', name: action.type }
    : proposal.proposedBy;
  return {
    action: {
      type: action.type,
      version: action.version,
      params: action.params.parse(proposal.action.params),
    },
    proposedBy,
    confidence: judgement.confidence,
    reportedConfidence: proposal.confidence,
    diagnosis: visibleText(proposal.diagnosis, { maxLength: 4_000 }),
    changes: run.changes,
    inverse: run.inverse,
    revert: run.revert,
    expectation: run.expectation,
    preconditions: run.preconditions,
    risk: judgement.risk,
    gate: judgement.gate,
    predicates: proposal.preconditions,
    citedFacts: proposal.citedFacts,
    patternKey: judgement.patternKey,
    policyHash: policyHash(deps.policy),
    // An undo holds its own name, not the targets: its original may still hold those.
    locks: input.revertOf === null ? run.locks : [`revert:${input.revertOf}`],
    nonce: deps.randomness.hex(16),
  };
}

/** What an approval of this document is for, in this deployment. */
export function digestOf(
  document: RemediationDocument,
  bound: { readonly id: number; readonly expiresAt: string },
  deps: Pick<AssessDeps, 'deployment'>,
): string {
  return proposalDigest({ deployment: deps.deployment, id: bound.id, expiresAt: bound.expiresAt, document });
}

/** A proposal that the gate lets run starts as pending too: the run then grants it by policy. */
export function statusOf(gate: GateDecision): RemediationDraft['status'] {
  switch (gate.decision) {
    case 'refuse':
      return 'refused';
    case 'assist_only':
      return 'assist_only';
    case 'auto_execute':
    case 'require_approval':
      return 'pending_approval';
    default:
      return gate.decision satisfies never;
  }
}

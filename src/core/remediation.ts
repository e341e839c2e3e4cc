import type { ActionChoice, FactPredicate, FactReference, Proposer } from './proposal.ts';
import type { Change } from './change.ts';
import type { Expectation, RevertRule } from './action.ts';
import type { GateDecision } from './gate.ts';
import type { PreconditionResult } from './precondition.ts';
import type { RiskScore } from './risk/risk-score.ts';

export const remediationStatuses = [
  'assist_only',
  'refused',
  'pending_approval',
  'approved',
  'executing',
  'applied',
  'verified',
  'reverting',
  'reverted',
  'failed',
  'needs_human',
  'rejected',
  'expired',
  'superseded',
] as const;
export type RemediationStatus = (typeof remediationStatuses)[number];

/** Statuses that hold the incident and the targets: nothing else may be proposed for them meanwhile. */
export const lockingStatuses = [
  'pending_approval',
  'approved',
  'executing',
  'applied',
  'reverting',
  'needs_human',
] as const satisfies readonly RemediationStatus[];

export interface Approval {
  readonly by: string;
  readonly identity: 'asserted' | 'signed';
  readonly at: string;
  readonly digest: string;
}

export type VerificationOutcome = 'improved' | 'not_better' | 'worse' | 'inconclusive' | 'pending';

export interface Verification {
  readonly outcome: VerificationOutcome;
  readonly detail: string;
}

/** What happened to one change. `from` of the change is the write-once prior value. */
export interface ChangeReceipt {
  readonly change: Change;
  readonly result: 'applied' | 'already_there' | 'not_applied' | 'conflict' | 'unknown';
  readonly detail: string;
}

export interface Execution {
  /** Unique per attempt; the `execution_id` of the audit. */
  readonly id: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly receipts: readonly ChangeReceipt[];
  /** When the inverse fires by itself; null when only on request. */
  readonly revertAt: string | null;
  readonly revertedAt: string | null;
  readonly verification: Verification;
  /** The expectation's worst signal before the effect, in its unit; null when unknown. */
  readonly signalBefore: number | null;
  /** The same for each of `expectation.subjects`, in their order: what the outcome is judged against. */
  readonly signalsBefore?: readonly (number | null)[];
  /** How often a process began to recover this, or to undo it; what bounds trying again. Absent: not yet. */
  readonly tries?: number;
}

/** What the digest binds: everything that will run, and the ground on which it was allowed. */
export interface RemediationDocument {
  readonly action: ActionChoice & { readonly version: number };
  readonly proposedBy: Proposer;
  readonly confidence: number | null;
  /** What the proposer itself reported: combined anew with each fresh dry run, so that a fact unread once lowers nothing for good. */
  readonly reportedConfidence?: number | null;
  readonly diagnosis: string;
  readonly changes: readonly Change[];
  readonly inverse: readonly Change[];
  readonly revert: RevertRule;
  readonly expectation: Expectation | null;
  readonly preconditions: readonly PreconditionResult[];
  readonly risk: RiskScore;
  readonly gate: GateDecision;
  /** The proposer's own preconditions, kept so that a fresh dry run evaluates the same ones. */
  readonly predicates: readonly FactPredicate[];
  readonly citedFacts: readonly FactReference[];
  /** Kind, scope type, error class and action: the pattern by which novelty is counted. */
  readonly patternKey: string;
  readonly policyHash: string;
  readonly locks: readonly string[];
  readonly nonce: string;
}

interface Identity {
  readonly id: number;
  readonly incidentNumber: number | null;
  readonly revertOf: number | null;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly digest: string;
  readonly document: RemediationDocument;
  /** Rises with every claim; a writer with an older fence is stopped. */
  readonly fence: number;
}

/** Distributes over the statuses, so that each is a variant of its own. */
type State<Status extends RemediationStatus, Held = object> = Status extends RemediationStatus
  ? Identity & { readonly status: Status } & Held
  : never;

/** A remediation from proposal to close; each status holds exactly what it has. */
export type Remediation =
  | State<
      'assist_only' | 'refused' | 'superseded',
      { readonly approvals: readonly []; readonly execution: null }
    >
  | State<'pending_approval', { readonly approvals: readonly Approval[]; readonly execution: null }>
  | State<
      'rejected' | 'expired',
      { readonly approvals: readonly Approval[]; readonly execution: null; readonly closeReason: string }
    >
  | State<'approved', { readonly approvals: readonly Approval[]; readonly execution: null }>
  | State<
      'executing' | 'applied' | 'verified' | 'reverting' | 'reverted' | 'needs_human',
      { readonly approvals: readonly Approval[]; readonly execution: Execution }
    >
  | State<'failed', { readonly approvals: readonly Approval[]; readonly execution: Execution | null }>;

/** Which status may follow which. Everything else is refused by the store. */
export const nextStatuses: { readonly [S in RemediationStatus]: readonly RemediationStatus[] } = {
  assist_only: ['superseded'],
  refused: ['superseded'],
  pending_approval: [
    'approved',
    'rejected',
    'expired',
    'superseded',
    'refused',
    'assist_only',
    'pending_approval',
  ],
  approved: ['executing', 'failed', 'expired', 'superseded', 'pending_approval'],
  executing: ['applied', 'failed', 'needs_human', 'executing'],
  applied: ['verified', 'reverting', 'needs_human', 'applied'],
  verified: ['reverting', 'verified'],
  reverting: ['reverted', 'needs_human', 'reverting'],
  reverted: [],
  failed: [],
  needs_human: ['reverted', 'verified', 'reverting'],
  rejected: [],
  expired: [],
  superseded: [],
};

/** True when the life cycle allows this step. */
export function mayFollow(from: RemediationStatus, to: RemediationStatus): boolean {
  return nextStatuses[from].includes(to);
}

/**
 * True while something may still happen by it: its status locks the incident and the targets, or it is verified and
 * its timer has not fired yet.
 */
export function isOpen(remediation: Remediation): boolean {
  if (remediation.status === 'verified')
    return remediation.execution.revertAt !== null && remediation.execution.revertedAt === null;
  return lockingStatuses.some((status) => status === remediation.status);
}

import type { ExecutionOutcome } from '../app/execute.ts';
import type { FollowOutcome } from '../app/follow.ts';
import type { Remediation } from '../core/remediation.ts';
import { exitCode, type ExitCode } from './exit-code.ts';

/** What a script is told about how far a remediation came. */
export interface RunResult {
  readonly code: ExitCode;
  readonly remediation: Remediation | null;
  /** One sentence for people. */
  readonly message: string;
}

/** Exit code and sentence for an execution that did not come to `applied`. */
export function executionResult(outcome: Exclude<ExecutionOutcome, { readonly kind: 'applied' }>): RunResult {
  switch (outcome.kind) {
    case 'failed':
      return {
        code: exitCode.failure,
        remediation: outcome.remediation,
        message: `it did not run, and nothing is left in force: ${outcome.reason}`,
      };
    case 'needs_human':
      return {
        code: exitCode.unknown,
        remediation: outcome.remediation,
        message: `the outcome is unknown; a person must look: ${outcome.reason}`,
      };
    case 'fenced_out':
      return {
        code: exitCode.stale,
        remediation: outcome.remediation,
        message: alreadyDecided(outcome.remediation),
      };
    case 'stale':
      return {
        code: exitCode.stale,
        remediation: outcome.remediation,
        message: `the gateway changed meanwhile, nothing ran: ${outcome.reason}`,
      };
    case 'expired':
      return {
        code: exitCode.expired,
        remediation: null,
        message: 'the approval expired before it ran; nothing ran',
      };
    case 'suspended':
      return {
        code: exitCode.refused,
        remediation: null,
        message: `suspended, nothing ran: ${outcome.reason}. Lift it with: scutum-sre resume`,
      };
    case 'unavailable':
      return { code: exitCode.unavailable, remediation: null, message: `nothing ran: ${outcome.reason}` };
    default:
      return outcome satisfies never;
  }
}

/** Who decided or ran it first, as far as the record says. */
export function alreadyDecided(remediation: Remediation | null): string {
  if (remediation === null) return 'somebody else decided it first; nothing was run by this command';
  const by = remediation.approvals.at(-1)?.by;
  return `remediation ${remediation.id} is already ${remediation.status}${by === undefined ? '' : `, approved by ${by}`}; nothing was run by this command`;
}

/** Why an expired remediation was closed. */
export function closeReasonOf(remediation: Remediation): string {
  return remediation.status === 'expired' ? remediation.closeReason : 'nobody decided in time';
}

/** Exit code and sentence for how an applied remediation ended. */
export function followResult(outcome: FollowOutcome): RunResult {
  const { remediation } = outcome;
  switch (outcome.kind) {
    case 'verified':
      return {
        code: outcome.verification.outcome === 'worse' ? exitCode.unknown : exitCode.done,
        remediation,
        message: verdictSentence(outcome.verification.outcome, outcome.verification.detail, remediation.id),
      };
    case 'reverted':
      return outcome.cause === 'worse'
        ? {
            code: exitCode.reverted,
            remediation,
            message: `it made things worse and was undone: ${outcome.verification.detail}`,
          }
        : {
            code: exitCode.done,
            remediation,
            message: `undone at its time; verification: ${outcome.verification.outcome}`,
          };
    case 'needs_human':
      return {
        code: exitCode.unknown,
        remediation,
        message: `the outcome is unknown; a person must look: ${outcome.reason}`,
      };
    case 'left':
      return {
        code: exitCode.interrupted,
        remediation,
        message: 'it is in force; a worker (`scutum-sre watch`) or the next command goes on from here',
      };
    default:
      return outcome satisfies never;
  }
}

function verdictSentence(outcome: string, detail: string, id: number): string {
  switch (outcome) {
    case 'improved':
      return `improved: ${detail}`;
    case 'not_better':
      return `not better: ${detail}. Undo it with: scutum-sre revert ${id}`;
    case 'worse':
      return `worse, and this action is never undone by itself: ${detail}. Undo it with: scutum-sre revert ${id}`;
    default:
      return `${outcome}: ${detail}`;
  }
}

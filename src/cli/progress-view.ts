import type { FollowOutcome } from '../app/follow.ts';
import type { VerificationLook } from '../app/verify-outcome.ts';
import type { Remediation } from '../core/remediation.ts';
import type { Progress, ProgressStep } from '../tui/view-model.ts';

/** What is known of a run so far. */
export interface RunState {
  readonly remediation: Remediation;
  readonly look: VerificationLook | null;
  readonly outcome: FollowOutcome | null;
  /** ISO 8601, from the process clock. */
  readonly now: string;
}

/** The steps of a run as the view shows them: applied, judged, undone. */
export function progressOf(run: RunState): Progress {
  const { remediation, outcome } = run;
  const execution = outcome?.remediation.execution ?? remediation.execution;
  const revertAt = execution?.revertAt ?? null;
  const undone = outcome?.kind === 'reverted';
  return {
    remediationId: remediation.id,
    steps: [
      {
        label: 'applied and read back',
        state: 'done',
        detail: `${remediation.document.changes.length} changes`,
      },
      verifyStep(run),
      ...(revertAt === null && !undone ? [] : [undoStep(run)]),
    ],
    revertInMs: revertAt === null || undone ? null : Math.max(0, Date.parse(revertAt) - Date.parse(run.now)),
  };
}

function verifyStep({ look, outcome }: RunState): ProgressStep {
  const label = 'verified by behaviour';
  if (outcome?.kind === 'needs_human') return { label, state: 'failed', detail: outcome.reason };
  const verification =
    outcome !== null && 'verification' in outcome ? outcome.verification : look?.verification;
  if (verification === undefined) return { label, state: 'doing', detail: 'waiting for the first look' };
  if (verification.outcome === 'pending') return { label, state: 'doing', detail: verification.detail };
  const state = verification.outcome === 'worse' ? 'failed' : 'done';
  return { label, state, detail: `${verification.outcome}: ${verification.detail}` };
}

function undoStep({ outcome, look }: RunState): ProgressStep {
  const label = 'undone at its time';
  if (outcome?.kind === 'reverted')
    return {
      label: outcome.cause === 'worse' ? 'undone because it got worse' : label,
      state: 'done',
      detail: 'read back',
    };
  const judged = look !== null && look.verification.outcome !== 'pending';
  return { label, state: judged ? 'doing' : 'todo', detail: '' };
}

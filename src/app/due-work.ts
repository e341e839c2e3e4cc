import { visibleText } from '../core/plain-text.ts';
import type { Remediation } from '../core/remediation.ts';
import { concludeVerification, isUnfollowed } from './conclude-verification.ts';
import { draftFor, type EngineDeps } from './engine.ts';
import type { Warning } from './ports.ts';
import { recoverExecution, type RecoveryOutcome } from './recover.ts';
import { revertRemediation, type RevertOutcome } from './revert.ts';
import type { VerifyOutcome } from './verify-outcome.ts';

/** Rows taken per pass; the next pass takes the rest. */
const passLimit = 20;

export interface DueWork {
  readonly reverted: readonly Remediation[];
  readonly expired: readonly Remediation[];
  /** Executions taken over from a process that died: in force (`applied`) or taken back (`failed`). */
  readonly recovered: readonly Remediation[];
  /** Remediations that ended needing a person in this pass. */
  readonly needsHuman: readonly { readonly remediation: Remediation; readonly reason: string }[];
  /** Applied remediations whose verification nobody follows and that can still be judged. */
  readonly toVerify: readonly Remediation[];
  readonly warnings: readonly Warning[];
}

/**
 * What is overdue, whoever started it: inverses whose time has come, executions whose process died, approvals past their
 * expiry. Run by every deciding command and by `watch`; correctness rests on the fences, so any number may run it at once.
 * One remediation that fails does not keep the others from theirs.
 */
export async function runDueWork(deps: EngineDeps): Promise<DueWork> {
  // A gateway in trouble makes undos slow; expiries do not wait for them.
  const [undone, expired] = await Promise.all([undoAndResume(deps), runExpiries(deps)]);
  const { outcomes } = undone;
  return {
    toVerify: undone.toVerify,
    expired,
    reverted: remediationsOf(outcomes, ['reverted']),
    recovered: remediationsOf(outcomes, ['applied', 'failed']),
    needsHuman: outcomes.flatMap((outcome) =>
      outcome.kind === 'needs_human' ? [{ remediation: outcome.remediation, reason: outcome.reason }] : [],
    ),
    warnings: [...outcomes.flatMap(waitingFor), ...undone.warnings],
  };
}

async function undoAndResume(deps: EngineDeps) {
  const due = await deps.remediations.dueReverts(passLimit);
  const reverts = await each(due, (row) => revertRemediation(row, { ...deps, cause: 'timer' }));
  const abandoned = await deps.remediations.abandoned(passLimit);
  const toVerify = abandoned.filter((row) => row.status === 'applied' && !isUnfollowed(row, deps));
  const resumed = await each(
    abandoned.filter((row) => !toVerify.includes(row)),
    (row) => resume(row, deps),
  );
  return {
    toVerify,
    outcomes: [...reverts.outcomes, ...resumed.outcomes],
    warnings: [...reverts.warnings, ...resumed.warnings],
  };
}

type Outcome = RevertOutcome | RecoveryOutcome | VerifyOutcome | { readonly kind: 'nothing' };

async function resume(row: Remediation, deps: EngineDeps): Promise<Outcome> {
  switch (row.status) {
    case 'reverting':
      return revertRemediation(row, { ...deps, cause: 'resumed' });
    case 'applied':
      return (await concludeVerification(row, deps)) ?? { kind: 'nothing' };
    default:
      return recoverExecution(row, deps);
  }
}

/** All at once; a failure of one becomes a warning that names it. */
async function each(
  rows: readonly Remediation[],
  work: (row: Remediation) => Promise<Outcome>,
): Promise<{ readonly outcomes: readonly Outcome[]; readonly warnings: readonly Warning[] }> {
  const results = await Promise.allSettled(rows.map(work));
  return {
    outcomes: results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])),
    warnings: results.flatMap((result, index) =>
      result.status === 'rejected'
        ? [{ code: 'due_work_failed', detail: `remediation ${rows[index]?.id}: ${textOf(result.reason)}` }]
        : [],
    ),
  };
}

function textOf(error: unknown): string {
  return visibleText(error instanceof Error ? error.message : String(error), { maxLength: 300 });
}

function remediationsOf(
  outcomes: readonly Outcome[],
  kinds: readonly Outcome['kind'][],
): readonly Remediation[] {
  return outcomes.flatMap((outcome) => {
    if (!kinds.includes(outcome.kind) || !('remediation' in outcome)) return [];
    return outcome.remediation === null ? [] : [outcome.remediation];
  });
}

function waitingFor(outcome: Outcome): readonly Warning[] {
  if (outcome.kind !== 'unreached') return [];
  const { remediation, reason } = outcome;
  return remediation.status === 'executing'
    ? [{ code: 'recovery_unreached', detail: `the rest of ${remediation.id} waits: ${reason}` }]
    : [{ code: 'revert_unreached', detail: `undo of ${remediation.id} waits: ${reason}` }];
}

/** A timeout never approves: it closes the proposal. */
async function runExpiries(deps: EngineDeps): Promise<readonly Remediation[]> {
  const due = await deps.remediations.dueExpiries(passLimit);
  const steps = await Promise.all(due.map((remediation) => expireRemediation(remediation, deps)));
  return steps.flatMap((step) => (step.kind === 'done' ? [step.remediation] : []));
}

/**
 * Closes what is over its time by the database clock: a proposal nobody decided, or an approval whose process died before
 * the run began.
 */
export function expireRemediation(
  remediation: Remediation,
  deps: Pick<EngineDeps, 'remediations' | 'clock' | 'operator'>,
) {
  return deps.remediations.transition({
    id: remediation.id,
    fence: remediation.fence,
    from: ['pending_approval', 'approved'],
    to: 'expired',
    closeReason:
      remediation.status === 'approved' ? 'approved, but not run in time' : 'nobody decided in time',
    audit: draftFor(
      remediation,
      'expired',
      { expiresAt: remediation.expiresAt, digest: remediation.digest },
      deps,
    ),
  });
}

import type { Remediation } from '../core/remediation.ts';
import { draftFor, type EngineDeps } from './engine.ts';
import type { Warning } from './ports.ts';
import { recoverExecution } from './recover.ts';
import { revertRemediation, type RevertOutcome } from './revert.ts';

/** Rows taken per pass; the next pass takes the rest. */
const passLimit = 20;

export interface DueWork {
  readonly reverted: readonly Remediation[];
  readonly expired: readonly Remediation[];
  /** Remediations that ended needing a person in this pass. */
  readonly needsHuman: readonly { readonly remediation: Remediation; readonly reason: string }[];
  /** Applied remediations whose verification nobody follows. */
  readonly toVerify: readonly Remediation[];
  readonly warnings: readonly Warning[];
}

/**
 * What is overdue, whoever started it: inverses whose time has come, executions whose process died, approvals past their
 * expiry. Run by every deciding command and by `watch`; correctness rests on the fences, so any number may run it at once.
 */
export async function runDueWork(deps: EngineDeps): Promise<DueWork> {
  const reverts = await runReverts(deps);
  const abandoned = await deps.remediations.abandoned(passLimit);
  const recovered = await runRecovery(abandoned, deps);
  return {
    toVerify: abandoned.filter((remediation) => remediation.status === 'applied'),
    reverted: [...reverts, ...recovered].flatMap((outcome) =>
      outcome.kind === 'reverted' ? [outcome.remediation] : [],
    ),
    expired: await runExpiries(deps),
    needsHuman: [...reverts, ...recovered].flatMap((outcome) =>
      outcome.kind === 'needs_human' ? [{ remediation: outcome.remediation, reason: outcome.reason }] : [],
    ),
    warnings: [...reverts, ...recovered].flatMap((outcome) =>
      outcome.kind === 'unreached'
        ? [{ code: 'revert_unreached', detail: `undo of ${outcome.remediation.id} waits: ${outcome.reason}` }]
        : [],
    ),
  };
}

async function runReverts(deps: EngineDeps): Promise<readonly RevertOutcome[]> {
  const due = await deps.remediations.dueReverts(passLimit);
  return Promise.all(due.map((remediation) => revertRemediation(remediation, { ...deps, cause: 'timer' })));
}

function runRecovery(abandoned: readonly Remediation[], deps: EngineDeps): Promise<readonly RevertOutcome[]> {
  const begun = abandoned.filter((remediation) => remediation.status !== 'applied');
  return Promise.all(
    begun.map((remediation) =>
      remediation.status === 'reverting'
        ? revertRemediation(remediation, { ...deps, cause: 'timer' })
        : recoverExecution(remediation, deps),
    ),
  );
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

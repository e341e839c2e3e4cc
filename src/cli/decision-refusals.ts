import type { DecideDeps } from '../app/decide.ts';
import { expireRemediation } from '../app/due-work.ts';
import { unavailableReason } from '../app/engine.ts';
import type { GateDecision } from '../core/gate.ts';
import type { Remediation } from '../core/remediation.ts';
import { exitCode, ExitError, usageError, type ExitCode } from './exit-code.ts';
import { alreadyDecided, type RunResult } from './outcome-code.ts';

/** Exit 75: what must be known cannot be read; the proposal stays pending. */
export function unreadableError(result: {
  readonly remediation: Remediation;
  readonly gate: GateDecision;
}): ExitError {
  return new ExitError(
    exitCode.unavailable,
    `what must be known about remediation ${result.remediation.id} cannot be read right now; nothing ran, it stays pending`,
    result.gate.reasons
      .filter((reason) => reason.code === 'precondition_unknown')
      .map((reason) => reason.detail),
  );
}

/** Throws the exit code of a remediation that is not open for approval. */
export async function requirePending(remediation: Remediation, deps: DecideDeps): Promise<void> {
  const { id, status } = remediation;
  if (status === 'refused') throw refusedError(remediation);
  if (status === 'assist_only')
    throw new ExitError(
      exitCode.refused,
      `remediation ${id} is for information only (level ${remediation.document.gate.level}); it cannot be approved`,
    );
  if (status === 'expired')
    throw new ExitError(exitCode.expired, `remediation ${id} expired; scutum-sre triage proposes anew`);
  if (status !== 'pending_approval') throw new ExitError(exitCode.stale, alreadyDecided(remediation));
  // The database's clock decides what is expired, not this machine's.
  const due = await deps.remediations.dueExpiries(500);
  if (!due.some((row) => row.id === id)) return;
  const step = await expireRemediation(remediation, deps);
  if (step.kind === 'done')
    throw new ExitError(
      exitCode.expired,
      `remediation ${id} expired at ${remediation.expiresAt}; scutum-sre triage proposes anew`,
    );
}

/** Exit 7 for a policy or a failed `must`, 75 for a `must` that could not be read. */
function refusedError(remediation: Remediation): ExitError {
  const message = `remediation ${remediation.id} is refused`;
  return new ExitError(refusalCode(remediation), message, refusalReasons(remediation));
}

function refusalReasons({ document: { gate, preconditions } }: Remediation): readonly string[] {
  const blocking = preconditions
    .filter((result) => result.severity === 'must' && result.holds !== 'holds')
    .map((result) => `${result.id}: ${result.detail}`);
  return blocking.length > 0 ? blocking : gate.reasons.map((reason) => reason.detail);
}

/** What a command says that proposed something which is refused. */
export function refusedResult(remediation: Remediation): RunResult {
  const why = refusalReasons(remediation).join('; ');
  return { code: refusalCode(remediation), remediation, message: `refused: ${why}` };
}

/** The exit code of a refused remediation. */
export function refusalCode(remediation: Remediation): ExitCode {
  return remediation.document.gate.refusal === 'dependency' ? exitCode.unavailable : exitCode.refused;
}

/** Said before the code is asked for: typing it would come to nothing. An undo runs while suspended. */
export async function requireNotSuspended(remediation: Remediation, deps: DecideDeps): Promise<void> {
  if (remediation.revertOf !== null) return;
  const { suspended, reason } = await deps.control.suspension();
  if (!suspended) return;
  throw new ExitError(exitCode.refused, `suspended, nothing runs: ${reason || 'no reason given'}`, [
    'lift it with: scutum-sre resume',
  ]);
}

/** Exit 2 where the effects of this remediation are not configured. */
export function requireEffects(remediation: Remediation, deps: DecideDeps): void {
  const missing = unavailableReason(deps.effects, remediation.document.changes);
  if (missing !== null) throw usageError(`remediation ${remediation.id} cannot run here: ${missing}`);
}

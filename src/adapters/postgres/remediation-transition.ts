import type { Transition, TransitionResult } from '../../app/ports.ts';
import { visibleText } from '../../core/plain-text.ts';
import {
  mayFollow,
  type Approval,
  type Execution,
  type Remediation,
  type RemediationDocument,
} from '../../core/remediation.ts';
import { takeLock } from './advisory-lock.ts';
import type { AppendAudit } from './audit-append.ts';
import { lockSuspension } from './control-store.ts';
import { databaseTime, timeAfter } from './database-clock.ts';
import { onlyRow, type Database, type Queryable } from './database.ts';
import { followState, holderOfLocks, writeLocks } from './remediation-locks.ts';
import { isLocking } from './remediation-propose.ts';
import { readRemediation, remediationColumns, remediationRow } from './remediation-row.ts';

/**
 * One guarded step of the life cycle in one transaction: lock, check, write, audit; all of it or nothing. Of several
 * reasons against it the first of `fenced_out`, `suspended`, `expired` is given. A new document whose names somebody
 * else holds by now is `fenced_out` too.
 */
export function transitionRemediation(
  database: Database,
  append: AppendAudit,
  step: Transition,
): Promise<TransitionResult> {
  return database.transaction(async (tx): Promise<TransitionResult> => {
    if (mayOpenLocks(step)) await takeLock(tx, 'propose');
    const suspension = step.unlessSuspended === true ? await lockSuspension(tx) : null;
    const current = await lockRemediation(tx, step.id);
    if (current === null || !isAt(step, current)) return { kind: 'fenced_out', remediation: current };
    if (suspension?.suspended === true)
      return { kind: 'suspended', reason: suspension.reason ?? 'no reason given' };
    // The clock is read after the lock: waiting for it must not make an expired approval valid (reliability.md §1.1).
    const now = await databaseTime(tx);
    if (step.unlessExpired === true && current.expiresAt <= now) return { kind: 'expired' };
    const opens = isLocking(step.to);
    const moved = documentWithOtherLocks(step, current);
    if (opens && moved !== null && (await holderOfLocks(tx, { ...current, document: moved })) !== null)
      return { kind: 'fenced_out', remediation: current };
    const after = await write(tx, current, step, now);
    if (moved !== null) await writeLocks(tx, { ...after, locks: moved.locks }, opens ? 'open' : 'closed');
    await followState(tx, current, after);
    await append(tx, step.audit);
    return { kind: 'done', remediation: after };
  });
}

/** Locks the row until the end of the transaction. Leaves its key alone, which an undo of it may refer to meanwhile. */
async function lockRemediation(tx: Queryable, id: number): Promise<Remediation | null> {
  await tx.query('SELECT FROM scutum_sre.remediations WHERE id = $1 FOR NO KEY UPDATE', [id]);
  return readRemediation(tx, id);
}

function isAt(step: Transition, current: Remediation): boolean {
  return (
    current.fence === step.fence &&
    step.from.includes(current.status) &&
    mayFollow(current.status, step.to) &&
    (step.digest === undefined || step.digest === current.digest)
  );
}

/** True when the step may make the remediation hold something it does not hold now. */
function mayOpenLocks(step: Transition): boolean {
  return (
    step.document !== undefined || (isLocking(step.to) && step.from.some((status) => !isLocking(status)))
  );
}

/** The step's document when it names other things than the one before; null when nothing moves. */
function documentWithOtherLocks(step: Transition, current: Remediation): RemediationDocument | null {
  if (step.document === undefined) return null;
  const before = new Set(current.document.locks);
  const after = new Set(step.document.locks);
  const same = before.size === after.size && [...after].every((name) => before.has(name));
  return same ? null : step.document;
}

/** Statuses under which a lease goes on; everywhere else it ends. */
const leasedStatuses: readonly string[] = ['executing', 'applied', 'reverting'];

async function write(
  tx: Queryable,
  current: Remediation,
  step: Transition,
  now: string,
): Promise<Remediation> {
  const expiresAt = step.expiresInMs === undefined ? current.expiresAt : timeAfter(now, step.expiresInMs);
  const document = step.document ?? current.document;
  const execution = nextExecution(current, step, now);
  const rows = await tx.query(
    `UPDATE scutum_sre.remediations SET
       status = $2, expires_at = $3, digest = $4, document = $5::json, pattern_key = $6, approvals = $7::json,
       execution = $8::json, outcome = $9, revert_due_at = $10,
       close_reason = coalesce($11, close_reason),
       fence = fence + CASE WHEN $12::timestamptz IS NULL THEN 0 ELSE 1 END,
       lease_until = CASE WHEN $12::timestamptz IS NOT NULL THEN $12::timestamptz WHEN $13 THEN lease_until END,
       executed_at = CASE WHEN $2 = 'executing' THEN coalesce(executed_at, $14::timestamptz) ELSE executed_at END
     WHERE id = $1 RETURNING ${remediationColumns}`,
    [
      current.id,
      step.to,
      expiresAt,
      step.newDigest?.({ id: current.id, expiresAt }) ?? current.digest,
      JSON.stringify(document),
      document.patternKey,
      JSON.stringify(nextApprovals(current, step)),
      execution === null ? null : JSON.stringify(execution),
      execution?.verification.outcome ?? null,
      execution === null || execution.revertedAt !== null ? null : execution.revertAt,
      step.closeReason === undefined ? null : visibleText(step.closeReason),
      step.claimLeaseMs === undefined ? null : timeAfter(now, step.claimLeaseMs),
      leasedStatuses.includes(step.to),
      now,
    ],
    remediationRow,
  );
  return onlyRow(rows);
}

/** An approval is of one digest: a new digest makes earlier ones void. */
function nextApprovals(current: Remediation, step: Transition): readonly Approval[] {
  const kept = step.newDigest === undefined ? current.approvals : [];
  return step.approval === undefined ? kept : [...kept, step.approval];
}

function nextExecution(current: Remediation, step: Transition, now: string): Execution | null {
  const execution = step.execution ?? current.execution;
  if (execution === null || step.revertInMs === undefined || step.revertInMs === null) return execution;
  return { ...execution, revertAt: timeAfter(now, step.revertInMs) };
}

import { z } from 'zod';
import { isOpen, type Remediation, type RemediationDocument } from '../../core/remediation.ts';
import type { Queryable } from './database.ts';

// INVARIANT: whoever opens a lock holds the advisory lock `propose`; the unique indexes are the backstop.

const idRow = z.object({ id: z.number().int() });

/** What a remediation wants to hold. */
export interface Claimant {
  readonly incidentNumber: number | null;
  readonly revertOf: number | null;
  readonly document: Pick<RemediationDocument, 'locks'>;
  /** null before it has an id. */
  readonly id: number | null;
}

/** The open remediation that is in the way of this one, or null. An undo may hold what its original still holds. */
export async function occupant(tx: Queryable, claimant: Claimant): Promise<number | null> {
  return (await holderOfIncident(tx, claimant)) ?? (await holderOfLocks(tx, claimant));
}

/** The open remediation that holds one of the names, or null. */
export async function holderOfLocks(tx: Queryable, claimant: Claimant): Promise<number | null> {
  const rows = await tx.query(
    `SELECT remediation_id AS id FROM scutum_sre.remediation_locks
      WHERE open AND name = ANY($1) AND remediation_id <> ALL($2::int[]) ORDER BY remediation_id LIMIT 1`,
    [claimant.document.locks, [claimant.id ?? 0, claimant.revertOf ?? 0]],
    idRow,
  );
  return rows[0]?.id ?? null;
}

async function holderOfIncident(tx: Queryable, claimant: Claimant): Promise<number | null> {
  const rows = await tx.query(
    `SELECT id FROM scutum_sre.remediations
      WHERE holds AND CASE WHEN $2::int IS NULL THEN revert_of IS NULL AND incident_number = $1
                      ELSE revert_of = $2 END`,
    [claimant.incidentNumber, claimant.revertOf],
    idRow,
  );
  return rows[0]?.id ?? null;
}

/** Records the names of a remediation in place of those it had. */
export async function writeLocks(
  tx: Queryable,
  remediation: { readonly id: number; readonly revertOf: number | null; readonly locks: readonly string[] },
  hold: 'open' | 'closed',
): Promise<void> {
  await tx.query('DELETE FROM scutum_sre.remediation_locks WHERE remediation_id = $1', [remediation.id]);
  await tx.query(
    `INSERT INTO scutum_sre.remediation_locks (remediation_id, name, for_revert, open)
     SELECT $1, name, $3, $4 FROM unnest($2::text[]) AS name`,
    [remediation.id, [...new Set(remediation.locks)], remediation.revertOf !== null, hold === 'open'],
  );
}

/**
 * Brings what a remediation holds in line with its state after a step. One that opens again (an undo on request, or a
 * person who must look) takes back what nobody else holds by now: its own end must not depend on that.
 */
export async function followState(tx: Queryable, before: Remediation, after: Remediation): Promise<void> {
  if (!isOpen(after)) await releaseAll(tx, after.id);
  else if (!isOpen(before)) await takeWhatIsFree(tx, after.id);
}

async function releaseAll(tx: Queryable, id: number): Promise<void> {
  await tx.query('UPDATE scutum_sre.remediations SET holds = false WHERE id = $1 AND holds', [id]);
  await tx.query('UPDATE scutum_sre.remediation_locks SET open = false WHERE remediation_id = $1 AND open', [
    id,
  ]);
}

async function takeWhatIsFree(tx: Queryable, id: number): Promise<void> {
  await tx.query(
    `UPDATE scutum_sre.remediations AS own SET holds = true WHERE id = $1 AND NOT EXISTS (
       SELECT 1 FROM scutum_sre.remediations AS other
        WHERE other.holds AND other.id <> own.id
          AND (other.revert_of = own.revert_of
               OR (other.revert_of IS NULL AND own.revert_of IS NULL
                   AND other.incident_number = own.incident_number)))`,
    [id],
  );
  await tx.query(
    `UPDATE scutum_sre.remediation_locks AS own SET open = true WHERE remediation_id = $1 AND NOT EXISTS (
       SELECT 1 FROM scutum_sre.remediation_locks AS other
        WHERE other.open AND other.name = own.name AND other.for_revert = own.for_revert
          AND other.remediation_id <> own.remediation_id)`,
    [id],
  );
}

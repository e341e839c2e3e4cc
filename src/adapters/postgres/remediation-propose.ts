import { z } from 'zod';
import type { ProposeResult, RemediationDraft } from '../../app/ports.ts';
import type { AuditDraft } from '../../core/audit/audit-record.ts';
import { lockingStatuses, type RemediationStatus } from '../../core/remediation.ts';
import { takeLock } from './advisory-lock.ts';
import type { AppendAudit } from './audit-append.ts';
import { databaseTime, timeAfter } from './database-clock.ts';
import { onlyRow, type Database, type Queryable } from './database.ts';
import { occupant, writeLocks } from './remediation-locks.ts';
import { remediationColumns, remediationRow } from './remediation-row.ts';

/**
 * Stores a new remediation with its audit row, unless an open one holds its incident or one of its names. What is only
 * recorded (refused, assist-only) holds nothing and is never in the way.
 */
export function proposeRemediation(
  database: Database,
  append: AppendAudit,
  input: { readonly draft: RemediationDraft; readonly audit: (id: number, digest: string) => AuditDraft },
): Promise<ProposeResult> {
  const { draft } = input;
  return database.transaction(async (tx): Promise<ProposeResult> => {
    await takeLock(tx, 'propose');
    const holds = isLocking(draft.status);
    const by = holds ? await occupant(tx, { ...draft, id: null }) : null;
    if (by !== null) return { kind: 'occupied', by };
    const id = await nextId(tx);
    const createdAt = await databaseTime(tx);
    const expiresAt = timeAfter(createdAt, draft.expiresInMs);
    const digest = draft.digest({ id, expiresAt });
    const remediation = await insert(tx, draft, { id, createdAt, expiresAt, digest, holds });
    const { locks } = draft.document;
    await writeLocks(tx, { id, revertOf: draft.revertOf, locks }, holds ? 'open' : 'closed');
    await append(tx, input.audit(id, digest));
    return { kind: 'stored', remediation };
  });
}

/** True for a status that holds incident and targets. */
export function isLocking(status: RemediationStatus): boolean {
  return lockingStatuses.some((locking) => locking === status);
}

async function nextId(tx: Queryable): Promise<number> {
  const rows = await tx.query(
    "SELECT nextval('scutum_sre.remediation_ids') AS id",
    [],
    z.object({ id: z.number().int() }),
  );
  return onlyRow(rows).id;
}

interface Stamp {
  readonly id: number;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly digest: string;
  readonly holds: boolean;
}

async function insert(tx: Queryable, draft: RemediationDraft, stamp: Stamp) {
  const rows = await tx.query(
    `INSERT INTO scutum_sre.remediations
       (id, incident_number, revert_of, status, holds, created_at, expires_at, digest, document, pattern_key, approvals)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::json, $10, '[]') RETURNING ${remediationColumns}`,
    [
      stamp.id,
      draft.incidentNumber,
      draft.revertOf,
      draft.status,
      stamp.holds,
      stamp.createdAt,
      stamp.expiresAt,
      stamp.digest,
      JSON.stringify(draft.document),
      draft.document.patternKey,
    ],
    remediationRow,
  );
  return onlyRow(rows);
}

import { z } from 'zod';
import { auditEntry } from '../../core/audit/audit-entry.ts';
import type { AuditDraft, AuditHead } from '../../core/audit/audit-record.ts';
import { onlyRow, type Queryable } from './database.ts';

/** Adds a draft to the trail inside the caller's transaction. */
export type AppendAudit = (tx: Queryable, draft: AuditDraft) => Promise<AuditHead>;

const appended = z.object({ new_seq: z.number(), new_row_hash: z.string() });

/**
 * Builds the function by which every store writes to the trail: the draft becomes its rows (attachments first, then the
 * entry), and all of them are chained in SQL. The chain stays locked until the caller's transaction ends, so this is the
 * last thing a transaction does. `salt` gives 32 hex digits from 16 random bytes.
 */
export function auditAppender(salt: () => string): AppendAudit {
  return async (tx, draft) => {
    let head: AuditHead | null = null;
    for (const row of auditEntry(draft, salt()).rows) {
      const added = onlyRow(
        await tx.query(
          'SELECT new_seq, new_row_hash FROM scutum_sre.append_action($1, $2, $3, $4, $5, $6, $7, $8)',
          [
            row.at,
            row.source,
            row.kind,
            row.incidentId,
            row.remediationId,
            row.executionId,
            row.actor,
            row.entry,
          ],
          appended,
        ),
      );
      head = { size: added.new_seq + 1, rowHash: added.new_row_hash };
    }
    if (head === null) throw new Error('an audit draft gave no row');
    return head;
  };
}

import { auditEntry } from '../../src/core/audit/audit-entry.ts';
import type { AuditDraft, AuditHead, AuditRow } from '../../src/core/audit/audit-record.ts';
import { chainRow, emptyHead, headOf } from '../../src/core/audit/hash-chain.ts';
import type { JsonObject } from '../../src/core/json.ts';

/** A draft with something in every column. */
export function draftOf(body: JsonObject, change: Partial<AuditDraft> = {}): AuditDraft {
  return {
    kind: 'proposed',
    at: '2026-11-20T02:10:00.000Z',
    incidentNumber: 7,
    remediationId: 42,
    executionId: null,
    actor: 'sre@laptop',
    body,
    ...change,
  };
}

/** A salt of its own for the nth draft. */
export function saltOf(n: number): string {
  return n.toString(16).padStart(32, '0');
}

/** Chains drafts into a trail, as the log does. */
export function trailOf(drafts: readonly AuditDraft[]): {
  readonly rows: AuditRow[];
  readonly head: AuditHead;
} {
  const rows: AuditRow[] = [];
  let head = emptyHead;
  drafts.forEach((draft, n) => {
    for (const entry of auditEntry(draft, saltOf(n)).rows) {
      const row = chainRow(head, entry);
      rows.push(row);
      head = headOf(row);
    }
  });
  return { rows, head };
}

/** The row without its entry, as a filtered export keeps it. */
export function stubOf(row: AuditRow): AuditRow {
  const empty = {
    at: '',
    source: '',
    kind: '',
    incidentId: '',
    remediationId: '',
    executionId: '',
    actor: '',
  };
  return { ...row, ...empty, entry: null };
}

import { z } from 'zod';
import { zeroHash, type AuditHead, type AuditRow } from '../../core/audit/audit-record.ts';
import type { AuditLog } from '../../app/ports.ts';
import type { AppendAudit } from './audit-append.ts';
import type { Database } from './database.ts';

/** Rows read at once: the whole trail passes through memory a page at a time. */
const pageRows = 1_000;

/** The audit trail of this store. Appending through it is a transaction of its own. */
export function createAuditLog(database: Database, append: AppendAudit): AuditLog {
  const head = () => readHead(database);
  return {
    append: (draft) => database.transaction((tx) => append(tx, draft)),
    head,
    rows: async function* (range) {
      // What is appended while somebody exports belongs to the next export.
      const { size } = await head();
      for (let next = 0; next < size; next += pageRows)
        yield* await readPage(database, { from: next, to: Math.min(size, next + pageRows), ...range });
    },
  };
}

async function readHead(database: Database): Promise<AuditHead> {
  const [last] = await database.query(
    'SELECT seq, row_hash FROM scutum_sre.sre_actions ORDER BY seq DESC LIMIT 1',
    [],
    z.object({ seq: z.number(), row_hash: z.string() }),
  );
  return last === undefined ? { size: 0, rowHash: zeroHash } : { size: last.seq + 1, rowHash: last.row_hash };
}

const storedRow = z
  .object({
    seq: z.number(),
    inside: z.boolean(),
    at: z.string(),
    source: z.string(),
    kind: z.string(),
    incident_id: z.string(),
    remediation_id: z.string(),
    execution_id: z.string(),
    actor: z.string(),
    entry: z.string().nullable(),
    leaf_hash: z.string(),
    prev_hash: z.string(),
    row_hash: z.string(),
  })
  .transform(({ inside, ...row }): AuditRow => {
    const hashes = { leafHash: row.leaf_hash, prevHash: row.prev_hash, rowHash: row.row_hash };
    return {
      seq: row.seq,
      at: inside ? row.at : '',
      source: inside ? row.source : '',
      kind: inside ? row.kind : '',
      incidentId: inside ? row.incident_id : '',
      remediationId: inside ? row.remediation_id : '',
      executionId: inside ? row.execution_id : '',
      actor: inside ? row.actor : '',
      entry: inside ? row.entry : null,
      ...hashes,
    };
  });

/** Rows `from` ≤ seq < `to`; those before `since` or from `until` on come as stubs that keep the chain whole. */
function readPage(
  database: Database,
  page: { readonly from: number; readonly to: number; readonly since?: string; readonly until?: string },
): Promise<readonly AuditRow[]> {
  return database.query(
    `SELECT *, (($3::timestamptz IS NULL OR at::timestamptz >= $3::timestamptz)
            AND ($4::timestamptz IS NULL OR at::timestamptz < $4::timestamptz)) AS inside
       FROM scutum_sre.sre_actions WHERE seq >= $1 AND seq < $2 ORDER BY seq`,
    [page.from, page.to, page.since ?? null, page.until ?? null],
    storedRow,
  );
}

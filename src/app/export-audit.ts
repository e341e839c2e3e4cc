import type { AuditHead } from '../core/audit/audit-record.ts';
import { csvHeader, csvLine } from '../core/audit/audit-csv.ts';
import { jsonlLine } from '../core/audit/audit-jsonl.ts';
import { chainVerifier, emptyHead, headOf } from '../core/audit/hash-chain.ts';
import type { VerifyResult } from '../core/audit/hash-chain.ts';
import type { AuditLog } from './ports.ts';

export interface ExportRequest {
  readonly format: 'csv' | 'jsonl';
  /** ISO 8601; rows outside keep their hashes and lose their entry. */
  readonly since?: string;
  readonly until?: string;
}

export interface ExportResult {
  readonly rows: number;
  readonly head: AuditHead;
}

/**
 * Streams the trail, one piece of text at a time in constant memory; `write` resolves when it may be called again. The
 * head returned is the one of the last row written, to be kept elsewhere: it is what shows a cut tail.
 */
export async function exportAudit(
  request: ExportRequest,
  audit: AuditLog,
  write: (text: string) => Promise<void>,
): Promise<ExportResult> {
  const line = request.format === 'csv' ? csvLine : jsonlLine;
  if (request.format === 'csv') await write(csvHeader);
  let head = emptyHead;
  let rows = 0;
  let block: string[] = [];
  for await (const row of audit.rows(rangeOf(request))) {
    block.push(line(row));
    head = headOf(row);
    rows += 1;
    if (block.length < blockRows) continue;
    await write(block.join(''));
    block = [];
  }
  if (block.length > 0) await write(block.join(''));
  return { rows, head };
}

/** Rows written at once. */
const blockRows = 200;

function rangeOf(request: ExportRequest): { readonly since?: string; readonly until?: string } {
  return {
    ...(request.since === undefined ? {} : { since: request.since }),
    ...(request.until === undefined ? {} : { until: request.until }),
  };
}

/** Verifies the live trail row by row; it must contain the head that the store says it has. */
export async function verifyLiveTrail(audit: AuditLog): Promise<VerifyResult> {
  const verifier = chainVerifier({ expectedHead: await audit.head() });
  for await (const row of audit.rows({})) if (verifier.push(row) !== null) break;
  return verifier.finish();
}

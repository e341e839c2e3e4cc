import { z } from 'zod';
import type { ParsedRows, RowParser } from './audit-csv.ts';
import type { AuditRow } from './audit-record.ts';

/** Longest line the parser takes, in UTF-16 units. */
const longestLine = 1_000_000;

/**
 * One row as a line of ASCII JSON, LF included, with the column names of the CSV. `entry` is the exact text that was
 * hashed, as a JSON string. A row without its entry becomes a stub: sequence number and hashes only.
 */
export function jsonlLine(row: AuditRow): string {
  const links = { leaf_hash: row.leafHash, prev_hash: row.prevHash, row_hash: row.rowHash };
  const described = {
    at: row.at,
    source: row.source,
    kind: row.kind,
    incident_id: row.incidentId,
    remediation_id: row.remediationId,
    execution_id: row.executionId,
    actor: row.actor,
    entry: row.entry,
  };
  const line = row.entry === null ? { seq: row.seq, ...links } : { seq: row.seq, ...described, ...links };
  return `${JSON.stringify(line).replace(/[\u007f-\uffff]/g, escapeUnit)}\n`;
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

const links = {
  seq: z.int().min(0),
  leaf_hash: z.string(),
  prev_hash: z.string(),
  row_hash: z.string(),
};

const rowSchema = z.union([
  z.strictObject({
    ...links,
    at: z.string(),
    source: z.string(),
    kind: z.string(),
    incident_id: z.string(),
    remediation_id: z.string(),
    execution_id: z.string(),
    actor: z.string(),
    entry: z.string(),
  }),
  z.strictObject(links),
]);

/** Reads a file of JSON lines piece by piece; strict, and every problem is named with its line. */
export function jsonlParser(): RowParser {
  let rest = '';
  let line = 0;
  return {
    push: (chunk) => {
      const lines = chunk.includes('\n') ? (rest + chunk).split('\n') : [rest + chunk];
      rest = lines.pop() ?? '';
      const rows: AuditRow[] = [];
      for (const text of lines) {
        line++;
        const row = toRow(text);
        if (row === null)
          return { status: 'malformed', line, problem: 'expected one row of the trail as JSON' };
        rows.push(row);
      }
      if (rest.length > longestLine) {
        return { status: 'malformed', line: line + 1, problem: `longer than ${longestLine} characters` };
      }
      return { status: 'rows', rows };
    },
    finish: (): ParsedRows =>
      rest === ''
        ? { status: 'rows', rows: [] }
        : { status: 'malformed', line: line + 1, problem: 'the file ends in the middle of a line' },
  };
}

function toRow(text: string): AuditRow | null {
  const parsed = rowSchema.safeParse(parseJson(text));
  if (!parsed.success) return null;
  const row = parsed.data;
  const described = 'entry' in row ? row : null;
  return {
    seq: row.seq,
    at: described?.at ?? '',
    source: described?.source ?? '',
    kind: described?.kind ?? '',
    incidentId: described?.incident_id ?? '',
    remediationId: described?.remediation_id ?? '',
    executionId: described?.execution_id ?? '',
    actor: described?.actor ?? '',
    entry: described?.entry ?? null,
    leafHash: row.leaf_hash,
    prevHash: row.prev_hash,
    rowHash: row.row_hash,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

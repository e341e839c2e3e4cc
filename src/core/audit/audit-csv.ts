import type { AuditRow } from './audit-record.ts';

/** The columns of the export, in order; an interface other programs read (contract, "The audit CSV"). */
export const csvColumns = [
  'seq',
  'at',
  'source',
  'kind',
  'incident_id',
  'remediation_id',
  'execution_id',
  'actor',
  'entry',
  'leaf_hash',
  'prev_hash',
  'row_hash',
] as const;

/** First line of the file, CRLF included. */
export const csvHeader = `${csvColumns.join(',')}\r\n`;

/** Longest record the parser takes, in UTF-16 units; ours stay far below 70 000. */
const longestRecord = 1_000_000;

/**
 * One record (RFC 4180, CRLF included). Descriptive columns are neutralised against formula injection, the entry is
 * exact: it starts with `{`. A row without its entry becomes a stub: sequence number and hashes only.
 */
export function csvLine(row: AuditRow): string {
  const described =
    row.entry === null
      ? ['', '', '', '', '', '', '', '']
      : [row.at, row.source, row.kind, row.incidentId, row.remediationId, row.executionId, row.actor]
          .map(neutralCell)
          .concat(row.entry);
  const cells = [String(row.seq), ...described, row.leafHash, row.prevHash, row.rowHash];
  return `${cells.map(quoteCell).join(',')}\r\n`;
}

/** The text with a leading quote when a spreadsheet would run it (after white space, full-width forms too). */
export function neutralCell(text: string): string {
  return /^[\s\uFEFF]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r]/.test(text) ? `'${text}` : text;
}

function quoteCell(cell: string): string {
  return /[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

export type ParsedRows =
  | { readonly status: 'rows'; readonly rows: readonly AuditRow[] }
  /** `line` counts from 1; the parser is of no use afterwards. */
  | { readonly status: 'malformed'; readonly line: number; readonly problem: string };

export interface RowParser {
  /** Takes the next piece of the file; returns the rows completed by it. */
  readonly push: (chunk: string) => ParsedRows;
  /** Call once after the last piece. */
  readonly finish: () => ParsedRows;
}

/**
 * Reads an exported file piece by piece. Strict: exactly our header, twelve cells, CRLF; anything else is named with
 * its line. Descriptive columns come as they stand in the file (verify them with `columns: 'csv'`).
 */
export function csvParser(): RowParser {
  let rest = '';
  let line = 1;
  let seenHeader = false;
  const malformed = (problem: string): ParsedRows => ({ status: 'malformed', line, problem });
  const keep = (remainder: string, rows: readonly AuditRow[]): ParsedRows => {
    rest = remainder;
    if (rest.length <= longestRecord) return { status: 'rows', rows };
    return malformed(`a record is longer than ${longestRecord} characters`);
  };
  const accept = (cells: readonly string[], rows: AuditRow[]): string | null => {
    if (!seenHeader) {
      seenHeader = true;
      return cells.join(',') === csvColumns.join(',')
        ? null
        : `expected the header \`${csvColumns.join(',')}\``;
    }
    const row = toRow(cells);
    if (typeof row === 'string') return row;
    rows.push(row);
    return null;
  };
  return {
    push: (chunk) => {
      const text = rest + chunk;
      const rows: AuditRow[] = [];
      // A record ends with a line end: without one there is nothing new to read, however small the pieces are.
      if (!chunk.includes('\n')) return keep(text, rows);
      let at = 0;
      for (;;) {
        const record = readRecord(text, at);
        if (record.status === 'malformed') return malformed(record.problem);
        if (record.status === 'incomplete') break;
        const problem = accept(record.cells, rows);
        if (problem !== null) return malformed(problem);
        line += countLines(text, at, record.end);
        at = record.end;
      }
      rest = text.slice(at);
      if (rest.length > longestRecord)
        return malformed(`a record is longer than ${longestRecord} characters`);
      return { status: 'rows', rows };
    },
    finish: () => {
      if (rest !== '') return malformed('the file ends in the middle of a record');
      return seenHeader ? { status: 'rows', rows: [] } : malformed('the file is empty');
    },
  };
}

type RecordRead =
  | { readonly status: 'record'; readonly cells: readonly string[]; readonly end: number }
  | { readonly status: 'incomplete' }
  | { readonly status: 'malformed'; readonly problem: string };

type CellRead = { readonly cell: string; readonly end: number } | 'incomplete' | { readonly problem: string };

function readRecord(text: string, from: number): RecordRead {
  const cells: string[] = [];
  for (let at = from; ;) {
    const read = text[at] === '"' ? readQuoted(text, at) : readPlain(text, at);
    if (read === 'incomplete') return { status: 'incomplete' };
    if ('problem' in read) return { status: 'malformed', problem: read.problem };
    cells.push(read.cell);
    if (cells.length > csvColumns.length) return { status: 'malformed', problem: 'more than 12 cells' };
    if (text[read.end] === ',') at = read.end + 1;
    else if (text.startsWith('\r\n', read.end)) return { status: 'record', cells, end: read.end + 2 };
    else if (read.end + 1 >= text.length) return { status: 'incomplete' };
    else return { status: 'malformed', problem: 'expected a comma or CRLF after a cell' };
  }
}

const plainEnd = /[",\r\n]/g;

function readPlain(text: string, from: number): CellRead {
  plainEnd.lastIndex = from;
  const end = plainEnd.exec(text)?.index;
  if (end === undefined) return 'incomplete';
  if (text[end] === '"') return { problem: 'a quote inside a cell without quotes' };
  if (text[end] === '\n') return { problem: 'a line ends with LF instead of CRLF' };
  return { cell: text.slice(from, end), end };
}

function readQuoted(text: string, from: number): CellRead {
  let close = text.indexOf('"', from + 1);
  while (close >= 0 && text[close + 1] === '"') close = text.indexOf('"', close + 2);
  // A quote at the very end may be the first half of a doubled one.
  if (close < 0 || close + 1 >= text.length) return 'incomplete';
  return { cell: text.slice(from + 1, close).replaceAll('""', '"'), end: close + 1 };
}

function countLines(text: string, from: number, to: number): number {
  let lines = 0;
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}

function toRow(cells: readonly string[]): AuditRow | string {
  if (cells.length !== csvColumns.length) return `expected 12 cells, found ${cells.length}`;
  const [seq = '', at = '', source = '', kind = '', incidentId = '', remediationId = ''] = cells;
  const [executionId = '', actor = '', entry = '', leafHash = '', prevHash = '', rowHash = ''] =
    cells.slice(6);
  if (!/^(?:0|[1-9][0-9]{0,14})$/.test(seq)) return `\`${seq.slice(0, 40)}\` is not a sequence number`;
  return {
    seq: Number(seq),
    at,
    source,
    kind,
    incidentId,
    remediationId,
    executionId,
    actor,
    entry: entry === '' ? null : entry,
    leafHash,
    prevHash,
    rowHash,
  };
}

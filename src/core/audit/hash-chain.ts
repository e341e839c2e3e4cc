import { hash } from 'node:crypto';
import { neutralCell } from './audit-csv.ts';
import type { DescriptiveColumns, EntryRow } from './audit-entry.ts';
import { describeEntry } from './audit-entry.ts';
import type { AuditHead, AuditRow } from './audit-record.ts';
import { zeroHash } from './audit-record.ts';

/** The chain before its first row. */
export const emptyHead: AuditHead = { size: 0, rowHash: zeroHash };

/** SHA-256(0x00 ‖ entry), the leaf hash of RFC 6962, in hex. */
export function leafHash(entry: string): string {
  return hash('sha256', `\0${entry}`, 'hex');
}

const rowTag = Buffer.from('scutum-sre-row-v1\0', 'utf8');

/** SHA-256("scutum-sre-row-v1\0" ‖ prevHash ‖ u64be(seq) ‖ leafHash) in hex; the hashes are 64 hex digits each. */
export function rowHash(link: {
  readonly prevHash: string;
  readonly seq: number;
  readonly leafHash: string;
}): string {
  const bytes = Buffer.alloc(rowTag.length + 32 + 8 + 32);
  rowTag.copy(bytes);
  bytes.write(link.prevHash, rowTag.length, 32, 'hex');
  bytes.writeBigUInt64BE(BigInt(link.seq), rowTag.length + 32);
  bytes.write(link.leafHash, rowTag.length + 40, 32, 'hex');
  return hash('sha256', bytes, 'hex');
}

/** The next row of the chain that ends at `prev`. */
export function chainRow(prev: AuditHead, entry: EntryRow): AuditRow {
  const link = { prevHash: prev.rowHash, seq: prev.size, leafHash: leafHash(entry.entry) };
  return { ...entry, ...link, rowHash: rowHash(link) };
}

/** The head of a chain that ends at this row. */
export function headOf(row: Pick<AuditRow, 'seq' | 'rowHash'>): AuditHead {
  return { size: row.seq + 1, rowHash: row.rowHash };
}

export type ChainProblem =
  'seq' | 'prev_hash' | 'entry' | 'leaf_hash' | 'column' | 'stub' | 'row_hash' | 'truncated' | 'head';

export type VerifyResult =
  | {
      readonly status: 'intact';
      readonly head: AuditHead;
      /** Rows without their entry: omitted or erased, still in the chain. */
      readonly stubs: number;
    }
  | ChainBreak;

/** The first record that does not hold. */
export interface ChainBreak {
  readonly status: 'broken';
  /** Place in the trail, from 0: what its `seq` should be. */
  readonly position: number;
  readonly problem: ChainProblem;
  /** One line for people. */
  readonly detail: string;
  readonly expected: string;
  readonly found: string;
}

export interface VerifyOptions {
  /** A head noted earlier, elsewhere: the trail must contain it. Finds a cut tail, which nothing inside can show. */
  readonly expectedHead?: AuditHead;
  /** `csv`: columns may carry the leading quote that the export puts before formulas. Default `exact`. */
  readonly columns?: 'exact' | 'csv';
}

export interface ChainVerifier {
  /** Checks the next row; returns the first break, then and ever after. */
  readonly push: (row: AuditRow) => ChainBreak | null;
  readonly finish: () => VerifyResult;
}

/** Verifies a trail row by row in constant memory. Rows come in the order of the file, from the first of the trail. */
export function chainVerifier(options: VerifyOptions = {}): ChainVerifier {
  let head = emptyHead;
  let stubs = 0;
  let broken: ChainBreak | null = null;
  return {
    push: (row) => {
      broken ??= checkRow(head, row, options);
      if (broken !== null) return broken;
      head = headOf(row);
      if (row.entry === null) stubs++;
      return null;
    },
    finish: () => broken ?? checkEnd(head, options) ?? { status: 'intact', head, stubs },
  };
}

/** Verifies a whole trail; see `chainVerifier`. */
export function verifyChain(rows: Iterable<AuditRow>, options: VerifyOptions = {}): VerifyResult {
  const verifier = chainVerifier(options);
  for (const row of rows) if (verifier.push(row) !== null) break;
  return verifier.finish();
}

function checkRow(head: AuditHead, row: AuditRow, options: VerifyOptions): ChainBreak | null {
  const differ = breakAt(head.size);
  if (row.seq !== head.size) return differ('seq', 'the sequence number is not the next', head.size, row.seq);
  if (row.prevHash !== head.rowHash) {
    return differ('prev_hash', 'it does not follow the row before it', head.rowHash, row.prevHash);
  }
  const content = row.entry === null ? checkStub(row, differ) : checkEntry(row, row.entry, options, differ);
  if (content !== null) return content;
  const link = rowHash(row);
  if (row.rowHash !== link) return differ('row_hash', 'the row hash is not of this row', link, row.rowHash);
  return checkAnchor(row, options, differ);
}

type Differ = (
  problem: ChainProblem,
  detail: string,
  expected: string | number,
  found: string | number,
) => ChainBreak;

function breakAt(position: number): Differ {
  return (problem, detail, expected, found) => ({
    status: 'broken',
    position,
    problem,
    detail,
    expected: String(expected),
    found: String(found),
  });
}

function checkEntry(row: AuditRow, entry: string, options: VerifyOptions, differ: Differ): ChainBreak | null {
  const leaf = leafHash(entry);
  if (row.leafHash !== leaf) return differ('leaf_hash', 'the entry was changed', leaf, row.leafHash);
  const derived = describeEntry(entry);
  if (derived === null)
    return differ('entry', 'the entry is not canonical JSON', 'an entry', entry.slice(0, 80));
  for (const name of columnNames) {
    const value = derived[name];
    const found = row[name];
    if (found === value || (options.columns === 'csv' && found === neutralCell(value))) continue;
    return differ('column', `the column ${name} does not repeat the entry`, value, found);
  }
  return null;
}

// The columns of an omitted row prove nothing, so they must say nothing.
function checkStub(row: AuditRow, differ: Differ): ChainBreak | null {
  for (const name of columnNames) {
    if (row[name] === '') continue;
    return differ('stub', `the column ${name} of an omitted row is not empty`, '', row[name]);
  }
  return /^[0-9a-f]{64}$/.test(row.leafHash)
    ? null
    : differ('leaf_hash', 'the leaf hash is not a SHA-256', '64 hex digits', row.leafHash);
}

function checkAnchor(row: AuditRow, options: VerifyOptions, differ: Differ): ChainBreak | null {
  const anchor = options.expectedHead;
  if (anchor === undefined || anchor.size !== row.seq + 1 || anchor.rowHash === row.rowHash) return null;
  return differ('head', 'it is not the row that was noted as the head', anchor.rowHash, row.rowHash);
}

function checkEnd(head: AuditHead, options: VerifyOptions): ChainBreak | null {
  const anchor = options.expectedHead;
  if (anchor === undefined || anchor.size <= head.size) return null;
  const rows = (size: number) => `${size} rows`;
  return breakAt(head.size)('truncated', 'rows are missing at the end', rows(anchor.size), rows(head.size));
}

const columnNames = [
  'at',
  'source',
  'kind',
  'incidentId',
  'remediationId',
  'executionId',
  'actor',
] as const satisfies readonly (keyof DescriptiveColumns)[];

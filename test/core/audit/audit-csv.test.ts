import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ParsedRows, RowParser } from '../../../src/core/audit/audit-csv.ts';
import { csvHeader, csvLine, csvParser, neutralCell } from '../../../src/core/audit/audit-csv.ts';
import { jsonlLine, jsonlParser } from '../../../src/core/audit/audit-jsonl.ts';
import type { AuditRow } from '../../../src/core/audit/audit-record.ts';
import { verifyChain } from '../../../src/core/audit/hash-chain.ts';
import { draftOf, stubOf, trailOf } from '../../support/audit-trail.ts';
import { hostileTexts, unseen } from '../../support/hostile-texts.ts';

const { rows, head } = trailOf([
  draftOf({ a: 'plain' }),
  draftOf({ b: 'comma, "quote"' }, { actor: '=cmd|calc', executionId: 'x,y' }),
  draftOf({ c: 'ünïcode 😀' }, { actor: 'ünïcode 😀' }),
]);
const row = (n: number): AuditRow => {
  const found = rows[n];
  if (found === undefined) throw new Error(`no row ${n}`);
  return found;
};
const csv = csvHeader + rows.map(csvLine).join('');
const jsonl = rows.map(jsonlLine).join('');

/** Feeds a text in pieces of the given size. */
function parseAll(parser: RowParser, text: string, size = 1000): ParsedRows {
  const read: AuditRow[] = [];
  for (let from = 0; from < text.length; from += size) {
    const result = parser.push(text.slice(from, from + size));
    if (result.status === 'malformed') return result;
    read.push(...result.rows);
  }
  const end = parser.finish();
  return end.status === 'malformed' ? end : { status: 'rows', rows: read };
}

const rowsOf = (result: ParsedRows): readonly AuditRow[] => {
  if (result.status === 'malformed') throw new Error(`line ${result.line}: ${result.problem}`);
  return result.rows;
};

describe('the CSV', () => {
  test('has the header, CRLF and quoting of the contract', () => {
    expect(csvHeader).toBe(
      'seq,at,source,kind,incident_id,remediation_id,execution_id,actor,entry,leaf_hash,prev_hash,row_hash\r\n',
    );
    const [first = ''] = csv.slice(csvHeader.length).split('\r\n');
    expect(
      first.startsWith('0,2026-11-20T02:10:00.000Z,sre-agent,proposed,INC-7,42,,sre@laptop,"{""actor"":'),
    ).toBe(true);
    expect(first.endsWith(`,${rows[0]?.leafHash},${'0'.repeat(64)},${rows[0]?.rowHash}`)).toBe(true);
    expect(csv.endsWith('\r\n')).toBe(true);
  });

  test.each([1, 2, 3, 7, 100, 100_000])('reads back in pieces of %i', (size) => {
    const read = rowsOf(parseAll(csvParser(), csv, size));
    expect(read.map(({ entry }) => entry)).toEqual(rows.map(({ entry }) => entry));
    expect(verifyChain(read, { columns: 'csv', expectedHead: head }).status).toBe('intact');
  });

  test('a row without its entry becomes a stub, whatever its columns said', () => {
    const erased = rows.map((row) => ({ ...row, entry: null }));
    const text = csvHeader + erased.map(csvLine).join('');
    expect(text).toContain(`\r\n1,,,,,,,,,${rows[1]?.leafHash},`);
    expect(rowsOf(parseAll(csvParser(), text))).toEqual(rows.map(stubOf));
  });

  test.each(['=', '+', '-', '@', '\t', '\r', '\uff1d', '\uff0b', '\uff0d', '\uff20', '  =', '\u00a0@'])(
    'a cell that starts with %j is neutralised',
    (start) => {
      expect(neutralCell(`${start}1+1`)).toBe(`'${start}1+1`);
    },
  );

  test.each(['', 'a=1', "'=1", '1-2', '{"a":1}', '2026-11-20', 'a@b'])('%j stays as it is', (text) => {
    expect(neutralCell(text)).toBe(text);
  });

  test('hostile strings: no cell is a formula, and the entry comes back byte for byte', () => {
    const trail = trailOf(
      hostileTexts().map((text) => draftOf({ text }, { actor: text, executionId: text })),
    );
    const text = csvHeader + trail.rows.map(csvLine).join('');
    expect(text.replaceAll('\r\n', '')).not.toMatch(unseen);
    const read = rowsOf(parseAll(csvParser(), text, 4096));
    expect(read.map(({ entry }) => entry)).toEqual(trail.rows.map(({ entry }) => entry));
    for (const { actor, executionId, entry } of read) {
      for (const cell of [actor, executionId, entry ?? '']) {
        expect(cell.trim()).not.toMatch(/^[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/u);
      }
    }
    expect(verifyChain(read, { columns: 'csv', expectedHead: trail.head }).status).toBe('intact');
  });

  test('any cells come back', () => {
    const cell = fc.string({ unit: 'binary', maxLength: 20 });
    fc.assert(
      fc.property(cell, cell, fc.nat({ max: 50 }), (actor, kind, size) => {
        const edited = { ...row(0), actor, kind };
        const read = rowsOf(parseAll(csvParser(), csvHeader + csvLine(edited), size + 1));
        expect(read).toEqual([{ ...edited, actor: neutralCell(actor), kind: neutralCell(kind) }]);
      }),
    );
  });

  test.each([
    ['an empty file', '', 1, 'empty'],
    ['another header', 'seq,at\r\n', 1, 'expected the header'],
    ['a byte order mark', `\ufeff${csv}`, 1, 'expected the header'],
    ['LF for CRLF', csv.replaceAll('\r\n', '\n'), 1, 'LF instead of CRLF'],
    ['a missing cell', `${csvHeader}0,a\r\n`, 2, 'expected 12 cells, found 2'],
    ['a cell too many', csv.replace('\r\n1,', ',x\r\n1,'), 2, 'more than 12 cells'],
    ['a stray quote', csv.replace('sre-agent', 'sre"agent'), 2, 'quote inside a cell'],
    ['text after a quoted cell', csv.replace('}",', '}"x,'), 2, 'expected a comma'],
    ['a number that is none', csv.replace('\r\n2,', '\r\n2x,'), 4, 'not a sequence number'],
    ['an end in the middle', csv.slice(0, -10), 4, 'in the middle of a record'],
    ['an endless record', `${csvHeader}"${'x'.repeat(1_100_000)}`, 2, 'longer than'],
  ])('%s is refused with its line', (_name, text, line, problem) => {
    expect(parseAll(csvParser(), text)).toMatchObject({ status: 'malformed', line });
    expect(JSON.stringify(parseAll(csvParser(), text))).toContain(problem);
  });
});

describe('JSON lines', () => {
  test('are ASCII, one row each, and read back in any pieces', () => {
    expect(jsonl).toMatch(/^[\n\x20-\x7e]*$/u);
    expect(jsonl.split('\n')).toHaveLength(rows.length + 1);
    for (const size of [1, 7, 100_000]) expect(rowsOf(parseAll(jsonlParser(), jsonl, size))).toEqual(rows);
  });

  test('stubs hold the hashes only', () => {
    const line = jsonlLine(stubOf(row(1)));
    expect(Object.keys(JSON.parse(line) as object)).toEqual(['seq', 'leaf_hash', 'prev_hash', 'row_hash']);
    expect(rowsOf(parseAll(jsonlParser(), line))).toEqual([stubOf(row(1))]);
  });

  test('hostile strings come back and verify', () => {
    const trail = trailOf(hostileTexts().map((text) => draftOf({ text }, { actor: text })));
    const read = rowsOf(parseAll(jsonlParser(), trail.rows.map(jsonlLine).join(''), 4096));
    expect(read).toEqual(trail.rows);
  });

  test.each([
    ['no JSON', `${jsonl}nonsense\n`, 4],
    ['an unknown key', jsonl.replace('"seq":1', '"x":1,"seq":1'), 2],
    ['a missing key', jsonl.replace('"actor":"sre@laptop",', ''), 1],
    ['no end of line', jsonl.slice(0, -1), 3],
    ['an endless line', `${jsonl}"${'x'.repeat(1_100_000)}`, 4],
  ])('%s is refused with its line', (_name, text, line) => {
    expect(parseAll(jsonlParser(), text)).toMatchObject({ status: 'malformed', line });
  });
});

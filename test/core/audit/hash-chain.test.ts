import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AuditHead, AuditRow } from '../../../src/core/audit/audit-record.ts';
import { zeroHash } from '../../../src/core/audit/audit-record.ts';
import { canonicalJson } from '../../../src/core/audit/canonical-json.ts';
import type { ChainProblem, VerifyResult } from '../../../src/core/audit/hash-chain.ts';
import {
  chainRow,
  chainVerifier,
  emptyHead,
  headOf,
  leafHash,
  rowHash,
  verifyChain,
} from '../../../src/core/audit/hash-chain.ts';
import { draftOf, stubOf, trailOf } from '../../support/audit-trail.ts';

/** As many as the reliability figure asks for; the seed of a run is printed. */
const mutationRuns = 10_000;

const { rows, head } = trailOf(
  Array.from({ length: 12 }, (_, n) =>
    draftOf(
      { step: n, summary: `step ${n}` },
      { remediationId: n % 3 === 0 ? null : n, actor: `=actor ${n}` },
    ),
  ),
);
const foreign = trailOf([0, 1, 2, 3, 4, 5].map((n) => draftOf({ elsewhere: n }))).rows;

describe('the hashes', () => {
  test('are those another implementation computes (Python hashlib)', () => {
    const leaf = leafHash('{"a":"é"}');
    expect(leaf).toBe('8197af3d9cff4a847a86248a8ff50fbbc9546c30cf5a57a784eea43215edcb56');
    const first = rowHash({ prevHash: zeroHash, seq: 0, leafHash: leaf });
    expect(first).toBe('7a29f70bbb5e48a6faa5bb55a77a29216d3862d462cde4f65cb6a844c223b5b6');
    expect(rowHash({ prevHash: first, seq: 2 ** 40 + 1, leafHash: leaf })).toBe(
      'db77ac258bc431589515b5936c596b1738011f75d889444c671e618ab1554a17',
    );
  });
});

describe('good chains', () => {
  test('an empty, a short and a full trail', () => {
    expect(verifyChain([])).toEqual({ status: 'intact', head: emptyHead, stubs: 0 });
    expect(verifyChain(rows)).toEqual({ status: 'intact', head, stubs: 0 });
  });

  test('a trail that has grown since its head was noted', () => {
    for (const row of rows) expect(verifyChain(rows, { expectedHead: headOf(row) }).status).toBe('intact');
    expect(verifyChain(rows, { expectedHead: emptyHead }).status).toBe('intact');
  });

  test('stubs keep the chain', () => {
    const filtered = rows.map((row, n) => (n % 2 === 0 ? stubOf(row) : row));
    expect(verifyChain(filtered, { expectedHead: head })).toEqual({ status: 'intact', head, stubs: 6 });
  });

  test('neutralised columns are accepted from a CSV only', () => {
    const quoted = rows.map((row) => ({ ...row, actor: `'${row.actor}` }));
    expect(verifyChain(quoted, { columns: 'csv' }).status).toBe('intact');
    expect(verifyChain(quoted)).toMatchObject({ status: 'broken', position: 0, problem: 'column' });
  });
});

type Family = readonly [string, (good: readonly AuditRow[]) => readonly AuditRow[], number, ChainProblem];

const at = (good: readonly AuditRow[], n: number): AuditRow => {
  const row = good[n];
  if (row === undefined) throw new Error(`no row ${n}`);
  return row;
};
const change = (good: readonly AuditRow[], n: number, edit: Partial<AuditRow>) =>
  good.with(n, { ...at(good, n), ...edit });
const edited = (row: AuditRow) => (row.entry ?? '').replace('step', 'stop');
const recomputed = (prev: AuditHead, row: AuditRow, entry: string) => chainRow(prev, { ...row, entry });

const families: readonly Family[] = [
  ['an edited entry', (good) => change(good, 4, { entry: edited(at(good, 4)) }), 4, 'leaf_hash'],
  [
    'an edited entry with its leaf recomputed',
    (good) => change(good, 4, { entry: edited(at(good, 4)), leafHash: leafHash(edited(at(good, 4))) }),
    4,
    'row_hash',
  ],
  [
    'an edited row with all its hashes recomputed',
    (good) => good.with(4, recomputed(headOf(at(good, 3)), at(good, 4), edited(at(good, 4)))),
    5,
    'prev_hash',
  ],
  ['a dropped row', (good) => good.toSpliced(4, 1), 4, 'seq'],
  [
    'a dropped row, the rest renumbered',
    (good) => good.toSpliced(4, 1).map((row, seq) => ({ ...row, seq })),
    4,
    'prev_hash',
  ],
  ['a dropped first row', (good) => good.slice(1), 0, 'seq'],
  ['two rows swapped', (good) => good.with(4, at(good, 5)).with(5, at(good, 4)), 4, 'seq'],
  [
    'two rows swapped and renumbered',
    (good) => good.with(4, { ...at(good, 5), seq: 4 }).with(5, { ...at(good, 4), seq: 5 }),
    4,
    'prev_hash',
  ],
  ['a renumbered row', (good) => change(good, 4, { seq: 40 }), 4, 'seq'],
  ['a repeated row', (good) => good.toSpliced(5, 0, at(good, 4)), 5, 'seq'],
  [
    'an inserted row, chained to the one before',
    (good) => good.toSpliced(5, 0, recomputed(headOf(at(good, 4)), at(good, 4), edited(at(good, 4)))),
    6,
    'seq',
  ],
  ['a row of another trail', (good) => good.with(4, at(foreign, 4)), 4, 'prev_hash'],
  ['a cut tail', (good) => good.slice(0, 9), 9, 'truncated'],
  [
    'a cut and regrown tail',
    (good) => [...good.slice(0, 11), recomputed(headOf(at(good, 10)), at(good, 11), edited(at(good, 11)))],
    11,
    'head',
  ],
  ['an emptied trail', () => [], 0, 'truncated'],
  [
    'a shorter digest',
    (good) => change(good, 4, { rowHash: at(good, 4).rowHash.slice(0, 40) }),
    4,
    'row_hash',
  ],
  [
    'a digest in capitals',
    (good) => change(good, 4, { leafHash: at(good, 4).leafHash.toUpperCase() }),
    4,
    'leaf_hash',
  ],
  ['a column that says otherwise', (good) => change(good, 4, { actor: 'somebody else' }), 4, 'column'],
  ['a time that says otherwise', (good) => change(good, 4, { at: '2026-11-20T03:00:00.000Z' }), 4, 'column'],
  [
    'an altered stub: its leaf',
    (good) => good.with(4, { ...stubOf(at(good, 4)), leafHash: leafHash('{}') }),
    4,
    'row_hash',
  ],
  [
    'an altered stub: no digest',
    (good) => good.with(4, { ...stubOf(at(good, 4)), leafHash: 'zz' }),
    4,
    'leaf_hash',
  ],
  [
    'a stub that still claims something',
    (good) => good.with(4, { ...stubOf(at(good, 4)), kind: 'approved' }),
    4,
    'stub',
  ],
];

describe('bad chains are refused at their first bad record', () => {
  test.each(families)('%s', (_name, tamper, position, problem) => {
    const result = verifyChain(tamper(rows), { expectedHead: head });
    expect(result).toMatchObject({ status: 'broken', position, problem });
    expect(brokenOf(result).expected).not.toBe(brokenOf(result).found);
  });

  test.each([
    ['spaces', '{ "a": 1 }'],
    ['a repeated key', '{"a":1,"a":2}'],
    ['unsorted keys', '{"b":1,"a":2}'],
    ['no object', '[]'],
    ['no JSON', '{'],
    ['a lone surrogate', '{"a":"\\ud800"}'],
    ['depth without end', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
    ['not the fields of an entry', canonicalJson({ a: 1 })],
  ])('an entry with %s, correctly hashed', (_name, entry) => {
    const row = chainRow(emptyHead, { ...at(rows, 0), entry });
    expect(verifyChain([row])).toMatchObject({ status: 'broken', position: 0, problem: 'entry' });
  });

  test('the verifier stays at the first break and names it in words', () => {
    const verifier = chainVerifier();
    expect(verifier.push(at(rows, 0))).toBeNull();
    const first = verifier.push(at(rows, 2));
    expect(first).toEqual({
      status: 'broken',
      position: 1,
      problem: 'seq',
      detail: 'the sequence number is not the next',
      expected: '1',
      found: '2',
    });
    expect(verifier.push(at(rows, 1))).toEqual(first);
    expect(verifier.finish()).toEqual(first);
  });
});

describe('random mutations', () => {
  const position = fc.nat({ max: rows.length - 1 });
  const mutation = fc.oneof(
    fc
      .tuple(
        position,
        fc.constantFrom('at', 'kind', 'actor', 'incidentId', 'leafHash', 'prevHash', 'rowHash'),
        fc.nat(),
      )
      .map(
        ([n, column, spot]) =>
          (good: readonly AuditRow[]) =>
            change(good, n, { [column]: flipped(String(at(good, n)[column as 'at']), spot) }),
      ),
    fc.tuple(position, fc.nat(), fc.boolean()).map(([n, spot, recompute]) => (good: readonly AuditRow[]) => {
      const entry = flipped(at(good, n).entry ?? '', spot);
      return change(good, n, recompute ? { entry, leafHash: leafHash(entry) } : { entry });
    }),
    fc.tuple(position, fc.nat({ max: 4 })).map(
      ([n, more]) =>
        (good: readonly AuditRow[]) =>
          good.toSpliced(n, 1 + more),
    ),
    fc.tuple(position, position, fc.boolean()).map(([a, b, renumber]) => (good: readonly AuditRow[]) => {
      const swapped = good.with(a, at(good, b)).with(b, at(good, a));
      return renumber ? swapped.map((row, seq) => ({ ...row, seq })) : swapped;
    }),
    fc.tuple(position, fc.constantFrom(...foreign), fc.boolean()).map(
      ([n, row, insert]) =>
        (good: readonly AuditRow[]) =>
          good.toSpliced(n, insert ? 0 : 1, { ...row, seq: n }),
    ),
    fc.tuple(position, fc.integer({ min: -3, max: 20 })).map(
      ([n, seq]) =>
        (good: readonly AuditRow[]) =>
          change(good, n, { seq }),
    ),
    fc.tuple(position, fc.nat()).map(
      ([n, spot]) =>
        (good: readonly AuditRow[]) =>
          good.with(n, { ...stubOf(at(good, n)), leafHash: flipped(at(good, n).leafHash, spot) }),
    ),
  );

  test(`${mutationRuns} of them are all found, and what is untouched is not`, () => {
    const seed = Date.now() % 2 ** 31;
    console.info(`mutation seed ${seed}`);
    const same = JSON.stringify(rows);
    fc.assert(
      fc.property(mutation, (mutate) => {
        const mutated = mutate(rows);
        const expected = JSON.stringify(mutated) === same ? 'intact' : 'broken';
        expect(verifyChain(mutated, { expectedHead: head }).status).toBe(expected);
      }),
      { numRuns: mutationRuns, seed },
    );
  });
});

/** The text with one character changed to another of its kind. */
function flipped(text: string, spot: number): string {
  const n = spot % Math.max(1, text.length);
  return `${text.slice(0, n)}${text[n] === '0' ? '1' : '0'}${text.slice(n + 1)}`;
}

function brokenOf(result: VerifyResult): Extract<VerifyResult, { readonly status: 'broken' }> {
  if (result.status !== 'broken') throw new Error('expected a broken chain');
  return result;
}

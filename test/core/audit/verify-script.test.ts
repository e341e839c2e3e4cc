import { execa } from 'execa';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { csvHeader, csvLine } from '../../../src/core/audit/audit-csv.ts';
import type { AuditRow } from '../../../src/core/audit/audit-record.ts';
import { chainRow, headOf } from '../../../src/core/audit/hash-chain.ts';
import { draftOf, stubOf, trailOf } from '../../support/audit-trail.ts';
import { hostileTexts } from '../../support/hostile-texts.ts';

const script = fileURLToPath(new URL('../../../docs/verify-audit.py', import.meta.url));
const { exitCode } = await execa('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 8))'], {
  reject: false,
});
const folder = await mkdtemp(join(tmpdir(), 'scutum-verify-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const { rows, head } = trailOf(
  Array.from({ length: 8 }, (_, n) => draftOf({ step: n }, { actor: `@actor ${n}` })),
);
const row = (n: number): AuditRow => {
  const found = rows[n];
  if (found === undefined) throw new Error(`no row ${n}`);
  return found;
};
const anchor = ['--head', `${head.size}:${head.rowHash}`];

async function verify(text: string | Buffer, args: readonly string[] = anchor) {
  const file = join(folder, 'trail.csv');
  await writeFile(file, text);
  return execa('python3', [script, file, ...args], { reject: false });
}

const exported = (trail: readonly AuditRow[]) => csvHeader + trail.map(csvLine).join('');

describe.skipIf(exitCode !== 0)('docs/verify-audit.py', () => {
  test('accepts a good trail, with and without a noted head, and prints its head', async () => {
    for (const args of [[], anchor]) {
      const { exitCode: code, stdout } = await verify(exported(rows), args);
      expect(stdout).toBe(`intact: 8 rows, head 8:${head.rowHash}`);
      expect(code).toBe(0);
    }
  });

  test('accepts hostile strings and attachments', async () => {
    const trail = trailOf([
      ...hostileTexts().map((text) => draftOf({ text }, { actor: text })),
      draftOf({ long: '"'.repeat(70_000) }),
    ]);
    const { stdout } = await verify(exported(trail.rows), []);
    expect(stdout).toBe(`intact: ${trail.head.size} rows, head ${trail.head.size}:${trail.head.rowHash}`);
  });

  test('accepts an empty and a filtered trail', async () => {
    expect((await verify(csvHeader, [])).exitCode).toBe(0);
    expect((await verify(exported(rows.map((one, n) => (n % 3 === 0 ? stubOf(one) : one))))).exitCode).toBe(
      0,
    );
  });

  const renamed = chainRow(headOf(row(3)), {
    ...row(4),
    entry: (row(4).entry ?? '').replace('proposed', 'approved'),
  });
  const repeated = chainRow(headOf(row(3)), {
    ...row(4),
    entry: (row(4).entry ?? '').replace('{', '{"actor":"x",'),
  });

  test.each<readonly [string, string, string]>([
    [
      'an edited entry',
      exported(rows.with(4, { ...row(4), entry: renamed.entry })),
      'record 4 (line 6): leaf_hash',
    ],
    [
      'an edited entry, recomputed',
      exported(rows.with(4, { ...renamed, kind: 'approved' })),
      'record 5 (line 7): prev_hash',
    ],
    ['a repeated key', exported(rows.with(4, repeated)), 'record 4 (line 6): different keys'],
    ['a dropped row', exported(rows.toSpliced(4, 1)), 'record 4 (line 6): seq'],
    ['swapped rows', exported(rows.with(4, row(5)).with(5, row(4))), 'record 4 (line 6): seq'],
    ['an inserted row', exported(rows.toSpliced(5, 0, row(4))), 'record 5 (line 7): seq'],
    ['a renumbered row', exported(rows.with(4, { ...row(4), seq: 44 })), 'record 4 (line 6): seq'],
    ['a cut tail', exported(rows.slice(0, -1)), 'rows are missing at the end'],
    [
      'a changed column',
      exported(rows.with(4, { ...row(4), actor: 'nobody' })),
      'record 4 (line 6): column actor',
    ],
    [
      'a changed row hash',
      exported(rows.with(4, { ...row(4), rowHash: '0'.repeat(64) })),
      'record 4 (line 6): row_hash',
    ],
    [
      'an altered stub',
      exported(rows.with(4, { ...stubOf(row(4)), leafHash: row(5).leafHash })),
      'record 4 (line 6): row_hash',
    ],
    [
      'a stub without digest',
      exported(rows.with(4, { ...stubOf(row(4)), leafHash: 'zz' })),
      'record 4 (line 6): leaf_hash',
    ],
    ['another header', exported(rows).replace('seq,at', 'at,seq'), 'header'],
    ['a cell too few', `${csvHeader}0,x\r\n`, 'number of cells'],
    ['a header cut off', csvHeader.slice(0, 50), 'header'],
  ])('refuses %s', async (_name, text, message) => {
    const { exitCode: code, stdout } = await verify(text);
    expect(stdout).toContain(message);
    expect(code).toBe(20);
  });

  test('refuses a file that is not UTF-8', async () => {
    const { exitCode: code, stdout } = await verify(Buffer.from([...Buffer.from(csvHeader), 0xff, 0xfe]));
    expect(stdout).toContain("can't decode");
    expect(code).toBe(20);
  });

  test('wrong usage exits 2 and explains', async () => {
    const { exitCode: code, stderr } = await execa('python3', [script], { reject: false });
    expect(code).toBe(2);
    expect(stderr).toContain('--head SIZE:ROW_HASH');
  });
});

import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documentSchemas } from '../../src/cli/documents.ts';
import { postgresUrl } from '../support/database.ts';
import { launcher, launcherPath, runProgram } from '../support/program.ts';
import { bedrockOutage, startWorld, usualTraffic, type World } from '../support/program-world.ts';
import { execa } from 'execa';

const header =
  'seq,at,source,kind,incident_id,remediation_id,execution_id,actor,entry,leaf_hash,prev_hash,row_hash';

describe.skipIf(postgresUrl === null)('the audit trail on the outside', () => {
  let world: World;
  /** The CSV of a trail with a few rows. */
  let csv: string;
  const file = (name: string) => join(world.home, name);
  const verify = (path: string) => runProgram(['verify-audit', path], { env: {} });

  beforeAll(async () => {
    world = await startWorld();
    await world.insert([...usualTraffic, ...bedrockOutage]);
    await world.run(['triage', '--no-input']);
    await world.run(['suspend', '--reason', '=cmd|calc "quoted", and\nlong']);
    await world.run(['resume']);
    await world.run(['reject', '1', '--reason', 'plainly over']);
    csv = (await world.run(['export-audit'])).stdout;
  });
  afterAll(() => world.stop());

  test('CSV is the default: the header of the contract, CRLF, one chain from 64 zeros', async () => {
    const lines = csv.split('\r\n');
    expect(lines[0]).toBe(header);
    expect(lines.at(-1)).toBe('');
    expect(csv.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/u);
    const kinds = lines.slice(1, -1).map((line) => line.split(',')[3]);
    expect(kinds).toEqual(['incident_opened', 'proposed', 'suspended', 'resumed', 'rejected']);
    expect(lines[1]).toContain(`,${'0'.repeat(64)},`);
    for (const line of lines.slice(1, -1)) expect(line).toMatch(/^\d+,[^,]*Z,sre-agent,/u);
    const again = await world.run(['export-audit', '--csv']);
    expect(again.stdout).toBe(csv);
    expect(again.stderr).toMatch(/5/u);
    expect(again.code).toBe(0);
  });

  test('the proposal holds the trigger, the score and what moved it; a rejection names who and why', async () => {
    const { stdout } = await world.run(['export-audit', '--jsonl']);
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(rows).toHaveLength(5);
    expect(stdout).toContain('provider.unhealthy');
    expect(stdout).toContain('baselineUplift');
    expect(rows.at(-1)).toMatchObject({ actor: 'tester' });
    expect(stdout).toContain('plainly over');
  });

  test('--out writes a private whole file, says so, and the file verifies offline', async () => {
    const path = file('trail.csv');
    const { code, stdout } = await world.run(['export-audit', '--out', path, '--json']);
    expect(code).toBe(0);
    const document = documentSchemas.export.parse(JSON.parse(stdout));
    expect(document).toMatchObject({ deployment: 'test', rows: 5, head: { size: 5 }, file: path });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, 'utf8')).toBe(csv);
    const verdict = await runProgram(['verify-audit', path, '--json'], { env: {} });
    expect(documentSchemas['audit-verification'].parse(JSON.parse(verdict.stdout))).toMatchObject({
      status: 'intact',
      head: document.head,
      stubs: 0,
    });
    expect(verdict.code).toBe(0);
    expect(await world.run(['export-audit', '--out', '/no/such/folder/x.csv'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/cannot write `\/no\/such\/folder\/x\.csv`: ENOENT/u),
    });
  });

  test('JSON lines verify too, and a filtered export keeps the hashes of what it leaves out', async () => {
    const path = file('trail.jsonl');
    expect((await world.run(['export-audit', '--jsonl', '--out', path])).code).toBe(0);
    expect((await verify(path)).code).toBe(0);
    const filtered = file('filtered.csv');
    const since = ['--since', '2100-01-01', '--out', filtered];
    expect((await world.run(['export-audit', ...since])).code).toBe(0);
    const text = await readFile(filtered, 'utf8');
    expect(text.split('\r\n')).toHaveLength(7);
    expect(text).not.toContain('plainly over');
    const verdict = await verify(filtered);
    expect(verdict.stdout).toMatch(/stubs +5/u);
    expect(verdict.code).toBe(0);
  });

  test('the live trail verifies', async () => {
    const { code, stdout } = await world.run(['verify-audit']);
    expect(stdout).toMatch(/intact: 5 rows of test/u);
    expect(code).toBe(0);
  });

  const tamperings: readonly (readonly [string, (text: string) => string, RegExp])[] = [
    ['an edited entry', (text) => text.replace('plainly over', 'Plainly over'), /4/u],
    [
      'an edited actor',
      (text) => text.replace(/,tester,("\{""actor"":""tester""[^\r]*plainly over)/u, ',nobody,$1'),
      /4/u,
    ],
    ['a dropped row', (text) => text.replace(/\r\n2,[^\r]*\r\n/u, '\r\n'), /2/u],
    [
      'two swapped rows',
      (text) => text.replace(/\r\n(2,[^\r]*)\r\n(3,[^\r]*)\r\n/u, '\r\n$2\r\n$1\r\n'),
      /2/u,
    ],
    ['a repeated row', (text) => text.replace(/\r\n(2,[^\r]*)\r\n/u, '\r\n$1\r\n$1\r\n'), /3/u],
    [
      'an edited hash',
      (text) => text.replace(/([0-9a-f])\r\n$/u, (_all, last: string) => `${last === '0' ? '1' : '0'}\r\n`),
      /4/u,
    ],
    ['a renumbered row', (text) => text.replace(/\r\n3,/u, '\r\n30,'), /3/u],
    ['another header', (text) => text.replace('seq,', 'number,'), /1/u],
    ['half a file', (text) => text.slice(0, text.length - 40), /\d/u],
  ];
  test.concurrent.each(tamperings)('%s is 20 and names the record', async (title, tamper, where) => {
    const tampered = tamper(csv);
    expect(tampered).not.toBe(csv);
    const path = file(`${title.replaceAll(' ', '-')}.csv`);
    await writeFile(path, tampered);
    const { code, stdout } = await verify(path);
    expect(stdout).toMatch(/NOT intact/u);
    expect(stdout).toMatch(/position +\d|line +\d/u);
    expect(/(?:position|line) +(\d+)/u.exec(stdout)?.[1]).toMatch(where);
    expect(code).toBe(20);
  });

  test('a reader that closes the pipe early is no failure', async () => {
    const { exitCode, stdout, stderr } = await execa(
      'sh',
      ['-c', `'${launcher}' export-audit | head -c 10`],
      {
        env: { PATH: launcherPath, ...world.env },
        extendEnv: false,
        reject: false,
      },
    );
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: header.slice(0, 10) });
    expect(stderr).not.toMatch(/EPIPE|unexpected/u);
  });

  test('the database refuses to change the trail even to its owner', async () => {
    await expect(world.sql(`UPDATE scutum_sre.sre_actions SET actor = 'x'`)).rejects.toThrow(/append-only/u);
    await expect(world.sql('DELETE FROM scutum_sre.sre_actions')).rejects.toThrow(/append-only/u);
    await expect(world.sql('TRUNCATE scutum_sre.sre_actions')).rejects.toThrow(/append-only/u);
  });

  test('a trail that was changed behind the triggers is 20, live', async () => {
    await world.sql('ALTER TABLE scutum_sre.sre_actions DISABLE TRIGGER ALL');
    await world.sql(
      `UPDATE scutum_sre.sre_actions SET entry = replace(entry, 'plainly over', 'barely over') WHERE seq = 4`,
    );
    const { code, stdout } = await world.run(['verify-audit', '--json']);
    expect(documentSchemas['audit-verification'].parse(JSON.parse(stdout))).toMatchObject({
      status: 'broken',
      position: 4,
      problem: 'leaf_hash',
    });
    expect(code).toBe(20);
  });
});

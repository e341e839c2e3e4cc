import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { documentJsonSchemas, documentSchemas } from '../../src/cli/documents.ts';
import { remediationDocumentSchema, triageDocumentSchema } from '../../src/core/contract-schemas.ts';
import { postgresUrl } from '../support/database.ts';
import { runProgram, startProgram } from '../support/program.ts';
import { bedrockOutage, startWorld, usualTraffic, type World } from '../support/program-world.ts';

const schemas: Readonly<Record<string, z.ZodType>> = {
  ...documentSchemas,
  triage: triageDocumentSchema,
  remediation: remediationDocumentSchema,
};

/** The one document on stdout, checked against the schema it names; fails when it is another than expected. */
function documentOf(stdout: string, name: string): Record<string, unknown> {
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(1);
  const document: unknown = JSON.parse(lines[0] ?? '');
  expect(document).toMatchObject({ schema: `scutum-sre/${name}/v1` });
  const parsed = schemas[name]?.safeParse(document);
  expect(parsed?.error?.issues ?? []).toEqual([]);
  return Object(document);
}

describe('the schemas that ship', () => {
  test('there is one of each document, allowing fields it does not name', () => {
    const shipped = documentJsonSchemas();
    expect(Object.keys(shipped).toSorted()).toEqual(
      Object.keys(schemas)
        .map((name) => `scutum-sre/${name}/v1`)
        .toSorted(),
    );
    expect(JSON.stringify(shipped)).not.toContain('"additionalProperties":false');
  });

  test('the build wrote them', async () => {
    // Any run makes sure that the program is built.
    await runProgram(['--version'], { env: {} });
    for (const [id, schema] of Object.entries(documentJsonSchemas())) {
      const [, name, version] = id.split('/');
      const file = new URL(`../../dist/schemas/${name}.${version}.json`, import.meta.url);
      expect(existsSync(file), `dist/schemas/${name}.${version}.json`).toBe(true);
      expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ title: id, ...schema });
    }
  });

  test('a document of another shape is refused', () => {
    const suspension = { schema: 'scutum-sre/suspension/v1', deployment: 'd', suspended: 'yes' };
    expect(documentSchemas.suspension.safeParse(suspension).success).toBe(false);
    const error = { schema: 'scutum-sre/error/v1', error: { exitCode: 42, message: 'm' } };
    expect(documentSchemas.error.safeParse(error).success).toBe(false);
  });
});

describe('documents that need no store', () => {
  const env = { SCUTUM_SRE_HOME: '/nonexistent' };
  test.each([
    [['actions', '--json'], 'actions'],
    [['actions', 'show', 'route.circuit_break', '--json'], 'action'],
    [['actions', 'show', 'route.break', '--json'], 'error'],
    [['verify-audit', '/nonexistent', '--json'], 'error'],
    [['show', 'x', '--json'], 'error'],
  ])('%j prints %s', async (args, name) => {
    documentOf((await runProgram(args, { env })).stdout, name);
  });
});

describe.skipIf(postgresUrl === null)('documents of a world', () => {
  let world: World;
  let folder: string;
  beforeAll(async () => {
    world = await startWorld({ migrated: false });
    folder = await mkdtemp(join(tmpdir(), 'scutum-documents-'));
    await world.insert([...usualTraffic, ...bedrockOutage]);
  });
  afterAll(async () => {
    await world.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const printed = async (
    name: string,
    args: readonly string[],
    more: Readonly<Record<string, string>> = {},
  ) => documentOf((await world.run([...args, '--json'], more)).stdout, name);

  test('setting up, finding, deciding, ending', async () => {
    expect(await printed('error', ['triage'])).toMatchObject({ error: { exitCode: 2 } });
    await printed('init', ['init']);
    const triage = await printed('triage', ['triage']);
    expect(triage['incidents']).toHaveLength(1);
    await printed('incidents', ['list']);
    await printed('incident', ['show', 'INC-1']);
    await printed('remediations', ['list', 'remediations']);
    await printed('remediation', ['show', '1']);
    await printed('remediation', ['reject', '1', '--reason', 'the provider recovered']);
  });

  test('control and service levels', async () => {
    expect(await printed('suspension', ['suspend', '--reason', 'a test'])).toMatchObject({ suspended: true });
    expect(await printed('suspension', ['resume'])).toMatchObject({ suspended: false });
    const target = ['--metric', 'p95_ms', '--target', '2000', '--scope', 'provider=openai'];
    await printed('slas', ['sla', 'set', 'chat', ...target]);
    await printed('slas', ['sla', 'list']);
    await printed('slas', ['sla', 'remove', 'chat']);
  });

  test('runbooks', async () => {
    const runbooks = join(folder, 'runbooks');
    await cp(new URL('../../actions/runbooks', import.meta.url), runbooks, { recursive: true });
    const pins = await printed('pins', ['actions', 'pin'], { SRE_RUNBOOK_DIR: runbooks });
    expect(pins).toMatchObject({ pinned: ['drain-cache'], problems: [] });
  });

  test('the trail', async () => {
    const file = join(folder, 'audit.csv');
    await printed('export', ['export-audit', '--out', file]);
    expect(await printed('audit-verification', ['verify-audit', file])).toMatchObject({ status: 'intact' });
    expect(await printed('audit-verification', ['verify-audit'])).toMatchObject({ status: 'intact' });
    const edited = join(folder, 'edited.csv');
    await writeFile(edited, (await readFile(file, 'utf8')).replace('tester', 'nobody'));
    expect(await printed('audit-verification', ['verify-audit', edited])).toMatchObject({ status: 'broken' });
    await writeFile(edited, 'seq,at\r\n');
    expect(await printed('audit-verification', ['verify-audit', edited])).toMatchObject({
      status: 'malformed',
    });
  });

  test('the worker prints one document a line', async () => {
    const worker = startProgram(['watch', '--json'], { env: world.env });
    await worker.waitFor(/"kind":"incidents"/u);
    worker.signal('SIGINT');
    const { stdout } = await worker.ended;
    for (const line of stdout.trimEnd().split('\n')) documentOf(line, 'watch-event');
  });
});

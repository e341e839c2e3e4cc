import { createHash } from 'node:crypto';
import { readFile, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { canonicalJson } from '../../core/audit/canonical-json.ts';
import { visibleText } from '../../core/plain-text.ts';
import { describeIssues } from '../../core/schema-problem.ts';
import { runbookManifestSchema } from './runbook-manifest.ts';
import type { RunbookManifest } from './runbook-manifest.ts';

/** The file that `actions pin` writes, beside the runbooks. */
export const runbookLockFile = 'runbooks.lock.json';
const runbooksMax = 50;
const fileBytesMax = 262_144;

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/u);
const pinSchema = z.strictObject({
  version: z.int().min(1),
  manifest: digest,
  dryRun: digest,
  apply: digest,
  inverse: digest,
});
const lockSchema = z.strictObject({
  schema: z.literal('scutum-sre/runbooks-lock/v1'),
  runbooks: z
    .record(z.string().regex(/^[a-z][a-z0-9-]{0,39}$/u), pinSchema)
    .refine((pins) => Object.keys(pins).length <= runbooksMax, `at most ${runbooksMax} runbooks`),
});
/** SHA-256 of a manifest and its scripts, as a person pinned them. */
export type RunbookPin = Readonly<z.infer<typeof pinSchema>>;

/** One digest over manifest and scripts: what a planned change, and so an approval, is bound to. */
export function pinDigest(pin: RunbookPin): string {
  return sha256(new TextEncoder().encode(canonicalJson(pin)));
}

export const scriptRoles = ['dryRun', 'apply', 'inverse'] as const;
export type ScriptRole = (typeof scriptRoles)[number];

export type Attempt<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly problem: string };

/** Folders of the runbook directory in order of name, at most 50; `cut` counts those left out. */
export async function listRunbookNames(
  directory: string,
): Promise<Attempt<{ readonly names: readonly string[]; readonly cut: number }>> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    names.sort();
    return {
      ok: true,
      value: { names: names.slice(0, runbooksMax), cut: Math.max(0, names.length - runbooksMax) },
    };
  } catch {
    return { ok: false, problem: `the runbook directory \`${directory}\` cannot be read` };
  }
}

/** Reads the lock file; a missing one is an empty lock, an unreadable one a problem. */
export async function readRunbookLock(directory: string): Promise<Attempt<ReadonlyMap<string, RunbookPin>>> {
  const bytes = await readBounded(join(directory, runbookLockFile));
  if (!bytes.ok) return bytes.missing ? { ok: true, value: new Map() } : bytes;
  const parsed = parseJson(bytes.value, lockSchema, runbookLockFile);
  return parsed.ok ? { ok: true, value: new Map(Object.entries(parsed.value.runbooks)) } : parsed;
}

/** Reads and parses a manifest; its name must be that of its folder. */
export async function readManifest(
  directory: string,
  name: string,
): Promise<Attempt<{ readonly manifest: RunbookManifest; readonly digest: string }>> {
  const bytes = await readBounded(join(directory, name, 'manifest.json'));
  if (!bytes.ok) return bytes;
  const parsed = parseJson(bytes.value, runbookManifestSchema, `${name}/manifest.json`);
  if (!parsed.ok) return parsed;
  if (parsed.value.name !== name)
    return { ok: false, problem: `the manifest in \`${name}\` is named \`${parsed.value.name}\`` };
  return { ok: true, value: { manifest: parsed.value, digest: sha256(bytes.value) } };
}

/** The bytes of one script, only when they are the pinned ones. What runs is exactly what this returns. */
export async function readPinnedScript(input: {
  readonly directory: string;
  readonly manifest: RunbookManifest;
  readonly pin: RunbookPin;
  readonly role: ScriptRole;
}): Promise<Attempt<Uint8Array>> {
  const file = input.manifest.scripts[input.role];
  const bytes = await readBounded(join(input.directory, input.manifest.name, file));
  if (!bytes.ok) return bytes;
  const found = sha256(bytes.value);
  if (found === input.pin[input.role]) return { ok: true, value: bytes.value };
  const expected = input.pin[input.role];
  return {
    ok: false,
    problem: `\`${file}\` was changed after it was pinned: expected ${expected}, found ${found}`,
  };
}

export interface PinnedRunbook {
  readonly name: string;
  readonly pin: RunbookPin;
}

/**
 * Hashes every valid runbook of the directory and writes the lock file in one step. A runbook with a problem is left out
 * of the lock, so that it cannot run, and is reported. Where the lock cannot be written nothing is pinned.
 */
export async function pinRunbooks(options: { readonly directory: string }): Promise<{
  readonly pinned: readonly PinnedRunbook[];
  readonly problems: readonly string[];
}> {
  const listed = await listRunbookNames(options.directory);
  if (!listed.ok) return { pinned: [], problems: [listed.problem] };
  const pinned: PinnedRunbook[] = [];
  const problems =
    listed.value.cut > 0 ? [`${listed.value.cut} folders beyond ${runbooksMax} were left out`] : [];
  for (const name of listed.value.names) {
    const pin = await pinOne(options.directory, name);
    if (pin.ok) pinned.push({ name, pin: pin.value });
    else problems.push(visibleText(`runbook \`${name}\` is not pinned: ${pin.problem}`));
  }
  if (!(await writeLock(options.directory, pinned)))
    return { pinned: [], problems: [...problems, `\`${runbookLockFile}\` cannot be written`] };
  return { pinned, problems };
}

async function pinOne(directory: string, name: string): Promise<Attempt<RunbookPin>> {
  const read = await readManifest(directory, name);
  if (!read.ok) return read;
  const { manifest } = read.value;
  const digests: Record<ScriptRole, string> = { dryRun: '', apply: '', inverse: '' };
  for (const role of scriptRoles) {
    const bytes = await readBounded(join(directory, name, manifest.scripts[role]));
    if (!bytes.ok) return bytes;
    digests[role] = sha256(bytes.value);
  }
  return { ok: true, value: { version: manifest.version, manifest: read.value.digest, ...digests } };
}

async function writeLock(directory: string, pinned: readonly PinnedRunbook[]): Promise<boolean> {
  const runbooks = Object.fromEntries(pinned.map(({ name, pin }) => [name, pin]));
  const text = JSON.stringify({ schema: 'scutum-sre/runbooks-lock/v1', runbooks }, null, 2);
  const file = join(directory, runbookLockFile);
  try {
    // Renamed into place: a reader sees the old lock or the new one, never half of it.
    await writeFile(`${file}.new`, `${text}\n`, { mode: 0o644 });
    await rename(`${file}.new`, file);
    return true;
  } catch {
    return false;
  }
}

type ReadResult =
  | { readonly ok: true; readonly value: Uint8Array }
  | { readonly ok: false; readonly problem: string; readonly missing: boolean };

async function readBounded(path: string): Promise<ReadResult> {
  const name = path.split('/').slice(-2).join('/');
  try {
    const { size } = await stat(path);
    const bytes = size > fileBytesMax ? null : await readFile(path);
    if (bytes !== null && bytes.byteLength <= fileBytesMax) return { ok: true, value: bytes };
    return { ok: false, problem: `\`${name}\` is larger than ${fileBytesMax} bytes`, missing: false };
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return { ok: false, problem: `\`${name}\` ${missing ? 'is missing' : 'cannot be read'}`, missing };
  }
}

function parseJson<Value>(bytes: Uint8Array, schema: z.ZodType<Value>, name: string): Attempt<Value> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return { ok: false, problem: `\`${name}\` is not JSON` };
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data };
  return { ok: false, problem: `\`${name}\`: ${describeIssues(parsed.error.issues, value)}` };
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

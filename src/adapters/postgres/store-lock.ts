import { randomUUID } from 'node:crypto';
import { linkSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { StoreError } from './database.ts';
import { isFileError } from './file-failure.ts';
import { judgeProcess, ownIdentity, type ProcessIdentity } from './process-identity.ts';

/**
 * One owner for the folder of an embedded store, because PGlite takes no lock and two owners lose rows silently
 * (dependencies.md §2). The lock is the file `owner.<n>` with the highest n; taking over from a dead owner creates the
 * next number, and a file is only removed by the holder of a higher one. So a slow starter can never remove the lock of
 * a faster one, which a lock file with one fixed name allows.
 */
export type LockAttempt =
  | { readonly kind: 'acquired'; readonly lock: StoreLock }
  | { readonly kind: 'held'; readonly holder: LockHolder };

export interface StoreLock {
  /** Says that the owner is done; the next process need not wait for this one to end. */
  readonly release: () => void;
}

const holderSchema = z.object({
  pid: z.number(),
  startedAt: z.string().nullable(),
  bootId: z.string().nullable(),
  pidSpace: z.string().nullable(),
  host: z.string(),
  /** Folder of the socket by which others work through the owner. */
  socketFolder: z.string(),
  released: z.boolean(),
});

export interface LockHolder extends ProcessIdentity {
  readonly socketFolder: string;
  readonly standing: 'alive' | 'elsewhere';
  readonly ageMs: number;
}

/** A holder that cannot be judged by its pid and does not answer on its socket is dead after this long. */
const graceMs = 15_000;

/**
 * Tries to become the owner of `folder` (which must exist). `answers` says whether anybody listens in a socket folder:
 * asked only about a holder in another container.
 */
export async function tryLock(
  input: { readonly folder: string; readonly socketFolder: string },
  answers: (socketFolder: string) => Promise<boolean>,
): Promise<LockAttempt> {
  const own = ownIdentity();
  for (;;) {
    const highest = highestNumber(input.folder);
    const holder = highest === 0 ? null : readHolder(input.folder, highest, own);
    if (holder !== null && (await stands(holder, own, answers))) return { kind: 'held', holder };
    const number = highest + 1;
    if (!create(input.folder, number, { ...own, socketFolder: input.socketFolder, released: false }))
      continue;
    if (highestNumber(input.folder) !== number) {
      rmSync(lockFile(input.folder, number), { force: true });
      continue;
    }
    removeBelow(input.folder, number);
    return { kind: 'acquired', lock: { release: () => release(input, number, own) } };
  }
}

async function stands(
  holder: LockHolder,
  own: ProcessIdentity,
  answers: (socketFolder: string) => Promise<boolean>,
): Promise<boolean> {
  if (holder.standing === 'alive' || (await answers(holder.socketFolder))) return true;
  // On another machine no socket can answer: only a person can tell.
  return holder.bootId !== own.bootId || holder.ageMs < graceMs;
}

/** The holder of a lock file; null when it released the lock or is dead. */
function readHolder(folder: string, number: number, own: ProcessIdentity): LockHolder | null {
  const file = lockFile(folder, number);
  const text = readOrNull(file);
  const content = text === null ? null : parseOrNull(text);
  if (text === null || content === null) return null;
  const parsed = holderSchema.safeParse(content);
  if (!parsed.success)
    throw new StoreError('busy', `the lock ${file} was written by another version of this program`);
  const { released, ...holder } = parsed.data;
  const standing = released ? 'gone' : judgeProcess(holder, own);
  return standing === 'gone' ? null : { ...holder, standing, ageMs: ageOf(file) };
}

function ageOf(file: string): number {
  return Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
}

/** null when a later owner removed the file meanwhile. */
function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isFileError(error, 'ENOENT')) return null;
    throw error;
  }
}

/** null for what a power cut leaves of a file; a lock is otherwise written whole or not at all. */
function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

/** Puts a complete file in place if and only if none has that name yet. */
function create(folder: string, number: number, content: z.infer<typeof holderSchema>): boolean {
  const draft = join(folder, `draft.${randomUUID()}`);
  writeFileSync(draft, JSON.stringify(content), { mode: 0o600 });
  try {
    linkSync(draft, lockFile(folder, number));
    return true;
  } catch (error) {
    if (isFileError(error, 'EEXIST')) return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function release(
  input: { readonly folder: string; readonly socketFolder: string },
  number: number,
  own: ProcessIdentity,
): void {
  const draft = join(input.folder, `draft.${randomUUID()}`);
  writeFileSync(draft, JSON.stringify({ ...own, socketFolder: input.socketFolder, released: true }), {
    mode: 0o600,
  });
  renameSync(draft, lockFile(input.folder, number));
}

function highestNumber(folder: string): number {
  return Math.max(0, ...lockNumbers(folder));
}

function removeBelow(folder: string, number: number): void {
  for (const older of lockNumbers(folder))
    if (older < number) rmSync(lockFile(folder, older), { force: true });
}

function lockNumbers(folder: string): readonly number[] {
  return readdirSync(folder).flatMap((name) => {
    const match = /^owner\.(\d{1,15})$/.exec(name);
    return match === null ? [] : [Number(match[1])];
  });
}

function lockFile(folder: string, number: number): string {
  return join(folder, `owner.${number}`);
}

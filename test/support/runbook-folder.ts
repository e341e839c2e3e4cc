import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const shipped = new URL('../../actions/runbooks/', import.meta.url).pathname;

export interface RunbookFolder {
  /** The runbook directory; it holds a copy of the shipped `drain-cache`. */
  readonly directory: string;
  readonly path: (file: string) => string;
  readonly read: (file: string) => Promise<string>;
  readonly write: (file: string, text: string) => Promise<void>;
  /** Replaces top-level fields of the manifest. */
  readonly editManifest: (changes: Readonly<Record<string, unknown>>) => Promise<void>;
  readonly remove: () => Promise<void>;
}

/** A copy of the shipped example in a temporary folder, to be changed, pinned and run for real. */
export async function copyRunbook(): Promise<RunbookFolder> {
  const directory = await mkdtemp(join(tmpdir(), 'scutum-runbooks-'));
  await cp(join(shipped, 'drain-cache'), join(directory, 'drain-cache'), { recursive: true });
  const path = (file: string) => join(directory, 'drain-cache', file);
  const read = (file: string) => readFile(path(file), 'utf8');
  const write = (file: string, text: string) => writeFile(path(file), text);
  return {
    directory,
    path,
    read,
    write,
    editManifest: async (changes) => {
      const manifest: unknown = JSON.parse(await read('manifest.json'));
      await write('manifest.json', JSON.stringify({ ...(manifest as object), ...changes }));
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Database } from '../../../src/adapters/postgres/database.ts';
import { openEmbedded } from '../../../src/adapters/postgres/embedded.ts';
import { socketFolderFor } from '../../../src/adapters/postgres/socket-folder.ts';
import { embeddedFolder } from './store-kinds.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

let shared: string;
beforeAll(async () => {
  shared = await embeddedFolder();
});
afterAll(() => rm(shared, { recursive: true, force: true }));

/** The same folder for every test, left behind by the one before as it happened to end. */
async function folderWithCounter(): Promise<string> {
  const database = await openEmbedded(shared);
  await database.query('DROP TABLE IF EXISTS counter; CREATE TABLE counter AS SELECT 0 AS n', []);
  await database.close();
  return shared;
}

async function open(folder: string, patienceMs = 20_000): Promise<Database> {
  const database = await openEmbedded(folder, { patienceMs });
  cleanups.push(database.close);
  return database;
}

async function counterOf(database: Database): Promise<number | undefined> {
  return (await database.query('SELECT n FROM counter', [], z.object({ n: z.number() })))[0]?.n;
}

interface Child {
  readonly process: ChildProcess;
  /** Waits until the child has said this line. */
  readonly says: (line: string) => Promise<void>;
  readonly end: (signal: NodeJS.Signals) => Promise<void>;
}

function startChild(folder: string, ...plan: readonly string[]): Child {
  const script = fileURLToPath(new URL('embedded-child.ts', import.meta.url));
  const child = spawn(process.execPath, [script, folder, ...plan], { stdio: ['pipe', 'pipe', 'inherit'] });
  const said: string[] = [];
  let heard: () => void = () => undefined;
  createInterface({ input: child.stdout }).on('line', (line) => {
    said.push(line);
    heard();
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  cleanups.push(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  return {
    process: child,
    says: async (line) => {
      while (!said.includes(line)) await new Promise<void>((resolve) => (heard = resolve));
    },
    end: async (signal) => {
      child.kill(signal);
      await exited;
    },
  };
}

describe('the embedded store', () => {
  test('a first start makes a private, migrated store, over what a killed one left behind', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'scutum-new-'));
    cleanups.push(() => rm(folder, { recursive: true, force: true }));
    await mkdir(join(folder, 'store', 'data', 'base'), { recursive: true });
    await writeFile(join(folder, 'store', 'data', 'PG_VERSION'), '18\n');
    const database = await open(join(folder, 'store'));
    expect(database.kind).toBe('embedded');
    expect(database.describe()).toBe(join(folder, 'store'));
    expect(await database.query('SELECT number FROM scutum_sre.migrations', [])).toEqual([{ number: 1 }]);
    expect((await stat(join(folder, 'store'))).mode & 0o777).toBe(0o700);
  });

  test('two processes share one store through its owner, and the other takes over when it ends', async () => {
    const folder = await folderWithCounter();
    const child = startChild(folder, 'count', '100');
    await child.says('open');
    const database = await open(folder);
    for (let round = 0; round < 50; round++) await database.query('UPDATE counter SET n = n + 1', []);
    await child.says('counted');
    expect(await counterOf(database)).toBe(150);
    child.process.stdin?.write('\n');
    await child.says('closed');
    expect(await counterOf(database)).toBe(150);
    expect((await readdir(folder)).filter((name) => name.startsWith('owner.'))).toHaveLength(1);
  });

  test('an owner killed in a transaction loses nothing that was committed and blocks nobody', async () => {
    const folder = await folderWithCounter();
    const first = startChild(folder, 'hold');
    await first.says('holding');
    await first.end('SIGKILL');
    const database = await open(folder);
    expect(await counterOf(database)).toBe(0);
    await database.query('UPDATE counter SET n = 7', []);
    await database.close();
    const second = startChild(folder, 'count', '3');
    await second.says('counted');
    const guest = await open(folder);
    await second.end('SIGKILL');
    expect(await counterOf(guest)).toBe(10);
  });

  test('a guest killed in a transaction is rolled back', async () => {
    const folder = await folderWithCounter();
    const database = await open(folder);
    const child = startChild(folder, 'hold');
    await child.says('holding');
    const waiting = counterOf(database);
    await child.end('SIGKILL');
    expect(await waiting).toBe(0);
  });

  test('a stopped owner is named, and left alone', async () => {
    const folder = await folderWithCounter();
    const child = startChild(folder, 'count', '1');
    await child.says('counted');
    child.process.kill('SIGSTOP');
    const { pid } = child.process;
    await expect(openEmbedded(folder, { patienceMs: 500 })).rejects.toMatchObject({
      code: 'busy',
      message: `the store in \`${folder}\` is held by process ${pid}, which does not answer`,
    });
    child.process.kill('SIGCONT');
    expect(await counterOf(await open(folder))).toBe(1);
  });

  test('a folder too long for a socket uses a short private one', async () => {
    const parent = await mkdtemp(join(tmpdir(), 'scutum-long-'));
    cleanups.push(() => rm(parent, { recursive: true, force: true }));
    const folder = join(parent, 'x'.repeat(120));
    await rename(await embeddedFolder(), folder);
    cleanups.push(() => rm(socketFolderFor(folder), { recursive: true, force: true }));
    const owner = await open(folder);
    const guest = await open(folder);
    expect(await guest.query('SELECT 1 AS one', [])).toEqual([{ one: 1 }]);
    expect(await readdir(folder)).not.toContain('.s.PGSQL.5432');
    expect(owner.describe()).toBe(folder);
  });

  test('a folder that cannot be one is refused with its name', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'scutum-file-'));
    cleanups.push(() => rm(folder, { recursive: true, force: true }));
    await writeFile(join(folder, 'file'), '');
    await expect(openEmbedded(join(folder, 'file', 'store'))).rejects.toMatchObject({
      code: 'misconfigured',
    });
  });

  test('a closed store says so', async () => {
    const database = await openEmbedded(shared);
    await database.close();
    await database.close();
    await expect(database.query('SELECT 1', [])).rejects.toMatchObject({ code: 'unreachable' });
  });
});

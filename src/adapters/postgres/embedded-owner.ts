import type { PGlite } from '@electric-sql/pglite';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { StoreError } from './database.ts';
import { socketPath } from './socket-folder.ts';

/** Connections of all processes together; a few per process. */
const maxConnections = 16;
/** A client that says nothing for this long is cut off: one that hangs in a transaction stops everybody. */
export const clientLimitMs = 10_000;
/** How long a closing owner waits for the transaction of another process, and for its socket to close. */
const farewellMs = 2_000;

export interface EmbeddedOwner {
  readonly close: () => Promise<void>;
}

/** Opens the database in `folder` and serves it on the socket in `socketFolder`. The caller holds the store lock. */
export async function startOwner(place: {
  readonly folder: string;
  readonly socketFolder: string;
}): Promise<EmbeddedOwner> {
  const engine = await openEngine(place.folder);
  const socket = socketPath(place.socketFolder);
  rmSync(socket, { force: true });
  const { PGLiteSocketServer } = await import('@electric-sql/pglite-socket');
  const server = new PGLiteSocketServer({
    db: engine,
    path: socket,
    maxConnections,
    idleTimeout: clientLimitMs,
  });
  await server.start();
  return {
    close: async () => {
      for (let waited = 0; engine.isInTransaction() && waited < farewellMs; waited += 20) await sleep(20);
      await Promise.race([server.stop(), sleep(farewellMs, undefined, { ref: false })]);
      await engine.close();
    },
  };
}

async function openEngine(folder: string): Promise<PGlite> {
  // Halves the time a short command needs: V8 would hold the exit for its optimising compiler (dependencies.md §2).
  setFlagsFromString('--wasm-tiering-budget=200000000');
  const { PGlite } = await import('@electric-sql/pglite');
  const data = join(folder, 'data');
  const complete = join(folder, 'data-complete');
  // A process killed while it made the files leaves half a database; nothing was ever stored in it.
  if (!existsSync(complete)) rmSync(data, { recursive: true, force: true });
  try {
    const engine = await PGlite.create(data);
    writeFileSync(complete, '', { mode: 0o600 });
    return engine;
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new StoreError('broken', `the embedded store in \`${folder}\` cannot be opened: ${detail}`, {
      cause: error,
    });
  }
}

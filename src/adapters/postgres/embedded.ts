import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError, type Database } from './database.ts';
import { clientLimitMs, startOwner } from './embedded-owner.ts';
import { fileFailure } from './file-failure.ts';
import { migrate } from './migrate.ts';
import { openPool } from './pool.ts';
import {
  privateFolder,
  requirePrivate,
  socketFolderFor,
  somebodyAnswers,
  somebodyListens,
} from './socket-folder.ts';
import { tryLock, type LockHolder } from './store-lock.ts';

/** How long another process may take to answer: a first start makes the files of a database, which takes seconds. */
const patienceMs = 20_000;
const retryMs = 100;
const endMs = 2_000;

/**
 * The embedded store in `folder` (made if need be, mode 0700), migrated. The first process owns it; every other works
 * through that owner's socket, and takes over when the owner ends. Throws `busy`, naming the holder, when it neither
 * answers nor is gone. A transaction that loses its owner before anything was answered is begun again. Safe against a
 * killed process, not against a power cut (dependencies.md §2).
 */
export async function openEmbedded(
  folder: string,
  options: { readonly patienceMs?: number } = {},
): Promise<Database> {
  const place = preparePlace(folder, options.patienceMs ?? patienceMs);
  const sessions = sessionKeeper(place);
  const transaction: Database['transaction'] = async (work) => {
    for (let attempt = 1; ; attempt++) {
      const session = await sessions.current();
      let answered = false;
      try {
        return await session.database.transaction((tx) =>
          work({
            query: async (text, params, rowSchema) => {
              const rows = await tx.query(text, params, rowSchema);
              answered = true;
              return rows;
            },
          }),
        );
      } catch (error) {
        if (!(error instanceof StoreError) || error.code !== 'unreachable') throw error;
        await sessions.renewIfLost(session);
        // Once something was answered it may have been committed too: only the caller can look.
        if (answered || attempt === 2) throw error;
      }
    }
  };
  return migrated({
    kind: 'embedded',
    describe: () => place.folder,
    query: (text, params, rowSchema) => transaction((tx) => tx.query(text, params, rowSchema)),
    transaction,
    close: sessions.close,
  });
}

interface SessionKeeper {
  readonly current: () => Promise<Session>;
  /** Ends a session whose database no longer answers; the next use starts another, as owner or as guest. */
  readonly renewIfLost: (session: Session) => Promise<void>;
  readonly close: () => Promise<void>;
}

function sessionKeeper(place: Place): SessionKeeper {
  let closed = false;
  let opening: Promise<Session> | null = null;
  const ended = new Set<Session>();
  const current = async (): Promise<Session> => {
    if (closed) throw new StoreError('unreachable', `the store in \`${place.folder}\` was closed`);
    opening ??= openSession(place);
    const used = opening;
    try {
      return await used;
    } catch (error) {
      if (opening === used) opening = null;
      throw error;
    }
  };
  return {
    current,
    renewIfLost: async (session) => {
      if (ended.has(session) || (await session.answers()) || ended.has(session)) return;
      ended.add(session);
      // Ending may wait for statements that nobody will answer any more.
      opening = Promise.race([session.end(), sleep(endMs)]).then(() => openSession(place));
      await current();
    },
    close: async () => {
      closed = true;
      await opening?.then(({ end }) => end()).catch(() => undefined);
    },
  };
}

async function migrated(store: Database): Promise<Database> {
  try {
    await migrate(store);
    return store;
  } catch (error) {
    await store.close().catch(() => undefined);
    throw error;
  }
}

interface Place {
  readonly folder: string;
  readonly patienceMs: number;
  readonly socketFolder: string;
}

/** This process's way to the database: as its owner or through another process. */
interface Session {
  readonly database: Database;
  /** False when nothing can be expected from this session any more. */
  readonly answers: () => Promise<boolean>;
  readonly end: () => Promise<void>;
}

function preparePlace(folder: string, patience: number): Place {
  try {
    const real = privateFolder(folder);
    return { folder: real, patienceMs: patience, socketFolder: socketFolderFor(real) };
  } catch (error) {
    throw fileFailure(error, folder);
  }
}

async function openSession(place: Place): Promise<Session> {
  const deadline = performance.now() + place.patienceMs;
  for (;;) {
    const session = await trySession(place);
    if ('database' in session) return session;
    if (performance.now() > deadline) throw heldBy(session.holder, place);
    await sleep(retryMs);
  }
}

async function trySession(place: Place): Promise<Session | { readonly holder: LockHolder }> {
  try {
    const attempt = await tryLock(place, somebodyListens);
    if (attempt.kind === 'held') return await asGuest(attempt.holder, place);
    const { lock } = attempt;
    try {
      const owner = await startOwner(place);
      const database = connect(place.socketFolder, place.folder);
      return {
        database,
        answers: () => selects(database),
        end: () => inTurn([database.close, owner.close, lock.release]),
      };
    } catch (error) {
      lock.release();
      throw error;
    }
  } catch (error) {
    throw fileFailure(error, place.folder);
  }
}

async function asGuest(holder: LockHolder, place: Place): Promise<Session | { readonly holder: LockHolder }> {
  const { socketFolder } = holder;
  if (!(await somebodyAnswers(socketFolder))) return { holder };
  requirePrivate(socketFolder);
  const database = connect(socketFolder, place.folder);
  return { database, answers: () => somebodyAnswers(socketFolder), end: database.close };
}

/** The owner uses its own socket too: PGlite is one session, and only the socket's queue keeps transactions apart. */
function connect(socketFolder: string, name: string): Database {
  return openPool({
    kind: 'embedded',
    name,
    config: {
      host: socketFolder,
      port: 5432,
      user: 'postgres',
      database: 'postgres',
      max: 3,
      // Closed by us before the owner cuts it off.
      idleTimeoutMillis: clientLimitMs / 2,
      // Longer than a hanging client of another process can hold everybody up.
      connectionTimeoutMillis: clientLimitMs + 2_000,
      query_timeout: clientLimitMs + 5_000,
    },
  });
}

async function selects(database: Database): Promise<boolean> {
  try {
    await database.query('SELECT 1', []);
    return true;
  } catch {
    return false;
  }
}

function heldBy(holder: LockHolder, place: Place): StoreError {
  const where = holder.standing === 'alive' ? '' : ` on \`${holder.host}\``;
  return new StoreError(
    'busy',
    `the store in \`${place.folder}\` is held by process ${holder.pid}${where}, which does not answer`,
  );
}

/** Runs each step even when an earlier one failed. */
async function inTurn(steps: readonly (() => Promise<void> | void)[]): Promise<void> {
  for (const step of steps)
    try {
      await step();
    } catch {
      // Whatever could not be closed ends with the process; the lock must be given back all the same.
    }
}

import pg from 'pg';
import { columnParsers } from './column-parsers.ts';
import { describeAddress, parseDatabaseUrl } from './database-url.ts';
import { onlyRow, parseRows, StoreError, type Database, type Queryable, type SqlValue } from './database.ts';
import { connectionSurvives, toStoreError } from './store-failure.ts';

/** Deadlines in real milliseconds (reliability.md §1.9). The client's are longer than the server's, which say more. */
export interface PoolDeadlines {
  readonly connectMs: number;
  readonly queryMs: number;
  readonly statementMs: number;
  readonly lockMs: number;
  readonly idleInTransactionMs: number;
}

export const defaultDeadlines: PoolDeadlines = {
  connectMs: 5_000,
  queryMs: 15_000,
  statementMs: 10_000,
  lockMs: 5_000,
  idleInTransactionMs: 15_000,
};

export interface PoolOptions {
  readonly access?: 'read_write' | 'read_only';
  /** Connections at once; 1 to 50. */
  readonly max?: number;
  readonly deadlines?: PoolDeadlines;
}

/**
 * A pool of connections to a PostgreSQL server. Connects on first use. TLS is on for every host that is not loopback,
 * unless the URL says `sslmode=disable`; `parseDatabaseUrl` lists what else it may say.
 */
export function openPostgres(url: string, options: PoolOptions = {}): Database {
  const address = parseDatabaseUrl(url);
  const deadlines = options.deadlines ?? defaultDeadlines;
  return openPool({
    kind: 'server',
    name: describeAddress(address),
    config: {
      ...address,
      max: options.max ?? 6,
      keepAlive: true,
      connectionTimeoutMillis: deadlines.connectMs,
      query_timeout: deadlines.queryMs,
      statement_timeout: deadlines.statementMs,
      lock_timeout: deadlines.lockMs,
      idle_in_transaction_session_timeout: deadlines.idleInTransactionMs,
      application_name: 'scutum-sre',
      ...(options.access === 'read_only' ? { options: readOnlyOptions } : {}),
    },
  });
}

/** Dead connections a transaction meets at most before it gives up. */
const mostStale = 3;

/**
 * A read-only pool aggregates a day of requests a few times a run: compiling such statements takes longer than running
 * them, and sorts that spill to disk miss the two seconds of a reading.
 */
const readOnlyOptions = '-c default_transaction_read_only=on -c jit=off -c work_mem=64MB';

export interface PoolInput {
  readonly kind: Database['kind'];
  readonly name: string;
  readonly config: pg.PoolConfig;
}

/** A `Database` over any pg pool. On `embedded` every statement runs in a transaction of its own. */
export function openPool(input: PoolInput): Database {
  const pool = new pg.Pool({ ...input.config, types: columnParsers });
  // A connection that breaks emits `error`, which would end the process where nobody listens. Whoever uses the
  // connection gets the failure from its query; an idle one is simply replaced.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  const transaction: Database['transaction'] = async (work) => {
    for (let stale = 0; ; stale++) {
      const reached: { step: 'connect' | 'begin' | 'work' } = { step: 'connect' };
      try {
        return await withConnection(pool, input.name, (connection) => {
          reached.step = 'begin';
          return inTransaction(connection, (tx) => {
            reached.step = 'work';
            return work(tx);
          });
        });
      } catch (error) {
        // A pooled connection may have died unnoticed, in a restart of the server for example: nothing ran on it yet.
        if (reached.step !== 'begin' || stale === mostStale || connectionSurvives(error)) throw error;
      }
    }
  };
  const query: Queryable['query'] = (text, params, rowSchema) =>
    input.kind === 'embedded'
      ? // pglite-socket interleaves the messages of its clients except inside a transaction.
        transaction((tx) => tx.query(text, params, rowSchema))
      : withConnection(pool, input.name, (connection) => connection.query(text, params, rowSchema));
  let closing: Promise<void> | null = null;
  return {
    kind: input.kind,
    describe: () => input.name,
    query,
    transaction,
    close: () => (closing ??= pool.end()),
  };
}

interface Connection extends Queryable {
  /** Runs a statement without parameters and gives its command tag. */
  readonly command: (text: string) => Promise<string>;
}

async function withConnection<T>(
  pool: pg.Pool,
  store: string,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  let client: pg.PoolClient;
  try {
    client = await pool.connect();
  } catch (error) {
    throw toStoreError(error, store);
  }
  let sound = false;
  try {
    const result = await work(connectionOf(client, store));
    sound = true;
    return result;
  } catch (error) {
    sound = !(error instanceof StoreError) || connectionSurvives(error);
    throw error;
  } finally {
    // After a timeout the client still waits for the old answer: it must not serve anybody else (node-postgres #3399).
    client.release(!sound);
  }
}

function connectionOf(client: pg.PoolClient, store: string): Connection {
  const send = async (text: string, params: readonly SqlValue[]): Promise<pg.QueryResult> => {
    try {
      const answer = params.length === 0 ? await client.query(text) : await client.query(text, [...params]);
      // Without parameters the simple protocol is used: several statements are answered with a list.
      return onlyRow([answer].flat().slice(-1));
    } catch (error) {
      throw toStoreError(error, store);
    }
  };
  return {
    query: async (text, params, rowSchema) => parseRows((await send(text, params)).rows, rowSchema),
    command: async (text) => (await send(text, [])).command,
  };
}

async function inTransaction<T>(connection: Connection, work: (tx: Queryable) => Promise<T>): Promise<T> {
  await connection.command('BEGIN ISOLATION LEVEL READ COMMITTED');
  let result: T;
  try {
    result = await work({ query: connection.query });
  } catch (error) {
    // A connection that no longer answers is thrown away, and the server rolls back by itself.
    if (!(error instanceof StoreError) || connectionSurvives(error)) await connection.command('ROLLBACK');
    throw error;
  }
  const tag = await connection.command('COMMIT');
  // Where `work` swallowed a failed statement, the server answers COMMIT with a rollback.
  if (tag !== 'COMMIT') throw new StoreError('broken', 'the store rolled a transaction back at its end');
  return result;
}

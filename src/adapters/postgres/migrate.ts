import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { takeLock } from './advisory-lock.ts';
import { StoreError, type Database, type Queryable } from './database.ts';

interface Migration {
  readonly number: number;
  readonly sql: string;
  /** SHA-256 of the file, hex. */
  readonly checksum: string;
}

/**
 * Brings the schema `scutum_sre` up to this program's version and returns the numbers of what was applied (empty when
 * nothing was due). All of it is one transaction; two programs at once do it once. Throws `unmigrated` when the store is
 * newer than this program and `broken` when an applied migration differs from ours.
 */
export async function migrate(database: Database): Promise<readonly number[]> {
  const known = readMigrations();
  return database.transaction(async (tx) => {
    await takeLock(tx, 'migrate');
    const applied = await appliedMigrations(tx);
    if (applied === null) await createBookkeeping(tx);
    const due = pending(known, applied ?? [], database.describe());
    for (const migration of due) await apply(tx, migration);
    return due.map((migration) => migration.number);
  });
}

/** Throws `unmigrated` unless the store is exactly at this program's version; changes nothing. */
export async function requireMigrated(database: Database): Promise<void> {
  const applied = (await appliedMigrations(database)) ?? [];
  const due = pending(readMigrations(), applied, database.describe());
  if (due.length === 0) return;
  const state = applied.length === 0 ? 'has no tables of scutum-sre' : `needs ${due.length} more migrations`;
  throw new StoreError('unmigrated', `the database ${database.describe()} ${state}; run \`scutum-sre init\``);
}

const appliedRow = z.object({ number: z.number(), checksum: z.string() });
type Applied = z.infer<typeof appliedRow>;

/** What the store says it holds; null when it holds nothing of ours. */
async function appliedMigrations(tx: Queryable): Promise<readonly Applied[] | null> {
  const present = await tx.query(
    "SELECT to_regclass('scutum_sre.migrations') IS NOT NULL AS present",
    [],
    z.object({ present: z.boolean() }),
  );
  if (present[0]?.present !== true) return null;
  return tx.query('SELECT number, checksum FROM scutum_sre.migrations ORDER BY number', [], appliedRow);
}

/** The known migrations that are not applied yet. */
function pending(
  known: readonly Migration[],
  applied: readonly Applied[],
  store: string,
): readonly Migration[] {
  for (const row of applied) {
    const ours = known.find((migration) => migration.number === row.number);
    if (ours === undefined)
      throw new StoreError(
        'unmigrated',
        `the database ${store} holds migration ${row.number}, which this older program does not know; update it`,
      );
    if (ours.checksum !== row.checksum)
      throw new StoreError('broken', `migration ${row.number} of the database ${store} is not ours`);
  }
  return known.filter((migration) => !applied.some((row) => row.number === migration.number));
}

async function createBookkeeping(tx: Queryable): Promise<void> {
  const schema = await tx.query("SELECT 1 FROM pg_namespace WHERE nspname = 'scutum_sre'", []);
  // CREATE SCHEMA IF NOT EXISTS asks for the right to create one even where somebody made it for us.
  if (schema.length === 0) await tx.query('CREATE SCHEMA scutum_sre', []);
  await tx.query(
    `CREATE TABLE scutum_sre.migrations (
       number integer PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL)`,
    [],
  );
}

async function apply(tx: Queryable, migration: Migration): Promise<void> {
  await tx.query(migration.sql, []);
  await tx.query('INSERT INTO scutum_sre.migrations VALUES ($1, $2, clock_timestamp())', [
    migration.number,
    migration.checksum,
  ]);
}

function readMigrations(): readonly Migration[] {
  const folder = migrationsFolder();
  return readdirSync(folder)
    .filter((name) => /^\d{6}\.sql$/.test(name))
    .sort()
    .map((name) => {
      const sql = readFileSync(new URL(name, folder), 'utf8');
      return {
        number: Number(name.slice(0, 6)),
        sql,
        checksum: createHash('sha256').update(sql).digest('hex'),
      };
    });
}

/** Beside this file in the sources and in `dist`, one folder up from a bundled chunk. */
function migrationsFolder(): URL {
  const places = ['./migrations/', '../migrations/'].map((place) => new URL(place, import.meta.url));
  const found = places.find((place) => existsSync(new URL('000001.sql', place)));
  if (found === undefined) throw new Error('the migrations are missing beside the program');
  return found;
}

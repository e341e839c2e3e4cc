import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Database } from '../../../src/adapters/postgres/database.ts';
import { openEmbedded } from '../../../src/adapters/postgres/embedded.ts';
import { migrate } from '../../../src/adapters/postgres/migrate.ts';
import { openPostgres } from '../../../src/adapters/postgres/pool.ts';
import { createStores, type Stores } from '../../../src/adapters/postgres/stores.ts';
import { createDatabase, postgresUrl } from '../../support/database.ts';

export interface OpenedStore {
  readonly database: Database;
  readonly stores: Stores;
  readonly dispose: () => Promise<void>;
}

export interface StoreKind {
  readonly name: string;
  readonly kind: Database['kind'];
  readonly open: () => Promise<OpenedStore>;
}

const server: StoreKind = {
  name: 'PostgreSQL',
  kind: 'server',
  open: async () => {
    const { url, drop } = await createDatabase({ litellm: false });
    const database = openPostgres(url, { max: 20 });
    await migrate(database);
    return opened(database, drop);
  },
};

const embedded: StoreKind = {
  name: 'PGlite',
  kind: 'embedded',
  open: async () => {
    const folder = await embeddedFolder();
    const database = await openEmbedded(folder);
    return opened(database, () => rm(folder, { recursive: true, force: true }));
  },
};

/** Every store test runs on each of these; without a PostgreSQL server on the embedded one alone. */
export const storeKinds: readonly StoreKind[] = postgresUrl === null ? [embedded] : [server, embedded];

/** Kept between runs beside the dependencies: making the files of a database takes seconds. */
const cache = new URL('../../../node_modules/.cache/', import.meta.url);
let template: Promise<string> | null = null;

/** A fresh folder with a migrated embedded store that nobody has open. */
export async function embeddedFolder(): Promise<string> {
  const source = await (template ??= findTemplate());
  const folder = await mkdtemp(join(tmpdir(), 'scutum-store-'));
  await cp(source, folder, { recursive: true });
  return folder;
}

async function findTemplate(): Promise<string> {
  const root = new URL('../../../', import.meta.url);
  const migrations = (await readdir(new URL('src/adapters/postgres/migrations', root))).sort();
  const ingredients = [
    'node_modules/@electric-sql/pglite/package.json',
    'src/adapters/postgres/embedded-owner.ts',
    ...migrations.map((name) => `src/adapters/postgres/migrations/${name}`),
  ];
  const hash = createHash('sha256');
  for (const file of ingredients) hash.update(await readFile(new URL(file, root)));
  const kept = fileURLToPath(new URL(`scutum-store-${hash.digest('hex').slice(0, 16)}`, cache));
  if (existsSync(kept)) return kept;
  await mkdir(cache, { recursive: true });
  const made = await mkdtemp(join(fileURLToPath(cache), 'making-'));
  await (await openEmbedded(made)).close();
  // Another worker may have been faster; its folder is as good.
  await rename(made, kept).catch(() => rm(made, { recursive: true }));
  return kept;
}

function opened(database: Database, remove: () => Promise<void>): OpenedStore {
  const randomHex = (bytes: number) => randomBytes(bytes).toString('hex');
  return {
    database,
    stores: createStores(database, { randomHex, deployment: 'test' }),
    dispose: async () => {
      await database.close();
      await remove();
    },
  };
}

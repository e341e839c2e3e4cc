import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../../src/adapters/postgres/database.ts';
import { migrate, requireMigrated } from '../../../src/adapters/postgres/migrate.ts';
import { openPostgres } from '../../../src/adapters/postgres/pool.ts';
import { createStores } from '../../../src/adapters/postgres/stores.ts';
import { createDatabase, postgresUrl } from '../../support/database.ts';
import { auditOf } from './samples.ts';
import { storeKinds } from './store-kinds.ts';

describe.each(storeKinds)('migrations on $name', (kind) => {
  test('a migrated store needs nothing, and what does not fit is refused', async () => {
    const { database, dispose } = await kind.open();
    expect(await migrate(database)).toEqual([]);
    await requireMigrated(database);
    const set = (sql: string) => database.query(sql, []);
    await set("UPDATE scutum_sre.migrations SET checksum = 'other'");
    await expect(migrate(database)).rejects.toMatchObject({ code: 'broken' });
    await set("UPDATE scutum_sre.migrations SET number = 999999, checksum = 'later'");
    await expect(migrate(database)).rejects.toThrow('this older program does not know');
    await expect(requireMigrated(database)).rejects.toMatchObject({ code: 'unmigrated' });
    await set('DELETE FROM scutum_sre.migrations');
    await expect(requireMigrated(database)).rejects.toMatchObject({ code: 'unmigrated' });
    await dispose();
  });
});

describe.skipIf(postgresUrl === null)('migrations of a server', () => {
  let made: Awaited<ReturnType<typeof createDatabase>>;
  let database: Database;
  beforeAll(async () => {
    made = await createDatabase({ litellm: false });
    database = openPostgres(made.url);
  });
  afterAll(async () => {
    await database.close();
    await made.drop();
  });

  test('an empty database is told from a migrated one by every use', async () => {
    await expect(requireMigrated(database)).rejects.toMatchObject({
      code: 'unmigrated',
      message: expect.stringContaining('scutum-sre init'),
    });
    const stores = createStores(database, {
      randomHex: (bytes) => '0'.repeat(2 * bytes),
      deployment: 'test',
    });
    await expect(stores.control.suspension()).rejects.toMatchObject({ code: 'unmigrated' });
    await expect(stores.audit.append(auditOf('resumed'))).rejects.toMatchObject({ code: 'unmigrated' });
    await expect(stores.remediations.getRemediation(1)).rejects.toMatchObject({ code: 'unmigrated' });
  });

  test('many programs at once migrate once', async () => {
    const applied = await Promise.all(Array.from({ length: 5 }, () => migrate(database)));
    expect(applied.flat()).toEqual([1]);
    await requireMigrated(database);
  });

  test('a role that only owns its schema can migrate', async () => {
    const other = await createDatabase({ litellm: false });
    const admin = openPostgres(other.url);
    const role = `owner_${process.pid}`;
    await admin.query(
      `CREATE ROLE ${role} LOGIN PASSWORD 'x'; CREATE SCHEMA scutum_sre AUTHORIZATION ${role}`,
      [],
    );
    const owner = openPostgres(asRole(other.url, role));
    expect(await migrate(owner)).toEqual([1]);
    await owner.close();
    await admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`, []);
    await admin.close();
    await other.drop();
  });

  test('a role that may not is forbidden', async () => {
    const role = `nobody_${process.pid}`;
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'x'`, []);
    const stranger = openPostgres(asRole(made.url, role));
    await expect(migrate(stranger)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(requireMigrated(stranger)).rejects.toMatchObject({ code: 'forbidden' });
    await stranger.close();
    await database.query(`DROP ROLE ${role}`, []);
  });
});

function asRole(url: string, role: string): string {
  const other = new URL(url);
  other.username = role;
  other.password = 'x';
  return other.href;
}

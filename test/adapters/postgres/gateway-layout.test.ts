import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../../src/adapters/postgres/database.ts';
import { hasGatewayTables } from '../../../src/adapters/postgres/gateway-layout.ts';
import { openPostgres } from '../../../src/adapters/postgres/pool.ts';
import { SourceError } from '../../../src/app/ports.ts';
import { createDatabase, litellmSchema, postgresUrl } from '../../support/database.ts';
import { detectOver, failure, insertLogs, readsOver, times } from '../../support/spend-logs.ts';

describe.skipIf(postgresUrl === null)('where the gateway tables are', () => {
  const signal = AbortSignal.timeout(60_000);
  const made: Awaited<ReturnType<typeof createDatabase>>[] = [];
  const open: Database[] = [];
  let ddl = '';

  const connect = (url: string) => {
    const database = openPostgres(url);
    open.push(database);
    return database;
  };
  /** A database with LiteLLM's tables in each of these schemas. */
  const withSchemas = async (...schemas: readonly string[]) => {
    const database = await createDatabase({ litellm: false });
    made.push(database);
    const admin = connect(database.url);
    for (const schema of schemas) {
      const quoted = `"${schema.replaceAll('"', '""')}"`;
      await admin.query(
        `CREATE SCHEMA IF NOT EXISTS ${quoted}; SET search_path = ${quoted}; ${ddl}; RESET search_path`,
        [],
      );
    }
    const name = new URL(database.url).pathname.slice(1);
    return {
      admin,
      /** A new connection after `ALTER DATABASE … SET`. */
      after: async (setting: string) => {
        await admin.query(`ALTER DATABASE ${name} SET ${setting}`, []);
        return connect(database.url);
      },
    };
  };

  beforeAll(async () => {
    ddl = await litellmSchema();
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((database) => database.close()));
    await Promise.all(made.splice(0).map((database) => database.drop()));
  });
  afterAll(() => expect(open).toEqual([]));

  test('a database without them is told so', async () => {
    const { admin } = await withSchemas();
    expect(await hasGatewayTables(admin.query)).toBe(false);
    await expect(detectOver(admin.query)).rejects.toMatchObject({
      code: 'spend_logs_error',
      message: expect.stringContaining('no LiteLLM tables') as string,
    });
  });

  test('in a schema that is not public and not on the search path, with a name that needs quoting', async () => {
    const schema = 'Lite "LLM"; DROP SCHEMA public';
    const { admin } = await withSchemas(schema);
    expect(await hasGatewayTables(admin.query)).toBe(true);
    await insertLogs(admin.query, times(6), `"${schema.replaceAll('"', '""')}"."LiteLLM_SpendLogs"`);
    expect((await readsOver(admin.query).providers(signal)).rows).toMatchObject([{ total: 6 }]);
    const reads = readsOver(admin.query);
    await Promise.all([
      reads.teams(signal),
      reads.organizations(signal),
      reads.keys(signal),
      reads.strikes(signal),
    ]);
  });

  test('in two schemas: the search path decides', async () => {
    const { admin, after } = await withSchemas('public', 'staging');
    await insertLogs(admin.query, times(3), 'public."LiteLLM_SpendLogs"');
    await insertLogs(admin.query, times(8), 'staging."LiteLLM_SpendLogs"');
    const total = async (database: Database) =>
      (await readsOver(database.query).providers(signal)).rows[0]?.total;
    expect(await total(admin)).toBe(3);
    expect(await total(await after('search_path = staging, public'))).toBe(8);
  });

  test('in two schemas off the search path: nobody guesses', async () => {
    const { admin } = await withSchemas('one', 'two');
    expect(await hasGatewayTables(admin.query)).toBe(true);
    await expect(detectOver(admin.query)).rejects.toMatchObject({
      code: 'spend_logs_error',
      message: expect.stringMatching(/`one`, `two`.*search_path/) as string,
    });
  });

  test('columns that are new in recent releases may be absent', async () => {
    const { admin } = await withSchemas('public');
    const fresh = [...ddl.matchAll(/CREATE TABLE "(\w+)" \(([\s\S]*?)\n\);/g)].flatMap(
      ([, table, body = '']) =>
        [...body.matchAll(/^\s*"(\w+)".*\[new\]/gm)].map(([, column]) => ({ table, column })),
    );
    expect(fresh).toContainEqual({ table: 'LiteLLM_TeamTable', column: 'soft_budget' });
    for (const { table, column } of fresh)
      await admin.query(`ALTER TABLE "${table}" DROP COLUMN "${column}"`, []);
    await admin.query(
      `INSERT INTO "LiteLLM_TeamTable" (team_id, spend, max_budget, rpm_limit) VALUES ('t1', 5, 4, 9007199254740991)`,
      [],
    );
    await insertLogs(admin.query, [...times(5), ...times(5, failure({ code: '500', provider: 'openai' }))]);
    const found = await detectOver(admin.query);
    expect(found.signals.map(({ kind }) => kind)).toEqual(['provider.unhealthy', 'budget.exceeded']);
    expect(found.warnings).toEqual([]);
    const reads = readsOver(admin.query);
    expect((await reads.teams(signal)).rows).toMatchObject([
      { softBudget: null, rpmLimit: 9007199254740991 },
    ]);
    await Promise.all([reads.keys(signal), reads.organizations(signal), reads.day(signal)]);
  });

  test('a column that nothing works without is named', async () => {
    const { admin } = await withSchemas('public');
    await admin.query('ALTER TABLE "LiteLLM_SpendLogs" DROP COLUMN "endTime"', []);
    await expect(detectOver(admin.query)).rejects.toMatchObject({
      code: 'spend_logs_error',
      message: expect.stringContaining('`LiteLLM_SpendLogs.endTime`') as string,
    });
  });

  test('times are UTC whatever zone the session has', async () => {
    const { after } = await withSchemas('public');
    for (const zone of ['Asia/Kolkata', 'America/New_York', 'Pacific/Kiritimati']) {
      const database = await after(`timezone = '${zone}'`);
      await database.query('TRUNCATE "LiteLLM_SpendLogs"', []);
      await insertLogs(database.query, times(6));
      const reads = readsOver(database.query);
      expect((await reads.providers(signal)).rows).toMatchObject([{ total: 6 }]);
      const drift = Math.abs(Date.parse(await reads.observedAt(signal)) - Date.now());
      expect(drift).toBeLessThan(60_000);
    }
  });

  test('a role that may read some tables only is told which columns it misses', async () => {
    const { admin } = await withSchemas('public');
    await admin.query(
      `DO $$ BEGIN CREATE ROLE intake_reader LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
       GRANT SELECT ON "LiteLLM_TeamTable" TO intake_reader;
       GRANT SELECT (request_id, "startTime") ON "LiteLLM_SpendLogs" TO intake_reader`,
      [],
    );
    const url = new URL(made[0]?.url ?? '');
    url.username = 'intake_reader';
    const reader = connect(url.href);
    await expect(detectOver(reader.query)).rejects.toBeInstanceOf(SourceError);
    await expect(detectOver(reader.query)).rejects.toThrow(/`LiteLLM_SpendLogs\.endTime`/);
  });
});

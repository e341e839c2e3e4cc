import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Database } from '../../../src/adapters/postgres/database.ts';
import { defaultDeadlines, openPostgres, type PoolOptions } from '../../../src/adapters/postgres/pool.ts';
import { createDatabase, postgresUrl } from '../../support/database.ts';
import { freePort } from '../../support/postgres.ts';
import { storeKinds, type OpenedStore } from './store-kinds.ts';

describe.each(storeKinds)('a database on $name', (kind) => {
  let store: OpenedStore;
  let database: Database;
  beforeAll(async () => {
    store = await kind.open();
    database = store.database;
    await database.query('CREATE TABLE item (id int PRIMARY KEY)', []);
  });
  afterAll(() => store.dispose());

  test('values arrive in one form', async () => {
    const rows = await database.query(
      `SELECT '2026-11-20 02:10:00.1234+00'::timestamptz AS zoned, '2026-11-20 02:10:00'::timestamp AS plain,
              '2026-11-20 02:10:00+05:30'::timestamptz AS offset_zone, 'infinity'::timestamptz AS endless,
              9007199254740991::int8 AS exact, 9007199254740993::int8 AS big, 0.1::numeric AS money,
              '{"a":[1]}'::json AS json, ARRAY['x','y'] AS list, $1::text AS text, NULL AS nothing`,
      ['ä\u{1f600}'],
    );
    expect(rows).toEqual([
      {
        zoned: '2026-11-20T02:10:00.123Z',
        plain: '2026-11-20T02:10:00.000Z',
        offset_zone: '2026-11-19T20:40:00.000Z',
        endless: 'infinity',
        exact: 9007199254740991,
        big: '9007199254740993',
        money: '0.1',
        json: { a: [1] },
        list: ['x', 'y'],
        text: 'ä\u{1f600}',
        nothing: null,
      },
    ]);
  });

  test('several statements without parameters give the rows of the last', async () => {
    expect(await database.query('SELECT 1 AS a; SELECT 2 AS b', [])).toEqual([{ b: 2 }]);
  });

  test('a row of another shape is `broken` and shows no value', async () => {
    const reading = database.query("SELECT 'secret' AS id", [], z.object({ id: z.number() }));
    await expect(reading).rejects.toMatchObject({
      code: 'broken',
      message: expect.not.stringContaining('secret'),
    });
  });

  test('a transaction is all or nothing', async () => {
    const insert = (id: number, then: () => void) =>
      database.transaction(async (tx) => {
        await tx.query('INSERT INTO item VALUES ($1)', [id]);
        then();
        return id;
      });
    expect(await insert(1, () => undefined)).toBe(1);
    const thrown = new Error('stop');
    await expect(
      insert(2, () => {
        throw thrown;
      }),
    ).rejects.toBe(thrown);
    await expect(insert(1, () => undefined)).rejects.toMatchObject({ code: 'broken', sqlState: '23505' });
    expect(await database.query('SELECT id FROM item', [])).toEqual([{ id: 1 }]);
  });

  test('a failed statement cannot be swallowed', async () => {
    const swallowing = database.transaction(async (tx) => {
      await tx.query('INSERT INTO item VALUES (3)', []);
      await tx.query('INSERT INTO item VALUES (1)', []).catch(() => undefined);
    });
    await expect(swallowing).rejects.toThrow('rolled a transaction back');
    expect(await database.query('SELECT id FROM item WHERE id = 3', [])).toEqual([]);
  });

  test('transactions at once do not see each other', async () => {
    const wrong: unknown[] = [];
    await Promise.all(
      Array.from({ length: 30 }, (_, n) =>
        database.transaction(async (tx) => {
          const rows = await tx.query(`SELECT ${n}::int AS a, $1::int AS b`, [n]);
          await tx.query('SELECT set_config($1, $2, true)', ['scutum.n', String(n)]);
          const set = await tx.query("SELECT current_setting('scutum.n') AS n", []);
          wrong.push(
            ...(JSON.stringify([rows, set]) === JSON.stringify([[{ a: n, b: n }], [{ n: String(n) }]])
              ? []
              : [n]),
          );
        }),
      ),
    );
    expect(wrong).toEqual([]);
  });

  test.each([
    ['SELECT * FROM nothing_here', 'unmigrated'],
    ['SELECT nothing FROM item', 'unmigrated'],
    ['SELECT 1/0', 'broken'],
    [
      'SET default_transaction_read_only = on; SET transaction_read_only = on; INSERT INTO item VALUES (9)',
      'unreachable',
    ],
  ] as const)('%s is `%s`', async (sql, code) => {
    await expect(database.transaction((tx) => tx.query(sql, []))).rejects.toMatchObject({
      name: 'StoreError',
      code,
    });
  });
});

describe.skipIf(postgresUrl === null)('a pool of connections to a server', () => {
  let made: Awaited<ReturnType<typeof createDatabase>>;
  const opened: Database[] = [];
  const open = (options: PoolOptions = {}, url = made.url) => {
    const database = openPostgres(url, options);
    opened.push(database);
    return database;
  };
  beforeAll(async () => {
    made = await createDatabase({ litellm: false });
    await open().query('CREATE TABLE item (id int PRIMARY KEY); INSERT INTO item VALUES (1)', []);
  });
  afterAll(async () => {
    await Promise.all(opened.map((database) => database.close()));
    await made.drop();
  });

  test('a statement that takes too long is given up, and its connection is not used again', async () => {
    const database = open({ max: 1, deadlines: { ...defaultDeadlines, queryMs: 150 } });
    const pid = async () => database.query('SELECT pg_backend_pid() AS pid', []);
    const before = await pid();
    await expect(database.query('SELECT pg_sleep(0.6), 1 AS old', [])).rejects.toMatchObject({
      code: 'unreachable',
    });
    const after = await pid();
    expect(after).toHaveLength(1);
    expect(after).not.toEqual(before);
  });

  test('the server stops what takes too long or waits too long for a lock', async () => {
    const database = open({ deadlines: { ...defaultDeadlines, statementMs: 100, lockMs: 100 } });
    await expect(database.query('SELECT pg_sleep(5)', [])).rejects.toMatchObject({ code: 'busy' });
    const waiting = open().transaction(async (tx) => {
      await tx.query('SELECT 1 FROM item FOR UPDATE', []);
      return database.query('UPDATE item SET id = 1', []);
    });
    await expect(waiting).rejects.toMatchObject({ code: 'busy' });
    expect(await database.query('SELECT 1 AS one', [])).toEqual([{ one: 1 }]);
  });

  test('connections that the server ends are replaced, idle ones and busy ones', async () => {
    const database = open({ max: 3 });
    const killer = open({ max: 1 });
    const kill = () =>
      killer.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND pid <> pg_backend_pid()`,
        [],
      );
    await Promise.all([1, 2, 3].map(() => database.query('SELECT pg_sleep(0.05)', [])));
    await kill();
    const lost = database.transaction(async (tx) => {
      await tx.query('INSERT INTO item VALUES (100)', []);
      await kill();
      await sleep(50);
      await tx.query('INSERT INTO item VALUES (101)', []);
    });
    await expect(lost).rejects.toMatchObject({ code: 'unreachable' });
    const left = database.transaction((tx) => tx.query('SELECT id FROM item WHERE id >= 100', []));
    expect(await left).toEqual([]);
  });

  test('a read-only pool cannot write', async () => {
    const database = open({ access: 'read_only' });
    expect(await database.query('SELECT id FROM item', [])).toEqual([{ id: 1 }]);
    await expect(database.query('INSERT INTO item VALUES (50)', [])).rejects.toMatchObject({
      sqlState: '25006',
    });
  });

  test('what cannot be opened says where, never with which password', async () => {
    const port = await freePort();
    const closed = open({}, `postgres://someone:hunter2@127.0.0.1:${port}/store`);
    await expect(closed.query('SELECT 1', [])).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining(`127.0.0.1:${port}/store`),
    });
    await expect(closed.query('SELECT 1', [])).rejects.not.toThrow('hunter2');
    expect(closed.describe()).toBe(`127.0.0.1:${port}/store`);
    const missing = open({}, `${postgresUrl}/no_such_database`);
    await expect(missing.query('SELECT 1', [])).rejects.toMatchObject({ code: 'misconfigured' });
    const stranger = open(
      {},
      made.url.replace('postgres@', 'no_such_role@').replace('postgres:postgres@', 'no_such_role:x@'),
    );
    await expect(stranger.query('SELECT 1', [])).rejects.toMatchObject({ code: 'forbidden' });
  });

  test('TLS that the server cannot do is never left out', async () => {
    const database = open({}, `${made.url}?sslmode=require`);
    await expect(database.query('SELECT 1', [])).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('SSL'),
    });
  });

  test('a server that accepts and says nothing is given up', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const database = open(
      { deadlines: { ...defaultDeadlines, connectMs: 200 } },
      `postgres://a@127.0.0.1:${port}/b`,
    );
    await expect(database.query('SELECT 1', [])).rejects.toMatchObject({ code: 'unreachable' });
    silent.close();
  });
});

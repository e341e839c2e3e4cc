/**
 * A second process on an embedded store. `node embedded-child.ts FOLDER PLAN`: `count N` adds 1 to the shared counter N
 * times in transactions of their own and ends when told; `hold` opens a transaction that it never ends. Says what it did, a line each.
 */
import { z } from 'zod';
import { openEmbedded } from '../../../src/adapters/postgres/embedded.ts';
import type { Database } from '../../../src/adapters/postgres/database.ts';

const [folder = '', plan = '', times = '0'] = process.argv.slice(2);
const database = await openEmbedded(folder);
console.log('open');
if (plan === 'hold') await hold(database);
else await count(database, Number(times));

async function hold(store: Database): Promise<void> {
  await store.transaction(async (tx) => {
    await tx.query('UPDATE counter SET n = n + 1000', []);
    console.log('holding');
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  });
}

async function count(store: Database, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++)
    await store.transaction(async (tx) => {
      const [row] = await tx.query('SELECT n FROM counter FOR UPDATE', [], z.object({ n: z.number() }));
      await tx.query('UPDATE counter SET n = $1', [(row?.n ?? 0) + 1]);
    });
  console.log('counted');
  await new Promise((resolve) => process.stdin.once('data', resolve));
  await store.close();
  console.log('closed');
  process.exit(0);
}

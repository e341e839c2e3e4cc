import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { createDatabase, postgresUrl } from './database.ts';

describe.skipIf(postgresUrl === null)('the real PostgreSQL of this run', () => {
  test('holds the LiteLLM schema', async () => {
    const database = await createDatabase({ litellm: true });
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query('SELECT count(*)::int AS n FROM "LiteLLM_SpendLogs"');
    expect(rows).toEqual([{ n: 0 }]);
    await client.end();
    await database.drop();
  });
});

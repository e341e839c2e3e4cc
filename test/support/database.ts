import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { inject } from 'vitest';
import { litellmTablesSql } from '../../src/sandbox/tables.ts';

/** Folder of shared material beside the checkout; tests that need it skip visibly when it is not there. */
export const sharedFolder = new URL('../../../shared/', import.meta.url);
export const hasShared = existsSync(sharedFolder);

/** Connection URL of the run's real PostgreSQL, or null (then use `describe.skipIf`). */
export const postgresUrl = inject('postgresUrl');

let counter = 0;

/** Makes an empty database of its own for a test file; `litellm` loads the real LiteLLM schema into `public`. */
export async function createDatabase(options: { readonly litellm: boolean }): Promise<{
  readonly url: string;
  readonly drop: () => Promise<void>;
}> {
  if (postgresUrl === null) throw new Error('no PostgreSQL for this run');
  const name = `t_${process.pid}_${Date.now().toString(36)}_${counter++}`;
  await onServer(`${postgresUrl}/postgres`, `CREATE DATABASE ${name}`);
  const url = `${postgresUrl}/${name}`;
  if (options.litellm) await onServer(url, await litellmSchema());
  return { url, drop: () => onServer(`${postgresUrl}/postgres`, `DROP DATABASE ${name} WITH (FORCE)`) };
}

/** The DDL of the LiteLLM tables, from the shared facts; a run without them takes the sandbox's tables. */
export async function litellmSchema(): Promise<string> {
  const shared = new URL('facts/data/litellm-schema.sql', sharedFolder);
  return existsSync(shared) ? readFile(shared, 'utf8') : litellmTablesSql;
}

async function onServer(connectionString: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

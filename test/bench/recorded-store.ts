import pg from 'pg';
import type { Database, Queryable, SqlValue } from '../../src/adapters/postgres/database.ts';

export interface Statement {
  readonly text: string;
  readonly params: readonly SqlValue[];
}

/** A database that notes each statement; those of one transaction stay together. */
export function recorded(
  database: Database,
  isRead: (text: string) => boolean,
): Database & { readonly reads: readonly Statement[]; readonly units: readonly (readonly Statement[])[] } {
  const reads: Statement[] = [];
  const units: (readonly Statement[])[] = [];
  const query: Queryable['query'] = (text, params, rowSchema) => {
    if (isRead(text)) reads.push({ text, params });
    else units.push([{ text, params }]);
    return database.query(text, params, rowSchema);
  };
  const transaction: Database['transaction'] = (work) =>
    database.transaction(async (tx) => {
      const unit: Statement[] = [];
      const result = await work({
        query: (text, params, rowSchema) => {
          unit.push({ text, params });
          return tx.query(text, params, rowSchema);
        },
      });
      units.push(unit);
      return result;
    });
  return { ...database, query, transaction, reads, units };
}

/** Runs the reads at once over as many connections as the program has. */
export async function replayReads(url: string, reads: readonly Statement[]): Promise<void> {
  const pool = new pg.Pool({ connectionString: url, max: 6 });
  try {
    await Promise.all(reads.map(({ text, params }) => pool.query(text, [...params])));
  } finally {
    await pool.end();
  }
}

/** Runs the statements on our own tables one after the other, as they came. */
export async function replayUnits(url: string, units: readonly (readonly Statement[])[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const unit of units) {
      if (unit.length > 1) await client.query('BEGIN');
      for (const { text, params } of unit) await client.query(text, [...params]);
      if (unit.length > 1) await client.query('COMMIT');
    }
  } finally {
    await client.end();
  }
}

import { z } from 'zod';
import { onlyRow, storedTime, type Queryable } from './database.ts';

/** The database's wall clock now, cut to milliseconds, so that what is bound into a digest is what is stored. */
export async function databaseTime(tx: Queryable): Promise<string> {
  const rows = await tx.query('SELECT clock_timestamp() AS now', [], z.object({ now: storedTime }));
  return onlyRow(rows).now;
}

/** ISO time `ms` milliseconds after an ISO time. */
export function timeAfter(time: string, ms: number): string {
  return new Date(Date.parse(time) + ms).toISOString();
}

import { z } from 'zod';
import type { ControlStore } from '../../app/ports.ts';
import { visibleText } from '../../core/plain-text.ts';
import type { AppendAudit } from './audit-append.ts';
import { onlyRow, storedTime, type Database, type Queryable } from './database.ts';

const suspensionRow = z.object({
  suspended: z.boolean(),
  reason: z.string().nullable(),
  at: storedTime.nullable(),
});

const selectSuspension = 'SELECT suspended, reason, changed_at AS at FROM scutum_sre.suspension';

/**
 * Reads the kill switch and keeps it as it is until the transaction ends: `suspend` waits for every intent that was
 * already granted, and no later one gets past it.
 */
export async function lockSuspension(tx: Queryable): Promise<z.infer<typeof suspensionRow>> {
  return onlyRow(await tx.query(`${selectSuspension} FOR SHARE`, [], suspensionRow));
}

/** The kill switch and the workers, by the database clock. */
export function createControlStore(database: Database, append: AppendAudit): ControlStore {
  return {
    suspension: async () => onlyRow(await database.query(selectSuspension, [], suspensionRow)),
    setSuspension: (suspended, reason, audit) =>
      database.transaction(async (tx) => {
        await tx.query(
          'UPDATE scutum_sre.suspension SET suspended = $1, reason = $2, changed_at = clock_timestamp()',
          [suspended, visibleText(reason)],
        );
        await append(tx, audit);
      }),
    heartbeat: async (worker) => {
      await database.query(
        `INSERT INTO scutum_sre.workers (id, heartbeat_at, gateway_write_at)
         VALUES ($1, clock_timestamp(), CASE WHEN $2 THEN clock_timestamp() END)
         ON CONFLICT (id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at,
           gateway_write_at = coalesce(excluded.gateway_write_at, workers.gateway_write_at)`,
        [worker.id, worker.gatewayWriteProven],
      );
      // Workers that died without a word; their names are never used again.
      await database.query(
        "DELETE FROM scutum_sre.workers WHERE heartbeat_at < clock_timestamp() - interval '1 day'",
        [],
      );
    },
    retireWorker: async (id) => {
      await database.query('DELETE FROM scutum_sre.workers WHERE id = $1', [id]);
    },
  };
}

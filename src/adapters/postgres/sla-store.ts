import { z } from 'zod';
import type { SlaStore } from '../../app/ports.ts';
import { slaMetrics, type SlaContract } from '../../core/evidence.ts';
import { scopeSchema } from '../../core/incident.ts';
import { visibleJson, visibleText } from '../../core/plain-text.ts';
import type { AppendAudit } from './audit-append.ts';
import { StoreError, storedTime, type Database, type Queryable } from './database.ts';

/** Contracts read at once; other programs may insert into this table too. */
const maxContracts = 1_000;

const contractRow = z
  .object({
    id: z.string(),
    scope: scopeSchema,
    metric: z.enum(slaMetrics),
    target: z.string().transform(Number).pipe(z.number()),
    window_minutes: z.number().int().positive(),
    suspended_until: storedTime.nullable(),
  })
  .transform((row): SlaContract => ({
    id: row.id,
    scope: row.scope,
    metric: row.metric,
    target: row.target,
    windowMinutes: row.window_minutes,
    suspendedUntil: row.suspended_until,
  }));

/** The configured service levels, by id. Throws `broken` naming the first row that another program filled wrongly. */
export async function readSlas(database: Queryable): Promise<readonly SlaContract[]> {
  const rows = await database.query(
    'SELECT * FROM scutum_sre.sla_contracts ORDER BY id LIMIT $1',
    [maxContracts],
    z.looseObject({ id: z.string() }),
  );
  return rows.map((row) => {
    const parsed = contractRow.safeParse(row);
    if (parsed.success) return parsed.data;
    const column = parsed.error.issues[0]?.path.join('.') ?? '';
    throw new StoreError('broken', `the SLA contract \`${visibleText(row.id)}\` has a wrong ${column}`);
  });
}

/** The service levels in our own store; each change of them is audited in its transaction. */
export function createSlaStore(database: Database, append: AppendAudit): SlaStore {
  return {
    listSlas: () => readSlas(database),
    setSla: (contract, audit) =>
      database.transaction(async (tx) => {
        await tx.query(
          `INSERT INTO scutum_sre.sla_contracts (id, scope, metric, target, window_minutes, suspended_until)
           VALUES ($1, $2::jsonb, $3, $4::numeric, $5, $6::timestamptz)
           ON CONFLICT (id) DO UPDATE SET scope = excluded.scope, metric = excluded.metric,
             target = excluded.target, window_minutes = excluded.window_minutes,
             suspended_until = excluded.suspended_until`,
          [
            contract.id,
            // jsonb cannot hold a NUL.
            JSON.stringify(visibleJson(contract.scope)),
            contract.metric,
            String(contract.target),
            contract.windowMinutes,
            contract.suspendedUntil,
          ],
        );
        await append(tx, audit);
      }),
    removeSla: (id, audit) =>
      database.transaction(async (tx) => {
        const removed = await tx.query('DELETE FROM scutum_sre.sla_contracts WHERE id = $1 RETURNING id', [
          id,
        ]);
        if (removed.length > 0) await append(tx, audit);
        return removed.length > 0;
      }),
  };
}

import { z } from 'zod';
import type { FactReader } from '../../app/ports.ts';
import { changeKey, changeSchema } from '../../core/change.ts';
import type { OriginalValues, Reading, ReadingName, Readings, WorkerHeartbeat } from '../../core/evidence.ts';
import { databaseTime } from './database-clock.ts';
import { StoreError, type Database, type Queryable } from './database.ts';
import { executionSchema } from './remediation-document.ts';

/** Executions of the last 24 h that are looked at; beyond it the original values are unknown, never guessed. */
const maxExecutions = 2_000;

const source = 'scutum_sre';

type Loaders = { readonly [N in ReadingName]?: (tx: Queryable) => Promise<Readings[N]> };

const loaders: Loaders = {
  'own.original_values': readOriginalValues,
  'own.worker': readWorker,
};

/** Facts about ourselves: what our remediations changed in the last 24 h, and who is alive to undo it. Never throws. */
export function createOwnFacts(database: Database): FactReader {
  return {
    name: source,
    provides: ['own.original_values', 'own.worker'],
    read: (name) => readOwn(database, name),
  };
}

async function readOwn<N extends ReadingName>(database: Database, name: N): Promise<Reading<Readings[N]>> {
  const load = loaders[name];
  if (load === undefined) return { status: 'unknown', reason: 'not a reading of our own store', source };
  try {
    return await database.transaction(async (tx) => {
      const value = await load(tx);
      return { status: 'known', value, source, observedAt: await databaseTime(tx) };
    });
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return { status: 'unknown', reason: error.message, source };
  }
}

const executedRow = z.object({
  changes: z.array(changeSchema),
  execution: executionSchema,
});

/** The `from` of the earliest change of each field in 24 h that is still in force or may be. */
async function readOriginalValues(tx: Queryable): Promise<OriginalValues> {
  const rows = await tx.query(
    `SELECT document->'changes' AS changes, execution FROM scutum_sre.remediations AS own
      WHERE revert_of IS NULL AND executed_at > clock_timestamp() - interval '24 hours'
        AND status IN ('executing', 'applied', 'verified', 'reverting', 'needs_human')
        AND NOT EXISTS (SELECT 1 FROM scutum_sre.remediations AS undo
                         WHERE undo.revert_of = own.id AND undo.status IN ('applied', 'verified'))
      ORDER BY executed_at, id LIMIT $1`,
    [maxExecutions + 1],
    executedRow,
  );
  if (rows.length > maxExecutions)
    throw new StoreError('broken', `more than ${maxExecutions} remediations ran in 24 h`);
  const values: Record<string, OriginalValues[string]> = {};
  for (const change of rows.flatMap(changesOfOurs)) {
    const key = changeKey(change);
    if (Object.hasOwn(values, key) || !isScalar(change.from)) continue;
    values[key] = change.from;
  }
  return values;
}

/** What we changed ourselves. A change without a receipt may have landed before its process died, so it counts. */
function changesOfOurs(row: z.infer<typeof executedRow>) {
  const foreign = new Set(
    row.execution.receipts
      .filter((receipt) => receipt.result === 'already_there' || receipt.result === 'not_applied')
      .map((receipt) => changeKey(receipt.change)),
  );
  return row.changes.filter((change) => !foreign.has(changeKey(change)));
}

function isScalar(value: unknown): value is OriginalValues[string] {
  return value === null || ['number', 'string', 'boolean'].includes(typeof value);
}

const workerRow = z.object({ heartbeat_age: z.number(), write_age: z.number().nullable() });

/** The worker that could undo something: alive in the last 15 s and with the freshest proof, else the last one heard. */
async function readWorker(tx: Queryable): Promise<WorkerHeartbeat> {
  const rows = await tx.query(
    `SELECT (1000 * extract(epoch FROM clock_timestamp() - heartbeat_at))::float8 AS heartbeat_age,
            (1000 * extract(epoch FROM clock_timestamp() - gateway_write_at))::float8 AS write_age
       FROM scutum_sre.workers
      ORDER BY heartbeat_at > clock_timestamp() - interval '15 seconds' DESC,
               gateway_write_at DESC NULLS LAST, heartbeat_at DESC LIMIT 1`,
    [],
    workerRow,
  );
  const worker = rows[0];
  return { heartbeatAgeMs: worker?.heartbeat_age ?? null, gatewayWriteAgeMs: worker?.write_age ?? null };
}

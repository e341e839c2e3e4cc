import { z } from 'zod';
import type { RemediationHistory } from '../../app/ports.ts';
import { onlyRow, type Queryable } from './database.ts';

const historyRow = z
  .object({
    attempts: z.number(),
    failed: z.boolean(),
    last_helped: z.boolean().nullable(),
    seen: z.number(),
    good: z.number(),
  })
  .transform((row): RemediationHistory => ({
    attemptsLastHour: row.attempts,
    failedLastHour: row.failed,
    lastDidNotHelp: row.last_helped === false,
    patternSeen: row.seen,
    patternGood: row.good,
  }));

// An attempt is a remediation that began to run; undoing one is not an attempt. `last_helped` is null where nothing ran
// in 24 h or the last one still runs; an outcome that nobody could tell did not help.
const historySql = `
  WITH attempt AS (
    SELECT r.* FROM scutum_sre.remediations AS r
     WHERE r.revert_of IS NULL AND r.executed_at > clock_timestamp() - interval '24 hours'
       AND EXISTS (SELECT 1 FROM scutum_sre.remediation_locks AS l
                    WHERE l.remediation_id = r.id AND l.name = ANY($1))
  ), last_hour AS (
    SELECT * FROM attempt WHERE executed_at > clock_timestamp() - interval '1 hour'
  ), pattern AS (
    SELECT status, outcome FROM scutum_sre.remediations
     WHERE pattern_key = $2 AND revert_of IS NULL AND executed_at IS NOT NULL
       AND status IN ('verified', 'reverted', 'failed', 'needs_human')
  )
  SELECT
    (SELECT count(*) FROM last_hour) AS attempts,
    EXISTS (SELECT 1 FROM last_hour WHERE status IN ('failed', 'needs_human') OR outcome = 'worse') AS failed,
    (SELECT CASE WHEN status NOT IN ('executing', 'applied') OR outcome <> 'pending' THEN outcome = 'improved' END
       FROM attempt ORDER BY executed_at DESC, id DESC LIMIT 1) AS last_helped,
    (SELECT count(*) FROM pattern) AS seen,
    (SELECT count(*) FROM pattern WHERE status IN ('verified', 'reverted') AND outcome = 'improved') AS good`;

/** Past tries of the same names and of the same pattern, by the database clock. */
export async function readHistory(
  database: Queryable,
  query: { readonly locks: readonly string[]; readonly patternKey: string },
): Promise<RemediationHistory> {
  return onlyRow(await database.query(historySql, [query.locks, query.patternKey], historyRow));
}

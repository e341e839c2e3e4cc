import type { Queryable } from './database.ts';

/** Class id of all our advisory locks (`scut`); the audit's lock 2 is taken inside `append_action`. */
const lockClass = 1_935_897_972;

const lockNumbers = { migrate: 1, propose: 3, fold: 4 } as const;

/**
 * Waits for one of our locks and holds it until the transaction ends. Order, so that nobody waits in a circle: these,
 * then the suspension row, remediation and incident rows, and the audit's own lock last.
 */
export async function takeLock(tx: Queryable, name: keyof typeof lockNumbers): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock($1::int, $2::int)', [lockClass, lockNumbers[name]]);
}

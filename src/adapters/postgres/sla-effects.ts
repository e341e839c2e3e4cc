import { z } from 'zod';
import type { EffectPort, ProbeResult, WriteResult } from '../../app/ports.ts';
import { targetId, type Change } from '../../core/change.ts';
import { StoreError, storedTime, type Database } from './database.ts';

const suspensionRow = z.object({ suspended_until: storedTime.nullable() });

/** Suspends and restores service levels of our own store; the audit row of the step is the engine's. */
export function createSlaEffects(database: Database): EffectPort {
  return {
    serves: (target) => target.startsWith('scutum:sla/'),
    unavailable: null,
    oneShot: false,
    probe: async (change) => probe(database, change),
    write: async (change) => write(database, change),
  };
}

async function probe(database: Database, change: Change): Promise<ProbeResult> {
  try {
    const rows = await database.query(
      'SELECT suspended_until FROM scutum_sre.sla_contracts WHERE id = $1',
      [targetId(change.target)],
      suspensionRow,
    );
    const row = rows[0];
    if (row === undefined)
      return { status: 'not_readable', reason: 'there is no such service level any more' };
    return { status: 'known', value: row.suspended_until };
  } catch (error) {
    if (error instanceof StoreError) return { status: 'unreachable', reason: error.message };
    throw error;
  }
}

async function write(database: Database, change: Change): Promise<WriteResult> {
  const to = change.field === 'suspended_until' && typeof change.to === 'string' ? change.to : null;
  const from = change.field === 'suspended_until' && typeof change.from === 'string' ? change.from : null;
  try {
    const rows = await database.query(
      `UPDATE scutum_sre.sla_contracts SET suspended_until = $2::timestamptz
       WHERE id = $1 AND suspended_until IS NOT DISTINCT FROM $3::timestamptz RETURNING id`,
      [targetId(change.target), to, from],
    );
    return rows.length === 1
      ? { status: 'accepted' }
      : { status: 'refused', reason: 'somebody else changed it first' };
  } catch (error) {
    if (error instanceof StoreError && error.code !== 'unreachable')
      return { status: 'refused', reason: error.message };
    if (error instanceof StoreError) return { status: 'ambiguous', reason: error.message };
    throw error;
  }
}

import type { WriteResult } from '../../app/ports.ts';
import type { Change } from '../../core/change.ts';
import { toProbeResult, toWriteResult } from './answers.ts';
import { withQuery } from './client.ts';
import { wrongValue, type AccessDeps, type FieldAccess } from './field-access.ts';
import { budgetInfoSchema, keyInfoSchema, teamInfoSchema, type LimitField } from './wire.ts';

/** Rate limits and cap of one team: only the field itself is sent, null clears it (facts/litellm.md B.6). */
export function teamLimit({ client }: AccessDeps, field: LimitField): FieldAccess {
  return {
    probe: async (id, _change, signal) =>
      toProbeResult(
        await client.get(withQuery('/team/info', { team_id: id }), signal),
        teamInfoSchema,
        (team) => team[field],
      ),
    write: async (id, change, by, signal) => {
      if (!isLimit(change.to)) return wrongLimit(change);
      const body = { team_id: id, [field]: change.to };
      return toWriteResult(await client.write({ method: 'POST', path: '/team/update', body }, by, signal));
    },
  };
}

/** Rate limits and cap of one virtual key; the id is the key's hash (B.7). */
export function keyLimit({ client }: AccessDeps, field: LimitField): FieldAccess {
  return {
    probe: async (id, _change, signal) =>
      toProbeResult(
        await client.get(withQuery('/key/info', { key: id }), signal),
        keyInfoSchema,
        (key) => key[field],
      ),
    write: async (id, change, by, signal) => {
      if (!isLimit(change.to)) return wrongLimit(change);
      const body = { key: id, [field]: change.to };
      return toWriteResult(await client.write({ method: 'POST', path: '/key/update', body }, by, signal));
    },
  };
}

/** Blocking one virtual key; the column is nullable and null means not blocked (A.2). */
export function keyBlocked({ client }: AccessDeps): FieldAccess {
  return {
    probe: async (id, _change, signal) =>
      toProbeResult(
        await client.get(withQuery('/key/info', { key: id }), signal),
        keyInfoSchema,
        (key) => key.blocked ?? false,
      ),
    write: async (id, change, by, signal) => {
      if (typeof change.to !== 'boolean') return wrongValue(change, 'true or false');
      const path = change.to ? '/key/block' : '/key/unblock';
      return toWriteResult(await client.write({ method: 'POST', path, body: { key: id } }, by, signal));
    },
  };
}

/** The cap of one budget row; an unknown id is answered with 200 and `null` (B.7). */
export function budgetCap({ client }: AccessDeps): FieldAccess {
  return {
    probe: async (id, _change, signal) =>
      toProbeResult(
        await client.ask('/budget/info', { budgets: [id] }, signal),
        budgetInfoSchema,
        (rows) => rows.find((row) => row.budget_id === id)?.max_budget,
      ),
    write: async (id, change, by, signal): Promise<WriteResult> => {
      if (!isLimit(change.to)) return wrongLimit(change);
      const body = { budget_id: id, max_budget: change.to };
      const answer = await client.write({ method: 'POST', path: '/budget/update', body }, by, signal);
      if (answer.status === 'ok' && answer.body === null)
        return { status: 'refused', reason: 'the gateway knows no budget with this id' };
      return toWriteResult(answer);
    },
  };
}

function isLimit(value: unknown): value is number | null {
  return value === null || (typeof value === 'number' && Number.isFinite(value) && value >= 0);
}

const wrongLimit = (change: Change) => wrongValue(change, 'a number from 0 or null');

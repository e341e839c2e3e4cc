import type { Change } from './change.ts';
import { targetId } from './change.ts';
import { reading, type Evidence, type ReadingName, type Readings } from './evidence.ts';
import type { JsonValue } from './json.ts';

export type LiveValue =
  | { readonly status: 'known'; readonly value: JsonValue }
  | { readonly status: 'unknown'; readonly reason: string };

/** What a change's field holds in this evidence; unknown when its reading is, or when the target is not in it. */
export function liveValue(evidence: Evidence, change: Change): LiveValue {
  const id = targetId(change.target);
  const kind = change.target.slice(0, change.target.length - id.length);
  switch (kind) {
    case 'litellm:deployment/':
      return pick(
        evidence,
        'gateway.deployments',
        (rows) => rows.find((row) => row.id === id)?.blocked ?? undefined,
      );
    case 'litellm:model_group/':
      return change.field === 'alias'
        ? pick(evidence, 'gateway.aliases', (aliases) =>
            Object.hasOwn(aliases.map, id) ? (aliases.map[id] ?? null) : null,
          )
        : { status: 'unknown', reason: 'fallback lists are not among the readings' };
    case 'litellm:team/':
      return pick(evidence, 'gateway.teams', (rows) =>
        limitOf(
          rows.find((row) => row.id === id),
          change.field,
        ),
      );
    case 'litellm:key/':
      return pick(evidence, 'gateway.keys', (rows) => {
        const key = rows.find((row) => row.id === id);
        return change.field === 'blocked' ? key?.blocked : limitOf(key, change.field);
      });
    case 'litellm:budget/':
      return pick(
        evidence,
        'gateway.organizations',
        (rows) => rows.find((row) => row.budgetId === id)?.maxBudget,
      );
    case 'litellm:guardrail/':
      return pick(evidence, 'gateway.guardrails', (rows) => rows.find((row) => row.id === id)?.defaultOn);
    case 'scutum:sla/':
      return pick(evidence, 'sla.contracts', (rows) => rows.find((row) => row.id === id)?.suspendedUntil);
    default:
      return { status: 'unknown', reason: `\`${change.target}\` is not among the readings` };
  }
}

interface Limits {
  readonly rpmLimit: number | null;
  readonly tpmLimit: number | null;
  readonly maxBudget: number | null;
}

function limitOf(row: Limits | undefined, field: string): number | null | undefined {
  if (row === undefined) return undefined;
  if (field === 'rpm_limit') return row.rpmLimit;
  return field === 'tpm_limit' ? row.tpmLimit : row.maxBudget;
}

function pick<N extends ReadingName>(
  evidence: Evidence,
  name: N,
  from: (value: Readings[N]) => JsonValue | undefined,
): LiveValue {
  const found = reading(evidence, name);
  if (found.status === 'unknown') return { status: 'unknown', reason: `${name} ${found.reason}` };
  const value = from(found.value);
  return value === undefined
    ? { status: 'unknown', reason: `the target is not in ${name}` }
    : { status: 'known', value };
}

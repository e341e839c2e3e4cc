import type { Change } from './change.ts';
import { targetId } from './change.ts';
import type { Evidence, Reading, ReadingName, Readings } from './evidence.ts';
import { reading } from './evidence.ts';

type NumericField = 'rpm_limit' | 'tpm_limit' | 'max_budget';
const fieldNames = { rpm_limit: 'rpmLimit', tpm_limit: 'tpmLimit', max_budget: 'maxBudget' } as const;

/**
 * The readings as they would be once these changes were in force, in order: a simulation, for plans of several steps
 * and for the inverse law. A reading that is unknown stays unknown; fallback lists, pages and runbook values live in no
 * reading and leave the evidence as it is.
 */
export function withChanges(evidence: Evidence, changes: readonly Change[]): Evidence {
  return changes.reduce(withChange, evidence);
}

function withChange(evidence: Evidence, change: Change): Evidence {
  const id = targetId(change.target);
  const { to } = change;
  switch (change.target.slice(0, change.target.length - id.length)) {
    case 'litellm:deployment/':
      return typeof to === 'boolean' && change.field === 'blocked'
        ? patched(evidence, 'gateway.deployments', (rows) => patchRows(rows, id, { blocked: to }))
        : evidence;
    case 'litellm:model_group/':
      return change.field === 'alias' && (to === null || typeof to === 'string')
        ? patched(evidence, 'gateway.aliases', ({ map }) => ({ map: withAlias(map, id, to) }))
        : evidence;
    case 'litellm:team/':
      return patched(evidence, 'gateway.teams', (rows) => patchRows(rows, id, numericPatch(change)));
    case 'litellm:key/':
      return typeof to === 'boolean' && change.field === 'blocked'
        ? patched(evidence, 'gateway.keys', (rows) => patchRows(rows, id, { blocked: to }))
        : patched(evidence, 'gateway.keys', (rows) => patchRows(rows, id, numericPatch(change)));
    case 'litellm:budget/':
      return patched(evidence, 'gateway.organizations', (rows) =>
        rows.map((row) => (row.budgetId === id ? { ...row, ...numericPatch(change) } : row)),
      );
    case 'litellm:guardrail/':
      return typeof to === 'boolean'
        ? patched(evidence, 'gateway.guardrails', (rows) => patchRows(rows, id, { defaultOn: to }))
        : evidence;
    case 'scutum:sla/':
      return to === null || typeof to === 'string'
        ? patched(evidence, 'sla.contracts', (rows) => patchRows(rows, id, { suspendedUntil: to }))
        : evidence;
    default:
      return evidence;
  }
}

function patched<N extends ReadingName>(
  evidence: Evidence,
  name: N,
  patch: (value: Readings[N]) => Readings[N],
): Evidence {
  const found = reading(evidence, name);
  if (found.status === 'unknown') return evidence;
  const next: Reading<Readings[N]> = { ...found, value: patch(found.value) };
  return { ...evidence, [name]: next };
}

function patchRows<Row extends { readonly id: string }>(
  rows: readonly Row[],
  id: string,
  patch: Partial<Row>,
): readonly Row[] {
  return rows.map((row) => (row.id === id ? { ...row, ...patch } : row));
}

function numericPatch({ field, to }: Change): {
  readonly rpmLimit?: number | null;
  readonly tpmLimit?: number | null;
  readonly maxBudget?: number | null;
} {
  if (!isNumericField(field) || !(to === null || typeof to === 'number')) return {};
  return { [fieldNames[field]]: to };
}

function isNumericField(field: string): field is NumericField {
  return Object.hasOwn(fieldNames, field);
}

// A computed key and `fromEntries` define own properties, so that a group called `__proto__` stays a group.
function withAlias(
  map: Readonly<Record<string, string>>,
  group: string,
  to: string | null,
): Readonly<Record<string, string>> {
  if (to !== null) return { ...map, [group]: to };
  return Object.fromEntries(Object.entries(map).filter(([name]) => name !== group));
}

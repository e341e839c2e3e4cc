import { z } from 'zod';
import type { JsonValue } from './json.ts';

/**
 * An effect as data: one field of one target, absolute, from one value to another. Closed: whatever is not in this
 * union cannot be applied. Applied only by `app/execute.ts` through the `GatewayWriter` port.
 */
export type Change =
  | FieldChange<`litellm:deployment/${string}`, 'blocked', boolean>
  | FieldChange<`litellm:model_group/${string}`, 'alias', string | null>
  | FieldChange<`litellm:model_group/${string}`, 'fallbacks', readonly string[] | null>
  | FieldChange<`litellm:team/${string}`, 'rpm_limit' | 'tpm_limit' | 'max_budget', number | null>
  | FieldChange<`litellm:key/${string}`, 'rpm_limit' | 'tpm_limit' | 'max_budget', number | null>
  | FieldChange<`litellm:key/${string}`, 'blocked', boolean>
  | FieldChange<`litellm:budget/${string}`, 'max_budget', number | null>
  | FieldChange<`litellm:guardrail/${string}`, 'default_on', boolean>
  | FieldChange<`scutum:sla/${string}`, 'suspended_until', string | null>
  | FieldChange<`pagerduty:alert/${string}`, 'page', Page | null>
  | FieldChange<`runbook:${string}`, string, JsonValue>;

export interface FieldChange<Target extends string, Field extends string, Value> {
  readonly target: Target;
  readonly field: Field;
  readonly from: Value;
  readonly to: Value;
}

export const pageSeverities = ['critical', 'error', 'warning', 'info'] as const;

export const pageSchema = z.strictObject({
  summary: z.string().min(1).max(1024),
  severity: z.enum(pageSeverities),
});
export type Page = Readonly<z.infer<typeof pageSchema>>;

const id = '[^\\u0000-\\u001f\\u007f]{1,512}';
const nullableNumber = z.number().nullable();
const fieldChange = <Target extends string, Value extends z.ZodType>(
  prefix: Target,
  fields: readonly [string, ...string[]],
  value: Value,
) =>
  z.strictObject({
    target: z.string().regex(new RegExp(`^${prefix}${id}$`, 'u')),
    field: z.enum(fields),
    from: value,
    to: value,
  });

/** Parses a stored change; anything outside the closed union is refused. */
export const changeSchema = z.union([
  fieldChange('litellm:deployment/', ['blocked'], z.boolean()),
  fieldChange('litellm:model_group/', ['alias'], z.string().nullable()),
  fieldChange('litellm:model_group/', ['fallbacks'], z.array(z.string()).max(100).nullable()),
  fieldChange('litellm:team/', ['rpm_limit', 'tpm_limit', 'max_budget'], nullableNumber),
  fieldChange('litellm:key/', ['rpm_limit', 'tpm_limit', 'max_budget'], nullableNumber),
  fieldChange('litellm:key/', ['blocked'], z.boolean()),
  fieldChange('litellm:budget/', ['max_budget'], nullableNumber),
  fieldChange('litellm:guardrail/', ['default_on'], z.boolean()),
  fieldChange('scutum:sla/', ['suspended_until'], z.string().nullable()),
  fieldChange('pagerduty:alert/', ['page'], pageSchema.nullable()),
  z.strictObject({
    target: z.string().regex(/^runbook:[a-z0-9._/-]{1,256}$/u),
    field: z.string().max(128),
    from: z.json(),
    to: z.json(),
  }),
]) as unknown as z.ZodType<Change>;

/** The same changes backwards, in reverse order: what undoes them. `invertChanges(invertChanges(c))` is `c`. */
export function invertChanges(changes: readonly Change[]): readonly Change[] {
  return changes.map((change) => ({ ...change, from: change.to, to: change.from }) as Change).reverse();
}

/** `target#field`: the identity of the value a change touches. */
export function changeKey(change: Pick<Change, 'target' | 'field'>): string {
  return `${change.target}#${change.field}`;
}

/** The part of a target after its prefix, for example the deployment id. */
export function targetId(target: string): string {
  const slash = target.indexOf('/');
  return slash < 0 ? target.slice(target.indexOf(':') + 1) : target.slice(slash + 1);
}

import type { z } from 'zod';
import type { Change } from './change.ts';
import type { Evidence, ReadingName } from './evidence.ts';
import type { FactName } from './fact.ts';
import type { Incident, IncidentKind } from './incident.ts';
import type { JsonObject } from './json.ts';
import type { Check, Severity } from './precondition.ts';
import type { Reach } from './risk/blast-radius.ts';
import type { Reversibility } from './risk/reversibility.ts';
import type { Tempo } from './tempo.ts';

export const builtInActionTypes = [
  'route.circuit_break',
  'route.fallback_swap',
  'limit.raise',
  'limit.lower',
  'key.block',
  'alert.page_oncall',
  'guardrail.disable',
  'budget.raise_cap',
  'sla.disable',
] as const;
export type BuiltInActionType = (typeof builtInActionTypes)[number];
export type ActionType = BuiltInActionType | `runbook.${string}`;

/** Everything an action may look at. No clock, no I/O: `now` is an argument (ISO 8601, UTC). */
export interface ActionContext {
  readonly evidence: Evidence;
  readonly incident: Incident | null;
  readonly now: string;
  readonly tempo: Tempo;
}

/** What the action acts on, in the gateway's own ids; decides scope membership and the target lock. */
export interface ActionSubject {
  readonly kind:
    'provider' | 'model_group' | 'team' | 'org' | 'key' | 'guardrail' | 'sla' | 'oncall' | 'runbook';
  readonly id: string;
}

export interface Precondition<Params> {
  readonly id: string;
  readonly severity: Severity;
  readonly check: (params: Params, context: ActionContext) => Check;
}

/** How and when the inverse fires. */
export type RevertRule =
  { readonly kind: 'timer'; readonly afterMinutes: number } | { readonly kind: 'on_request' };

/** The signal that must improve, read from the same facts before and after. */
export interface Expectation {
  readonly fact: FactName;
  readonly subjects: readonly string[];
  readonly better: 'higher' | 'lower';
  /** Nominal seconds before the signal may be judged. */
  readonly settleSeconds: number;
  /** Nominal seconds after which an unclear signal is `inconclusive`. */
  readonly deadlineSeconds: number;
}

export interface ActionDefinition<Params extends JsonObject = JsonObject> {
  readonly type: ActionType;
  readonly version: number;
  /** What people say this action is at its best, 0–100. */
  readonly baseline: number;
  /** The bucket at best; `auto_reverting` is downgraded when nothing alive would undo it. */
  readonly reversibility: Reversibility;
  /** One sentence for people and for the model. */
  readonly summary: string;
  readonly params: z.ZodType<Params>;
  /** Incident kinds this action may answer; anything else is outside the incident. */
  readonly kinds: readonly IncidentKind[];
  readonly readings: readonly ReadingName[];
  readonly subject: (params: Params) => ActionSubject;
  readonly preconditions: readonly Precondition<Params>[];
  /** The dry run: what would change. Empty when there is nothing to change. Never an effect. */
  readonly plan: (params: Params, context: ActionContext) => readonly Change[];
  /** Who is touched, measured from 24 h of traffic. */
  readonly reach: (params: Params, context: ActionContext) => Reach;
  readonly revert: (params: Params) => RevertRule;
  /** null: no read-back exists, accepted is final (a page). */
  readonly expectation: (params: Params, context: ActionContext) => Expectation | null;
  /** False: `worse` never triggers the automatic inverse (a tenant could move the signal to free itself). */
  readonly revertsWhenWorse: boolean;
}

/**
 * Registers an action, or throws: an action with fewer than three required preconditions, no `must` among them, or a
 * baseline outside 0–100 is a broken invariant of the library. The inverse is `invertChanges` of the plan, so every
 * registered action has one; that it restores the state is a property test.
 */
export function defineAction<Params extends JsonObject>(
  definition: ActionDefinition<Params>,
): ActionDefinition<Params> {
  const { type, preconditions, baseline } = definition;
  if (preconditions.length < 3) throw new Error(`action ${type} needs at least three required preconditions`);
  if (!preconditions.some((p) => p.severity === 'must'))
    throw new Error(`action ${type} needs a must precondition`);
  if (!(baseline >= 0 && baseline <= 100)) throw new Error(`action ${type} has a baseline outside 0 to 100`);
  if (new Set(preconditions.map((p) => p.id)).size !== preconditions.length)
    throw new Error(`action ${type} repeats a precondition id`);
  return Object.freeze(definition);
}

/** The closed library: the only way from a type name to something that can be planned. */
export interface ActionLibrary {
  readonly list: readonly ActionDefinition[];
  readonly find: (type: string) => ActionDefinition | null;
}

import type { ActionDefinition } from './action.ts';
import type { JsonObject } from './json.ts';

/**
 * The action with its params type erased, as the library lists it. Every entry point parses its params again, so
 * nothing outside the schema's bounds reaches a plan even if a caller forgot to parse; it throws zod's error instead.
 */
export function sealAction<Params extends JsonObject>(
  definition: ActionDefinition<Params>,
): ActionDefinition {
  const read = (params: JsonObject): Params => definition.params.parse(params);
  return Object.freeze<ActionDefinition>({
    type: definition.type,
    version: definition.version,
    baseline: definition.baseline,
    reversibility: definition.reversibility,
    summary: definition.summary,
    params: definition.params,
    kinds: definition.kinds,
    readings: definition.readings,
    revertsWhenWorse: definition.revertsWhenWorse,
    preconditions: definition.preconditions.map(({ id, severity, check }) => ({
      id,
      severity,
      check: (params, context) => check(read(params), context),
    })),
    subject: (params) => definition.subject(read(params)),
    plan: (params, context) => definition.plan(read(params), context),
    reach: (params, context) => definition.reach(read(params), context),
    revert: (params) => definition.revert(read(params)),
    expectation: (params, context) => definition.expectation(read(params), context),
  });
}

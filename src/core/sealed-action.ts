import type { ActionDefinition } from './action.ts';
import { withChanges } from './apply-changes.ts';
import type { Change } from './change.ts';
import { invertChanges } from './change.ts';
import type { Evidence } from './evidence.ts';
import { readingNames } from './evidence.ts';
import type { JsonObject } from './json.ts';

/**
 * The action with its params type erased, as the library lists it. Every entry point parses its params again, so
 * nothing outside the schema's bounds reaches a plan even if a caller forgot to parse; it throws zod's error instead.
 * A plan that does not start from what was read throws as well: its inverse would not give that state back.
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
    plan: (params, context) => undoable(definition.plan(read(params), context), context.evidence),
    reach: (params, context) => definition.reach(read(params), context),
    revert: (params) => definition.revert(read(params)),
    expectation: (params, context) => definition.expectation(read(params), context),
  });
}

/** Undoing what was not done yet must change nothing: then every `from` is the value that was read. */
function undoable(changes: readonly Change[], evidence: Evidence): readonly Change[] {
  const undone = withChanges(evidence, invertChanges(changes));
  const moved = readingNames.find((name) => !isSame(undone[name], evidence[name]));
  if (moved !== undefined) throw new Error(`the plan does not start from what was read in ${moved}`);
  return changes;
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

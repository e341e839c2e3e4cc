import type { ActionContext, ActionDefinition, Expectation, RevertRule } from './action.ts';
import type { Change } from './change.ts';
import { changeKey, changeSchema, invertChanges } from './change.ts';
import type { JsonObject } from './json.ts';
import { visibleText } from './plain-text.ts';
import { unknown } from './precondition.ts';
import type { Check, PreconditionResult } from './precondition.ts';
import { evaluatePredicates } from './predicate.ts';
import type { FactPredicate } from './proposal.ts';
import type { Reach } from './risk/blast-radius.ts';

/** What an action would do now, and whether it may. Pure; consumed unchanged by score, gate, digest and execution. */
export interface DryRun {
  readonly changes: readonly Change[];
  readonly inverse: readonly Change[];
  readonly preconditions: readonly PreconditionResult[];
  readonly reach: Reach;
  readonly revert: RevertRule;
  readonly expectation: Expectation | null;
  /** Names locked while the remediation is open: its subject and every changed target. */
  readonly locks: readonly string[];
}

const detailMax = 500;

/**
 * Plans an action and evaluates its required preconditions and the proposer's own, without any effect. An exception in
 * a precondition is `unknown`; one in plan, reach or expectation, or a plan outside the closed union of changes, is a
 * `must` that is `unknown`, with nothing planned. Throws zod's error when `params` do not fit the action's schema.
 */
export function dryRun(input: {
  readonly action: ActionDefinition;
  readonly params: JsonObject;
  readonly context: ActionContext;
  readonly modelPreconditions: readonly FactPredicate[];
}): DryRun {
  const { action, context } = input;
  const params = action.params.parse(input.params);
  const faults: string[] = [];
  const attempt = <Value>(what: string, run: () => Value, otherwise: (problem: string) => Value): Value => {
    try {
      return run();
    } catch (error) {
      const problem = `${what} could not be evaluated: ${messageOf(error)}`;
      faults.push(problem);
      return otherwise(problem);
    }
  };
  const changes = attempt(
    'the plan',
    () => checkedPlan(action.plan(params, context)),
    () => [],
  );
  const reach = attempt(
    'the reach',
    () => visibleReach(action.reach(params, context)),
    (reason): Reach => ({ status: 'unknown', reason }),
  );
  const expectation = attempt(
    'the expectation',
    () => action.expectation(params, context),
    () => null,
  );
  return {
    changes,
    inverse: invertChanges(changes),
    preconditions: [
      ...requiredResults(action, params, context),
      ...faults.map(faultResult),
      ...evaluatePredicates(input.modelPreconditions, context.evidence, 'model'),
    ],
    reach,
    revert: action.revert(params),
    expectation,
    locks: locksOf(action, params, changes),
  };
}

function requiredResults(
  action: ActionDefinition,
  params: JsonObject,
  context: ActionContext,
): readonly PreconditionResult[] {
  return action.preconditions.map(({ id, severity, check }) => {
    const result = guarded(() => check(params, context));
    const detail = visibleText(result.detail, { maxLength: detailMax });
    return { id, source: 'required', severity, holds: result.holds, detail };
  });
}

function guarded(check: () => Check): Check {
  try {
    return check();
  } catch (error) {
    return unknown(`could not be evaluated: ${messageOf(error)}`);
  }
}

function faultResult(problem: string, index: number): PreconditionResult {
  return {
    id: index === 0 ? 'action.evaluated' : `action.evaluated_${index + 1}`,
    source: 'required',
    severity: 'must',
    holds: 'unknown',
    detail: visibleText(problem, { maxLength: detailMax }),
  };
}

/** Each value changes once, really, and within the closed union; anything else is a defect of the action. */
function checkedPlan(planned: readonly Change[]): readonly Change[] {
  const seen = new Set<string>();
  for (const change of planned) {
    const key = changeKey(change);
    if (!changeSchema.safeParse(change).success)
      throw new Error(`\`${key}\` is not a change that can be applied`);
    if (seen.has(key)) throw new Error(`\`${key}\` would be changed twice`);
    if (JSON.stringify(change.from) === JSON.stringify(change.to))
      throw new Error(`\`${key}\` would not change`);
    seen.add(key);
  }
  return planned;
}

/** A page occupies nobody: its alert is locked, on-call as such is not. */
function locksOf(
  action: ActionDefinition,
  params: JsonObject,
  changes: readonly Change[],
): readonly string[] {
  const { kind, id } = action.subject(params);
  const own = kind === 'oncall' ? [] : [`${kind}/${id}`];
  return [...new Set([...own, ...changes.map((change) => change.target)])].sort();
}

function visibleReach(reach: Reach): Reach {
  switch (reach.status) {
    case 'known':
      return {
        status: 'known',
        kinds: reach.kinds.map((kind) => ({ ...kind, names: kind.names.map((name) => visibleText(name)) })),
      };
    case 'unknown':
      return { status: 'unknown', reason: visibleText(reach.reason, { maxLength: detailMax }) };
    case 'none':
      return reach;
    default:
      return reach satisfies never;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

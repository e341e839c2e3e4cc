import { defineAction } from '../../core/action.ts';
import type { ActionDefinition, ActionType, Precondition } from '../../core/action.ts';
import { canonicalJson } from '../../core/audit/canonical-json.ts';
import type { Change } from '../../core/change.ts';
import type { JsonObject } from '../../core/json.ts';
import { holds, unknown } from '../../core/precondition.ts';
import type { Check } from '../../core/precondition.ts';
import type { LoadedRunbook, RunbookObservation, RunbookValue } from './runbook-dry-run.ts';
import { pinDigest } from './runbook-lock.ts';
import type { Attempt } from './runbook-lock.ts';
import { runbookParamsSchema } from './runbook-manifest.ts';

/** A dry run of the script, bound to the params it was run with. */
export interface PreparedRun {
  readonly params: JsonObject;
  readonly observation: Attempt<RunbookObservation>;
}

/**
 * The applied side of a runbook change: the new value with what is needed to set it. `pin` covers manifest
 * and scripts, so that the digest of an approval binds the very bytes that will run. The other side is the plain prior value.
 */
export interface AppliedValue {
  readonly value: RunbookValue;
  readonly params: JsonObject;
  readonly pin: string;
}

/**
 * A runbook as an action. `plan` and preconditions are pure: they report what `prepared` observed, and without an
 * observation for exactly these params every precondition is unknown and nothing is planned. Whom the scripts touch
 * cannot be measured from traffic, so the reach is unknown (blast radius 100) and a person is always asked.
 */
export function defineRunbook(runbook: LoadedRunbook, prepared: PreparedRun | null): ActionDefinition {
  const { manifest, pin } = runbook;
  const observe = (params: JsonObject) => observationFor(prepared, params);
  return defineAction<JsonObject>({
    type: runbookType(manifest.name),
    version: manifest.version,
    baseline: manifest.baseline,
    reversibility: manifest.reversibility,
    summary: manifest.summary,
    params: runbookParamsSchema(manifest),
    kinds: manifest.kinds,
    readings: [],
    subject: () => ({ kind: 'runbook', id: manifest.name }),
    preconditions: [
      dryRunAnswered(observe),
      ...manifest.preconditions.map((item) => reported(item, observe)),
    ],
    plan: (params) => {
      const observation = observe(params);
      return observation.ok ? plannedChanges(observation.value, { params, pin: pinDigest(pin) }) : [];
    },
    reach: () => ({ status: 'unknown', reason: 'what a runbook touches is not measured from traffic' }),
    revert: () => ({ kind: 'on_request' }),
    expectation: () => null,
    revertsWhenWorse: false,
  });
}

/** `runbook.<name>`. */
export function runbookType(name: string): ActionType {
  return `runbook.${name}`;
}

type Observe = (params: JsonObject) => Attempt<RunbookObservation>;

function observationFor(prepared: PreparedRun | null, params: JsonObject): Attempt<RunbookObservation> {
  if (prepared === null) return { ok: false, problem: 'the dry run of the runbook was not run' };
  if (canonicalJson(prepared.params) !== canonicalJson(params))
    return { ok: false, problem: 'the dry run of the runbook was run with other params' };
  return prepared.observation;
}

function dryRunAnswered(observe: Observe): Precondition<JsonObject> {
  return {
    id: 'runbook.dry_run_answered',
    severity: 'must',
    check: (params) => {
      const observation = observe(params);
      return observation.ok ? holds('the pinned dry run answered') : unknown(observation.problem);
    },
  };
}

function reported(
  item: LoadedRunbook['manifest']['preconditions'][number],
  observe: Observe,
): Precondition<JsonObject> {
  const check = (params: JsonObject): Check => {
    const observation = observe(params);
    if (!observation.ok) return unknown(observation.problem);
    return observation.value.checks.get(item.id) ?? unknown('the dry run did not report it');
  };
  return { id: `runbook.${item.id}`, severity: item.severity, check };
}

function plannedChanges(
  observation: RunbookObservation,
  run: { readonly params: JsonObject; readonly pin: string },
): readonly Change[] {
  return observation.changes
    .filter((change) => change.from !== change.to)
    .map(({ target, field, from, to }) => ({ target, field, from, to: { value: to, ...run } }));
}

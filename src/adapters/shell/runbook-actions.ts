import type { EffectPort, Warning } from '../../app/ports.ts';
import type { ActionDefinition } from '../../core/action.ts';
import type { JsonObject } from '../../core/json.ts';
import { visibleText } from '../../core/plain-text.ts';
import { defineRunbook, runbookType } from './runbook-definition.ts';
import { observeRunbook } from './runbook-dry-run.ts';
import type { LoadedRunbook } from './runbook-dry-run.ts';
import { createRunbookEffects } from './runbook-effects.ts';
import type { Attempt, RunbookPin } from './runbook-lock.ts';
import {
  listRunbookNames,
  readManifest,
  readPinnedScript,
  readRunbookLock,
  scriptRoles,
} from './runbook-lock.ts';

/** The dry run as a whole (design.md §2.2), in ms. */
const dryRunDeadlineMs = 5_000;

export interface Runbooks {
  /** Definitions that plan nothing yet: their preconditions are unknown until `prepare` ran the dry run. */
  readonly actions: readonly ActionDefinition[];
  readonly effects: EffectPort;
  /** Runbooks that were refused, each with its reason. */
  readonly problems: readonly Warning[];
  /**
   * Runs the dry-run script (at most 5 s) and returns the action bound to what it reported; any other action returns as
   * it is. To be awaited before every pure dry run, at execution too. Never throws: a failure becomes unknown verdicts.
   */
  readonly prepare: (action: ActionDefinition, params: JsonObject) => Promise<ActionDefinition>;
}

/** Loads the pinned runbooks of a directory. One that is not pinned, changed, incomplete or invalid is refused. */
export async function loadRunbooks(options: { readonly directory: string }): Promise<Runbooks> {
  const listed = await listRunbookNames(options.directory);
  const lock = await readRunbookLock(options.directory);
  if (!listed.ok) return runbooksOf([], [listed.problem]);
  if (!lock.ok) return runbooksOf([], [lock.problem]);
  const { names, cut } = listed.value;
  const loaded: LoadedRunbook[] = [];
  const problems = cut > 0 ? [`${cut} folders beyond the first ${names.length} were not read`] : [];
  for (const name of new Set([...names, ...lock.value.keys()])) {
    const runbook = await loadOne(options.directory, name, lock.value.get(name));
    if (runbook.ok) loaded.push(runbook.value);
    else problems.push(`runbook \`${name}\` is refused: ${runbook.problem}`);
  }
  return runbooksOf(loaded, problems);
}

async function loadOne(
  directory: string,
  name: string,
  pin: RunbookPin | undefined,
): Promise<Attempt<LoadedRunbook>> {
  const read = await readManifest(directory, name);
  if (!read.ok) return read;
  if (pin === undefined) return { ok: false, problem: 'it is not pinned; run `scutum-sre actions pin`' };
  const { manifest, digest } = read.value;
  if (digest !== pin.manifest)
    return {
      ok: false,
      problem: `its manifest was changed after it was pinned: expected ${pin.manifest}, found ${digest}`,
    };
  for (const role of scriptRoles) {
    const script = await readPinnedScript({ directory, manifest, pin, role });
    if (!script.ok) return script;
  }
  return { ok: true, value: { directory, manifest, pin } };
}

function runbooksOf(loaded: readonly LoadedRunbook[], problems: readonly string[]): Runbooks {
  return {
    actions: loaded.map((runbook) => defineRunbook(runbook, null)),
    effects: createRunbookEffects(loaded),
    problems: problems.map((detail) => ({ code: 'runbook_refused', detail: visibleText(detail) })),
    prepare: async (action, params) => {
      const runbook = loaded.find(({ manifest }) => runbookType(manifest.name) === action.type);
      if (runbook === undefined) return action;
      const signal = AbortSignal.timeout(dryRunDeadlineMs);
      const observation = await observeRunbook(runbook, params, signal);
      return defineRunbook(runbook, { params, observation });
    },
  };
}

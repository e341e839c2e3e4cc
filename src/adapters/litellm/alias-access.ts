import type { ProbeResult, WriteResult } from '../../app/ports.ts';
import type { Change } from '../../core/change.ts';
import type { JsonObject } from '../../core/json.ts';
import { describeFailure, failedProbe, toWriteResult } from './answers.ts';
import { wrongValue, type AccessDeps, type FieldAccess } from './field-access.ts';
import { readRouterSettings, withAlias, type RouterSettings } from './router-settings.ts';

/** One key of `model_group_alias`: read, change, write whole (facts/litellm.md B.4). */
export function modelGroupAlias(deps: AccessDeps): FieldAccess {
  return {
    probe: async (group, _change, signal): Promise<ProbeResult> => {
      const read = await readRouterSettings(deps.client, signal);
      if (read.status === 'failed') return failedProbe(read.answer);
      return { status: 'known', value: aliasOf(read.settings, group) };
    },
    write: async (group, change, by, signal) => {
      const to = change.to;
      if (to !== null && typeof to !== 'string')
        return wrongValue(change, 'the name of a model group or null');
      return deps.oneAtATime(() => writeAlias({ group, to, change, by }, deps, signal));
    },
  };
}

async function writeAlias(
  wanted: {
    readonly group: string;
    readonly to: string | null;
    readonly change: Change;
    readonly by: { readonly operator: string };
  },
  deps: AccessDeps,
  signal: AbortSignal,
): Promise<WriteResult> {
  const read = await readRouterSettings(deps.client, signal);
  if (read.status === 'failed')
    return { status: 'refused', reason: `not sent: ${describeFailure(read.answer)}` };
  const live = aliasOf(read.settings, wanted.group);
  if (live === wanted.to) return { status: 'accepted' };
  if (live !== wanted.change.from)
    return { status: 'refused', reason: `not sent: the alias is now ${JSON.stringify(live)}` };
  if (aliasEntry(read.settings, wanted.group)?.hidden === true)
    return { status: 'refused', reason: 'not sent: the alias is hidden, which could not be put back' };
  const base = await settingsToSend(read.settings, deps, signal);
  const body = { router_settings: withAlias(base, wanted.group, wanted.to) };
  return toWriteResult(
    await deps.client.write({ method: 'POST', path: '/config/update', body }, wanted.by, signal),
  );
}

/**
 * The values in force, of those names that are stored already: what comes from YAML alone is not copied into the
 * database, where it would hide later edits of the YAML. Where the stored names cannot be told, everything in force:
 * a release that replaces the row would lose what is left out (facts/litellm.md B.4).
 */
async function settingsToSend(
  effective: RouterSettings,
  deps: AccessDeps,
  signal: AbortSignal,
): Promise<JsonObject> {
  const stored = await deps.storedRouterSettings(signal).catch(() => null);
  if (stored === null) return effective.all;
  const kept = Object.entries(effective.all).filter(
    ([name]) => name === 'model_group_alias' || Object.hasOwn(stored, name),
  );
  return Object.fromEntries(kept);
}

const aliasEntry = (settings: RouterSettings, group: string) =>
  Object.hasOwn(settings.aliases, group) ? settings.aliases[group] : undefined;
const aliasOf = (settings: RouterSettings, group: string) => aliasEntry(settings, group)?.model ?? null;

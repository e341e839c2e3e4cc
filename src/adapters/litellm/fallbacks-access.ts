import type { ProbeResult } from '../../app/ports.ts';
import { failedProbe, toWriteResult } from './answers.ts';
import { withQuery } from './client.ts';
import { wrongValue, type AccessDeps, type FieldAccess } from './field-access.ts';
import { readRouterSettings } from './router-settings.ts';

/**
 * The general fallback list of one model group. Read from the raw list: GET /fallback also answers with the `*` entry
 * of another group (facts/litellm.md B.4). An empty list and null both mean that the group has none of its own.
 */
export function modelGroupFallbacks(deps: AccessDeps): FieldAccess {
  return {
    probe: async (group, _change, signal): Promise<ProbeResult> => {
      const read = await readRouterSettings(deps.client, signal);
      if (read.status === 'failed') return failedProbe(read.answer);
      return { status: 'known', value: read.settings.fallbacks.get(group) ?? null };
    },
    write: async (group, change, by, signal) => {
      const { to } = change;
      if (to !== null && !isNameList(to)) return wrongValue(change, 'a list of model groups or null');
      const call =
        to === null || to.length === 0
          ? ({
              method: 'DELETE',
              path: withQuery(`/fallback/${encodeURIComponent(group)}`, { fallback_type: 'general' }),
            } as const)
          : ({
              method: 'POST',
              path: '/fallback',
              body: { model: group, fallback_models: to, fallback_type: 'general' },
            } as const);
      return deps.oneAtATime(async () => toWriteResult(await deps.client.write(call, by, signal)));
    },
  };
}

function isNameList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

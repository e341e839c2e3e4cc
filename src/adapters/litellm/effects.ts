import type { EffectPort } from '../../app/ports.ts';
import { targetId, type Change } from '../../core/change.ts';
import { modelGroupAlias } from './alias-access.ts';
import { deploymentBlocked } from './deployment-access.ts';
import { modelGroupFallbacks } from './fallbacks-access.ts';
import type { AccessDeps, FieldAccess } from './field-access.ts';
import { guardrailDefaultOn } from './guardrail-access.ts';
import { budgetCap, keyBlocked, keyLimit, teamLimit } from './limit-access.ts';

/** Applies and reads back every change whose target starts with `litellm:`, through the admin API alone. */
export function createLitellmEffects(deps: AccessDeps & { readonly showsWithinMs: number }): EffectPort {
  const fields = fieldTable(deps);
  const accessTo = (change: Change) => fields.get(`${resourceOf(change.target)}#${change.field}`);
  return {
    serves: (target) => target.startsWith('litellm:'),
    unavailable: null,
    oneShot: false,
    showsWithinMs: deps.showsWithinMs,
    probe: async (change, signal) => {
      const access = accessTo(change);
      if (access === undefined) return { status: 'not_readable', reason: unknownField(change) };
      return access.probe(targetId(change.target), change, signal);
    },
    write: async (change, by, signal) => {
      const access = accessTo(change);
      if (access === undefined) return { status: 'refused', reason: unknownField(change) };
      return access.write(targetId(change.target), change, by, signal);
    },
  };
}

function fieldTable(deps: AccessDeps): ReadonlyMap<string, FieldAccess> {
  return new Map([
    ['deployment#blocked', deploymentBlocked(deps)],
    ['model_group#alias', modelGroupAlias(deps)],
    ['model_group#fallbacks', modelGroupFallbacks(deps)],
    ['team#rpm_limit', teamLimit(deps, 'rpm_limit')],
    ['team#tpm_limit', teamLimit(deps, 'tpm_limit')],
    ['team#max_budget', teamLimit(deps, 'max_budget')],
    ['key#rpm_limit', keyLimit(deps, 'rpm_limit')],
    ['key#tpm_limit', keyLimit(deps, 'tpm_limit')],
    ['key#max_budget', keyLimit(deps, 'max_budget')],
    ['key#blocked', keyBlocked(deps)],
    ['budget#max_budget', budgetCap(deps)],
    ['guardrail#default_on', guardrailDefaultOn(deps)],
  ]);
}

/** `litellm:team/x` is of resource `team`. */
function resourceOf(target: string): string {
  return /^litellm:([a-z_]+)\//u.exec(target)?.[1] ?? '';
}

function unknownField(change: Change): string {
  return `the gateway has no \`${change.field}\` of \`${change.target}\` that can be changed`;
}

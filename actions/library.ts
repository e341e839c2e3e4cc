import type { ActionDefinition, ActionLibrary } from '../src/core/action.ts';
import { sealAction } from '../src/core/sealed-action.ts';
import { alertPageOncall } from './alert.page_oncall.ts';
import { budgetRaiseCap } from './budget.raise_cap.ts';
import { guardrailDisable } from './guardrail.disable.ts';
import { keyBlock } from './key.block.ts';
import { limitLower } from './limit.lower.ts';
import { limitRaise } from './limit.raise.ts';
import { routeCircuitBreak } from './route.circuit_break.ts';
import { routeFallbackSwap } from './route.fallback_swap.ts';
import { slaDisable } from './sla.disable.ts';

const builtIn: readonly ActionDefinition[] = [
  sealAction(routeCircuitBreak),
  sealAction(routeFallbackSwap),
  sealAction(limitRaise),
  sealAction(limitLower),
  sealAction(keyBlock),
  sealAction(alertPageOncall),
  sealAction(guardrailDisable),
  sealAction(budgetRaiseCap),
  sealAction(slaDisable),
];

/** The closed library, written out by hand: nothing is discovered by scanning. */
export const actionLibrary: ActionLibrary = libraryWith([]);

/**
 * The library and these runbook actions. Throws when one of them is not called `runbook.…` or repeats a type: an
 * extension adds, it never replaces.
 */
export function libraryWith(extra: readonly ActionDefinition[]): ActionLibrary {
  const byType = new Map<string, ActionDefinition>(builtIn.map((action) => [action.type, action]));
  for (const action of extra) {
    if (!action.type.startsWith('runbook.'))
      throw new Error(`\`${action.type}\` is not a runbook action: only those extend the library`);
    if (byType.has(action.type)) throw new Error(`action \`${action.type}\` is there twice`);
    byType.set(action.type, action);
  }
  return Object.freeze<ActionLibrary>({
    list: Object.freeze([...byType.values()]),
    find: (type) => byType.get(type) ?? null,
  });
}

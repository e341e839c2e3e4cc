import { detected, type Observation } from './detection.ts';
import type { Signal } from './incident.ts';

/** One team or organization with its spend and limits in USD; null = no such limit. */
export interface BudgetState {
  readonly kind: 'team' | 'org';
  readonly id: string;
  readonly alias: string | null;
  readonly spend: number;
  readonly maxBudget: number | null;
  readonly softBudget: number | null;
}

/** `budget.exceeded` for each that reached its hard budget (spend ≥ max) or its soft one. */
export function detectReachedBudgets(
  states: readonly BudgetState[],
  observation: Observation,
): readonly Signal[] {
  return states.flatMap((state) => {
    const reached = reachedLimit(state);
    if (reached === null) return [];
    const { kind, id, spend, maxBudget, softBudget } = state;
    return [
      detected(observation, {
        kind: 'budget.exceeded',
        scope: { [kind]: id },
        summary: `${nameOf(state)}: spent ${usd(spend)} of ${usd(reached.limit)} USD, ${reached.which} budget reached`,
        payload: { [kind]: id, alias: state.alias, reached: reached.which, spend, maxBudget, softBudget },
      }),
    ];
  });
}

/** What is left of a hard budget, in USD, as the gateway's own gauge reports it. */
export interface RemainingBudget {
  readonly kind: 'team' | 'org';
  readonly id: string;
  readonly alias: string | null;
  readonly remaining: number;
}

/** `budget.exceeded` for each whose remaining hard budget is zero or less. */
export function detectSpentBudgets(
  budgets: readonly RemainingBudget[],
  observation: Observation,
): readonly Signal[] {
  return budgets
    .filter((budget) => budget.remaining <= 0)
    .map((budget) =>
      detected(observation, {
        kind: 'budget.exceeded',
        scope: { [budget.kind]: budget.id },
        summary: `${nameOf(budget)}: ${usd(budget.remaining)} USD of the hard budget left`,
        payload: {
          [budget.kind]: budget.id,
          alias: budget.alias,
          reached: 'hard',
          remaining: budget.remaining,
        },
      }),
    );
}

function reachedLimit(
  state: BudgetState,
): { readonly which: 'hard' | 'soft'; readonly limit: number } | null {
  const { spend, maxBudget, softBudget } = state;
  if (maxBudget !== null && spend >= maxBudget) return { which: 'hard', limit: maxBudget };
  if (softBudget !== null && spend >= softBudget) return { which: 'soft', limit: softBudget };
  return null;
}

function nameOf(state: {
  readonly kind: 'team' | 'org';
  readonly id: string;
  readonly alias: string | null;
}): string {
  const word = state.kind === 'team' ? 'team' : 'organization';
  return state.alias === null || state.alias === state.id
    ? `${word} ${state.id}`
    : `${word} ${state.alias} (${state.id})`;
}

const usd = (amount: number) => amount.toFixed(2);

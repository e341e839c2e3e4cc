import { z } from 'zod';
import type { JsonObject } from '../core/json.ts';
import { detailError, ok, withBody } from './admin-reply.ts';
import type { SimulatedBudget } from './world.ts';

/** POST /budget/info: the rows that exist among those asked for (facts/litellm.md B.7). */
export const budgetInfo = withBody(z.object({ budgets: z.array(z.string()) }), ({ budgets }, { state }) => {
  if (budgets.length === 0) return detailError(400, { error: "Specify list of budget id's to query" });
  const found = budgets.flatMap((id) => state.budgets.get(id) ?? []);
  return ok(found.map(budgetRow));
});

/** POST /budget/update: an unknown id is answered with 200 and null. */
export const updateBudget = withBody(
  z.object({ budget_id: z.string(), max_budget: z.number().nullable().optional() }),
  ({ budget_id: id, max_budget: maxBudget }, { state, store }) => {
    const budget = state.budgets.get(id);
    if (budget === undefined) return ok(null);
    const next = maxBudget === undefined ? budget : { ...budget, maxBudget };
    return ok(budgetRow(next), async () => {
      await store.saveBudget(next);
      state.budgets.set(id, next);
    });
  },
);

function budgetRow(budget: SimulatedBudget): JsonObject {
  return {
    budget_id: budget.id,
    max_budget: budget.maxBudget,
    soft_budget: budget.softBudget,
    tpm_limit: null,
    rpm_limit: null,
    budget_duration: null,
    budget_reset_at: null,
  };
}

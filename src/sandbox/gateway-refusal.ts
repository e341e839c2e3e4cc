import type { GatewayState } from './gateway-state.ts';
import type { Arrival, ErrorInformation } from './request-outcome.ts';
import type { UsageMeter } from './usage-meter.ts';
import { organization } from './world.ts';

/** Why the gateway itself turns a request away before any provider is asked; null when it lets it through. */
export function gatewayRefusal(
  { key, team, atMs }: Arrival,
  state: GatewayState,
  usage: UsageMeter,
): ErrorInformation | null {
  if (key.blocked === true) return refusal('401', 'ProxyException', 'Authentication Error, Key is blocked.');
  if (team.blocked)
    return refusal('401', 'ProxyException', `Authentication Error, Team=${team.id} is blocked.`);
  const budget = reachedBudget({ key, team }, state);
  if (budget !== null) return refusal('429', 'BudgetExceededError', `Budget has been exceeded! ${budget}`);
  for (const [kind, id, limits] of [
    ['team', team.id, team],
    ['api_key', key.token, key],
  ] as const) {
    const reached = usage.exceeded(id, limits, atMs);
    if (reached !== null)
      return refusal(
        '429',
        'HTTPException',
        `Rate limit exceeded for ${kind}: ${id}. Limit type: ${reached}. Current limit: ${
          reached === 'requests' ? limits.rpmLimit : limits.tpmLimit
        }, Remaining: 0.`,
      );
  }
  return null;
}

function reachedBudget({ key, team }: Pick<Arrival, 'key' | 'team'>, state: GatewayState): string | null {
  const over = (spend: number, max: number | null) => max !== null && spend >= max;
  if (over(key.spend, key.maxBudget)) return `Key=${key.alias} over its max budget`;
  if (over(team.spend, team.maxBudget)) return `Team=${team.id} over its max budget`;
  const cap = state.budgets.get(organization.budgetId)?.maxBudget ?? null;
  return over(state.organizationSpend, cap) ? `Organization=${organization.id} over its max budget` : null;
}

function refusal(code: string, name: string, message: string): ErrorInformation {
  return { error_code: code, error_class: name, llm_provider: '', error_message: message, traceback: '' };
}

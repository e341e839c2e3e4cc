import type { Evidence } from './evidence.ts';
import type { FactName, FactUnit, FactValue } from './fact.ts';
import { readFact } from './fact.ts';
import { visibleText } from './plain-text.ts';
import { fails, holds, unknown } from './precondition.ts';
import type { Check, PreconditionResult, PreconditionSource } from './precondition.ts';
import type { FactPredicate } from './proposal.ts';

/** More predicates than this are not evaluated; the cut itself is an `unknown` result. */
export const predicatesMax = 20;

/**
 * Somebody's own preconditions against the evidence, each once, severity `should`. They can only add doubt: an unknown
 * fact is `unknown`, and a predicate that no state of the gateway could make false is `unknown` too, so that padding
 * proves nothing.
 */
export function evaluatePredicates(
  predicates: readonly FactPredicate[],
  evidence: Evidence,
  source: Exclude<PreconditionSource, 'required'>,
): readonly PreconditionResult[] {
  const unique = [...new Map(predicates.map((one) => [JSON.stringify(keyOf(one)), one])).values()];
  const results = unique.slice(0, predicatesMax).map((one): PreconditionResult => {
    const { holds: verdict, detail } = evaluate(one, evidence);
    return { id: predicateId(one), source, severity: 'should', holds: verdict, detail: visibleText(detail) };
  });
  if (unique.length <= predicatesMax) return results;
  return [
    ...results,
    {
      id: `${source}.predicates_cut`,
      source,
      severity: 'should',
      holds: 'unknown',
      detail: `${unique.length} were given; only the first ${predicatesMax} were evaluated`,
    },
  ];
}

/** `provider.error_rate[anthropic] gte 25`. */
export function predicateId({ fact, subject, operator, value }: FactPredicate): string {
  return visibleText(`${fact}[${subject}] ${operator} ${JSON.stringify(value)}`, { maxLength: 300 });
}

const keyOf = ({ fact, subject, operator, value }: FactPredicate) => [fact, subject, operator, value];

function evaluate(predicate: FactPredicate, evidence: Evidence): Check {
  const fact = readFact(evidence, predicate.fact, predicate.subject);
  if (fact.status === 'unknown') return unknown(fact.reason);
  if (!isComparable(fact.value)) return unknown('the fact has no comparable value');
  if (cannotBeFalse(predicate, fact.unit))
    return unknown('no state could make this false, so it proves nothing');
  const seen = `observed ${JSON.stringify(fact.value)} (${fact.source}, ${fact.observedAt})`;
  const result = compare(fact.value, predicate);
  if (result === null)
    return unknown(`${seen}: not to be ordered against ${JSON.stringify(predicate.value)}`);
  return result ? holds(seen) : fails(seen);
}

function isComparable(value: unknown): value is FactValue {
  if (typeof value === 'number') return Number.isFinite(value);
  return value === null || typeof value === 'boolean' || typeof value === 'string';
}

function compare(observed: FactValue, { operator, value }: FactPredicate): boolean | null {
  if (operator === 'eq') return observed === value;
  if (operator === 'neq') return observed !== value;
  if (typeof observed !== 'number' || typeof value !== 'number') return null;
  switch (operator) {
    case 'lt':
      return observed < value;
    case 'lte':
      return observed <= value;
    case 'gt':
      return observed > value;
    case 'gte':
      return observed >= value;
    default:
      return operator satisfies never;
  }
}

/** The largest value of a unit that a gateway could show; the least is 0. */
const unitMax: { readonly [U in Exclude<FactUnit, 'flag' | 'name'>]: number } = {
  percent: 100,
  count: 1e12,
  ms: 1e9,
  ratio: 1e9,
  usd: 1e12,
  per_minute: 1e12,
};

/** Limits and caps, where null stands for none. */
const nullable: ReadonlySet<FactName> = new Set<FactName>([
  'model_group.alias',
  'team.max_budget',
  'team.rpm_limit',
  'team.tpm_limit',
  'key.max_budget',
  'key.rpm_limit',
  'key.tpm_limit',
  'org.max_budget',
]);

function cannotBeFalse({ fact, operator, value }: FactPredicate, unit: FactUnit): boolean {
  if (operator === 'eq') return false;
  if (operator === 'neq') return !isPossible(value, unit, nullable.has(fact));
  if (typeof value !== 'number' || unit === 'flag' || unit === 'name') return false;
  const max = unitMax[unit];
  switch (operator) {
    case 'gte':
      return value <= 0;
    case 'gt':
      return value < 0;
    case 'lte':
      return value >= max;
    case 'lt':
      return value > max;
    default:
      return operator satisfies never;
  }
}

/** Whether a fact of this unit could ever have this value. */
function isPossible(value: FactValue, unit: FactUnit, mayBeNull: boolean): boolean {
  if (value === null) return mayBeNull;
  if (unit === 'flag') return typeof value === 'boolean';
  if (unit === 'name') return typeof value === 'string' && value !== '';
  if (typeof value !== 'number' || !(value >= 0 && value <= unitMax[unit])) return false;
  return unit !== 'count' || Number.isInteger(value);
}

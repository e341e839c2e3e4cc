import type { PreconditionResult } from '../precondition.ts';

/** Share of preconditions that do not hold now, with the counts it comes from. */
export interface StateValidity {
  /** 0–100; 0 = all hold. */
  readonly value: number;
  readonly failed: number;
  readonly total: number;
}

/**
 * V of design.md §2.4: failed or unknown over all, in per cent, over the required set alone and over the union of
 * required, model's and auditor's, whichever is larger. So padding with true statements cannot bring it under what
 * the required set says. Counts are those of the set that decides. Without any required result V is 100.
 */
export function stateValidity(results: readonly PreconditionResult[]): StateValidity {
  const required = share(results.filter((result) => result.source === 'required'));
  const union = share(results);
  return required.value > union.value ? required : union;
}

function share(results: readonly PreconditionResult[]): StateValidity {
  const failed = results.filter((result) => result.holds !== 'holds').length;
  const total = results.length;
  return { value: total === 0 ? 100 : (100 * failed) / total, failed, total };
}

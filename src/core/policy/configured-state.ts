/**
 * Something an operator may configure. What is not configured does not apply; what is configured and cannot be read
 * counts as if it held.
 */
export type ConfiguredState =
  | { readonly state: 'not_configured' }
  | { readonly state: 'clear' }
  | { readonly state: 'holds'; readonly detail: string }
  | { readonly state: 'unknown'; readonly reason: string };

/** What is left of the error budget of the service level that covers the target, in per cent; may be negative. */
export type ErrorBudget =
  | { readonly state: 'not_configured' }
  | { readonly state: 'known'; readonly remainingPercent: number }
  | { readonly state: 'unknown'; readonly reason: string };

/** Whether the policy may be relied on. `unsigned` only counts once signers are pinned; the caller decides that. */
export type PolicyState =
  | { readonly state: 'in_force' }
  | { readonly state: 'unsigned' | 'lapsed' | 'invalid'; readonly detail: string };

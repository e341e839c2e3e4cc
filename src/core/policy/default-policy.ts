import { createHash } from 'node:crypto';
import { canonicalJson } from '../audit/canonical-json.ts';

/** The escalation policy as values: the bounds of design.md §2.5 and the table of §2.6. */
export type Policy = {
  readonly name: string;
  readonly revision: number;
  /** 0–1: at least `autonomous` for levels 3 and 4, at least `supervised` for 2. */
  readonly confidence: { readonly autonomous: number; readonly supervised: number };
  /** Closed occurrences for level 4 and level 3, and the share of them that must have ended well. */
  readonly patternSeen: {
    readonly autonomous: number;
    readonly conditional: number;
    readonly goodSharePercent: number;
  };
  /** B at most, 0–100, for levels 3 and 4. */
  readonly blastRadiusMax: number;
  /** More than `autonomous` per cent left for levels 3 and 4, more than `supervised` for 2. */
  readonly errorBudgetPercent: { readonly autonomous: number; readonly supervised: number };
  /** A qualification for level 4 lapses after this many days. */
  readonly qualificationDaysMax: number;
  /** So many attempts on one target within an hour stop further ones from running by themselves. */
  readonly attemptsPerHourMax: number;
};

/** In force where no policy document is configured. Its only change is a new revision in this file. */
export const defaultPolicy: Policy = deepFreeze({
  name: 'built-in',
  revision: 1,
  confidence: { autonomous: 0.85, supervised: 0.6 },
  patternSeen: { autonomous: 10, conditional: 3, goodSharePercent: 80 },
  blastRadiusMax: 20,
  errorBudgetPercent: { autonomous: 75, supervised: 25 },
  qualificationDaysMax: 90,
  attemptsPerHourMax: 2,
});

/** `sha256:<hex>` over the canonical JSON of the policy: kept in every record and bound into every digest. */
export function policyHash(policy: Policy): string {
  return `sha256:${createHash('sha256').update(canonicalJson(policy), 'utf8').digest('hex')}`;
}

function deepFreeze(policy: Policy): Policy {
  for (const part of Object.values(policy)) Object.freeze(part);
  return Object.freeze(policy);
}

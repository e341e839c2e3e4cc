import type { Evidence } from './evidence.ts';
import { readFact } from './fact.ts';
import type { RemediationHistory } from './novelty.ts';
import type { FactReference, Proposer } from './proposal.ts';

/** From so many closed occurrences on, the history of a pattern speaks. */
const historyCountsFrom = 3;

export interface ConfidenceInput {
  readonly proposedBy: Proposer;
  /** 0–1 as the model says; null when it reported none. */
  readonly reported: number | null;
  readonly citedFacts: readonly FactReference[];
  readonly evidence: Evidence;
  readonly history: Pick<RemediationHistory, 'patternSeen' | 'patternGood'>;
}

/**
 * How sure a proposal may be taken to be, 0–1 in hundredths rounded down: the lowest of what the model reports, the
 * share of distinct cited facts that are known in the evidence, and, from the third closed occurrence, the posterior
 * mean of good outcomes (Beta(1,1)). 0 for a model that reports none, something outside 0–1, or cites no fact; null
 * for playbook, person and runbook. Nothing raises it (methods.md, "Confidence and novelty").
 */
export function combineConfidence(input: ConfidenceInput): number | null {
  if (input.proposedBy.kind !== 'model') return null;
  const parts = [reportedShare(input.reported), corroboration(input), posteriorMean(input.history)];
  const lowest = Math.min(...parts);
  // Rounded down, so that what is shown is what is judged and rounding never lifts it over a bound.
  return Math.floor(lowest * 100 + 1e-6) / 100;
}

function reportedShare(reported: number | null): number {
  return reported !== null && reported >= 0 && reported <= 1 ? reported : 0;
}

function corroboration({ citedFacts, evidence }: ConfidenceInput): number {
  const cited = new Map(citedFacts.map((cite) => [JSON.stringify([cite.fact, cite.subject]), cite]));
  if (cited.size === 0) return 0;
  const known = [...cited.values()].filter(
    (cite) => readFact(evidence, cite.fact, cite.subject).status === 'known',
  );
  return known.length / cited.size;
}

/** 1 while there is too little history to lower anything; counts that are no numbers count as bad. */
function posteriorMean({ patternSeen, patternGood }: ConfidenceInput['history']): number {
  if (patternSeen < historyCountsFrom) return 1;
  const mean = (1 + patternGood) / (2 + patternSeen);
  return mean >= 0 && mean <= 1 ? mean : 0;
}

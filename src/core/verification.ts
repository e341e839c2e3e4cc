import type { Expectation } from './action.ts';
import type { Evidence } from './evidence.ts';
import { readFact } from './fact.ts';
import type { Fact } from './fact.ts';
import type { ChangeReceipt, Verification } from './remediation.ts';
import { roundHundredths } from './risk/round.ts';
import { secondsToMs } from './tempo.ts';
import type { Tempo } from './tempo.ts';

/** A signal in per cent has moved when it moved by at least this many percentage points. */
export const percentTolerance = 2;
/** Any other signal has moved when it moved by at least this share of its value before, in per cent. */
export const relativeTolerancePercent = 10;

export interface OutcomeInput {
  /** null: no signal exists for this action (a page). */
  readonly expectation: Expectation | null;
  /** One per subject of the expectation, in its order, as it was before the effect; null = unknown. */
  readonly before: readonly (number | null)[];
  /** One per subject, read now. */
  readonly after: readonly Fact[];
  readonly receipts: readonly ChangeReceipt[];
  /** Milliseconds since the effect. */
  readonly elapsedMs: number;
  readonly tempo: Tempo;
}

type SubjectOutcome = 'improved' | 'not_better' | 'worse' | 'unknown';

/**
 * Judges by behaviour what a remediation did. Each subject is compared with its own value before, beyond a tolerance
 * (2 percentage points and what chance moves in so few requests, or 10 % of the value before for anything else). One subject that got worse
 * makes it `worse`, for a mean would hide a collapse behind the others; else one that improved, or all of them taken
 * together, makes it `improved`.
 * Before the settle time all is `pending`; until the deadline only `improved` and `worse` are final; after it an
 * unmoved signal is `not_better` and an unknown one `inconclusive`. A change that is not read back is `inconclusive`.
 */
export function judgeOutcome(input: OutcomeInput): Verification {
  const missing = input.receipts.find(
    (receipt) => receipt.result !== 'applied' && receipt.result !== 'already_there',
  );
  if (missing !== undefined)
    return {
      outcome: 'inconclusive',
      detail: `not every change is in force: ${missing.change.target} ${missing.detail}`,
    };
  const { expectation } = input;
  if (expectation === null)
    return { outcome: 'inconclusive', detail: 'accepted is final: there is no signal to measure' };
  if (input.elapsedMs < secondsToMs(input.tempo, expectation.settleSeconds))
    return { outcome: 'pending', detail: `settles for ${expectation.settleSeconds} s` };
  const subjects = judgeSubjects(expectation, input);
  const outcomes = new Set(subjects.map((subject) => subject.outcome));
  const detail = subjects.map((subject) => subject.line).join('; ');
  if (outcomes.has('worse')) return { outcome: 'worse', detail };
  if (outcomes.has('improved')) return { outcome: 'improved', detail };
  const together = judgeTogether(expectation, input);
  if (together !== null) return { outcome: 'improved', detail: `${detail}; ${together}` };
  // Written so that an elapsed time that is no number does not wait for ever.
  if (input.elapsedMs < secondsToMs(input.tempo, expectation.deadlineSeconds))
    return { outcome: 'pending', detail };
  return { outcome: outcomes.has('not_better') ? 'not_better' : 'inconclusive', detail };
}

/** The signal of each subject now; null where it is unknown or no number. */
export function readSignals(evidence: Evidence, expectation: Expectation): readonly (number | null)[] {
  return expectation.subjects.map((subject) => numberOf(readFact(evidence, expectation.fact, subject)));
}

/** The worst of several signals, to be shown as one; null when none is known. */
export function worstSignal(
  signals: readonly (number | null)[],
  better: Expectation['better'],
): number | null {
  const known = signals.filter((signal) => signal !== null);
  if (known.length === 0) return null;
  return better === 'higher' ? Math.min(...known) : Math.max(...known);
}

function judgeSubjects(
  expectation: Expectation,
  input: OutcomeInput,
): readonly { readonly outcome: SubjectOutcome; readonly line: string }[] {
  if (expectation.subjects.length === 0)
    return [{ outcome: 'unknown', line: `${expectation.fact} has no subject to measure` }];
  return expectation.subjects.map((subject, index) => {
    const name = subject === '' ? expectation.fact : `${expectation.fact} of \`${subject}\``;
    const before = input.before[index] ?? null;
    const fact = input.after[index] ?? { status: 'unknown', reason: 'was not read' };
    const after = numberOf(fact);
    if (before === null || Number.isNaN(before))
      return { outcome: 'unknown', line: `${name} was unknown before` };
    if (fact.status === 'unknown' || after === null)
      return { outcome: 'unknown', line: `${name} is unknown${reasonOf(fact)}` };
    const percent = fact.unit === 'percent';
    const shown = `${name} ${roundHundredths(before)} → ${roundHundredths(after)}${percent ? ' %' : ''}`;
    const samples = fact.samples ?? null;
    return {
      outcome: compareSignals({ before, after, percent, samples, better: expectation.better }),
      line: shown,
    };
  });
}

/**
 * Rates of quiet subjects taken together, weighted by their requests: each alone may be too quiet to show a gain. Only a
 * gain is read from it, for harm to one would hide behind the others. Null when there is none.
 */
function judgeTogether(expectation: Expectation, input: OutcomeInput): string | null {
  const parts = expectation.subjects.flatMap((_, index) => {
    const [before, fact] = [input.before[index] ?? null, input.after[index]];
    const after = fact === undefined ? null : numberOf(fact);
    if (fact?.status !== 'known' || fact.samples === undefined || before === null || after === null)
      return [];
    return [{ before, after, samples: fact.samples }];
  });
  const samples = parts.reduce((sum, part) => sum + part.samples, 0);
  if (parts.length < 2 || samples === 0) return null;
  const mean = (of: 'before' | 'after') =>
    parts.reduce((sum, part) => sum + part[of] * part.samples, 0) / samples;
  const signal = {
    before: mean('before'),
    after: mean('after'),
    percent: true,
    samples,
    better: expectation.better,
  };
  if (compareSignals(signal) !== 'improved') return null;
  return `together ${roundHundredths(signal.before)} → ${roundHundredths(signal.after)} % of ${samples} requests`;
}

function compareSignals(signal: {
  readonly before: number;
  readonly after: number;
  readonly percent: boolean;
  /** Requests behind a rate; null when it is none. */
  readonly samples: number | null;
  readonly better: Expectation['better'];
}): SubjectOutcome {
  const change = signal.after - signal.before;
  const gain = signal.better === 'higher' ? change : -change;
  const tolerance = signal.percent
    ? Math.max(percentTolerance, chanceMargin(signal))
    : (Math.abs(signal.before) * relativeTolerancePercent) / 100;
  // Noise of binary fractions must not hide a change of exactly the tolerance.
  const moved = Math.abs(gain) >= tolerance - 1e-9 && gain !== 0;
  if (!moved) return 'not_better';
  return gain > 0 ? 'improved' : 'worse';
}

/**
 * What chance alone moves a rate of few requests, in percentage points: two standard errors of a proportion (normal
 * approximation), with the variance never taken below that of 5 %. 1 failure of 7 is no harm yet.
 */
function chanceMargin({
  before,
  samples,
}: {
  readonly before: number;
  readonly samples: number | null;
}): number {
  if (samples === null) return 0;
  const share = Math.min(1, Math.max(0, before / 100));
  return samples > 0 ? 200 * Math.sqrt(Math.max(share * (1 - share), 0.0475) / samples) : 100;
}

function numberOf(fact: Fact): number | null {
  if (fact.status === 'unknown' || typeof fact.value !== 'number') return null;
  return Number.isFinite(fact.value) ? fact.value : null;
}

function reasonOf(fact: Fact): string {
  return fact.status === 'unknown' ? `: ${fact.reason}` : '';
}

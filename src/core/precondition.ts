export type Verdict = 'holds' | 'fails' | 'unknown';
export type Severity = 'must' | 'should';
export type PreconditionSource = 'required' | 'model' | 'auditor';

export interface PreconditionResult {
  readonly id: string;
  readonly source: PreconditionSource;
  readonly severity: Severity;
  readonly holds: Verdict;
  /** One line for people: the observed value behind the verdict. */
  readonly detail: string;
}

/** A verdict with the observation it rests on. */
export interface Check {
  readonly holds: Verdict;
  readonly detail: string;
}

export const holds = (detail: string): Check => ({ holds: 'holds', detail });
export const fails = (detail: string): Check => ({ holds: 'fails', detail });
export const unknown = (detail: string): Check => ({ holds: 'unknown', detail });

/** `holds` or `fails` by a condition that could be evaluated. */
export function verdict(condition: boolean, detail: string): Check {
  return condition ? holds(detail) : fails(detail);
}

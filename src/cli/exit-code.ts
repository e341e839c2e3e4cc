/** Exit codes of contract.md. Chosen by commands, applied once in `main.ts`. */
export const exitCode = {
  done: 0,
  failure: 1,
  usage: 2,
  declined: 3,
  forbidden: 4,
  stale: 5,
  expired: 6,
  refused: 7,
  waiting: 8,
  reverted: 9,
  unknown: 10,
  auditFailed: 20,
  unavailable: 75,
  interrupted: 130,
} as const;
export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** `triage` over several incidents exits with the first of these that applies. */
export const triagePrecedence: readonly ExitCode[] = [130, 1, 10, 9, 75, 8, 7, 0];

/** The first code of the precedence that occurred; codes outside it count as a failure. */
export function worstOf(codes: readonly ExitCode[]): ExitCode {
  return triagePrecedence.find((code) => codes.includes(code)) ?? (codes.length === 0 ? 0 : 1);
}

/** A failure that is expected and has its exit code; the message is for people, lower-case, without secrets. */
export class ExitError extends Error {
  readonly code: ExitCode;
  readonly hints: readonly string[];
  constructor(code: ExitCode, message: string, hints: readonly string[] = []) {
    super(message);
    this.name = 'ExitError';
    this.code = code;
    this.hints = hints;
  }
}

/** Usage or configuration error: exit 2. */
export function usageError(message: string, ...hints: readonly string[]): ExitError {
  return new ExitError(exitCode.usage, message, hints);
}

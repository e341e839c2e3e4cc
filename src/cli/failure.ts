import { visibleText } from '../core/plain-text.ts';
import { redactSecrets } from '../core/redaction.ts';
import { exitCode, ExitError, type ExitCode } from './exit-code.ts';

export interface Failure {
  readonly code: ExitCode;
  readonly message: string;
  readonly hints: readonly string[];
  /** For `--verbose`; null for failures that are expected. */
  readonly stack: string | null;
}

/** What the store's failures mean to a user: the kinds of `StoreError` in the PostgreSQL adapter. */
const storeFailures: Readonly<Record<string, { readonly code: ExitCode; readonly hint: string }>> = {
  unreachable: { code: exitCode.unavailable, hint: 'our own store is needed for this; is the database up?' },
  unmigrated: { code: exitCode.usage, hint: 'run `scutum-sre init` once with this DATABASE_URL' },
  forbidden: {
    code: exitCode.forbidden,
    hint: 'the database role lacks a right it needs; see `scutum-sre init --help`',
  },
  busy: { code: exitCode.unavailable, hint: 'wait for that process, or stop it' },
  misconfigured: { code: exitCode.usage, hint: 'check DATABASE_URL and SCUTUM_SRE_HOME' },
  broken: { code: exitCode.failure, hint: 'the store holds something this version cannot read' },
};

/** Exit code and words for whatever was thrown; foreign text made visible, secrets taken out. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof ExitError)
    return { code: error.code, message: clean(error.message), hints: error.hints.map(clean), stack: null };
  if (!(error instanceof Error)) return unexpected(String(error), null);
  const store =
    error.name === 'StoreError' && 'code' in error ? storeFailures[String(error.code)] : undefined;
  if (store !== undefined)
    return { code: store.code, message: clean(error.message), hints: [store.hint], stack: null };
  return unexpected(error.message, error.stack ?? null);
}

function unexpected(message: string, stack: string | null): Failure {
  return {
    code: exitCode.failure,
    message: `unexpected failure: ${clean(message)}`,
    hints: ['run again with --verbose for the details'],
    stack:
      stack === null ? null : redactSecrets(visibleText(stack, { maxLength: 4_000, keepNewlines: true })),
  };
}

const clean = (text: string) => redactSecrets(visibleText(text, { maxLength: 1_000 }));

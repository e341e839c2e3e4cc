import { z } from 'zod';

/** What a statement may carry; lists become PostgreSQL arrays, JSON is passed as its text. */
export type SqlValue = string | number | boolean | null | readonly string[] | readonly number[];

export interface Queryable {
  /**
   * Runs one statement and parses each row with `rowSchema` (without one, rows come as they are, unknown). Text without
   * parameters may hold several statements; the rows are then those of the last. Throws `StoreError`.
   * Rows hold ISO 8601 UTC text with milliseconds for times, numbers for integers up to 2^53, text for `numeric`.
   */
  readonly query: <T>(
    text: string,
    params: readonly SqlValue[],
    rowSchema?: z.ZodType<T>,
  ) => Promise<readonly T[]>;
}

/** One small face for a PostgreSQL server and for the embedded PGlite. */
export interface Database extends Queryable {
  readonly kind: 'server' | 'embedded';
  /** Host and database name, or the folder of the embedded store; never a password. */
  readonly describe: () => string;
  /**
   * Runs `work` in one READ COMMITTED transaction: all of it or nothing. Whatever `work` throws rolls back and is thrown
   * again; a commit that the server turned into a rollback throws as well.
   */
  readonly transaction: <T>(work: (tx: Queryable) => Promise<T>) => Promise<T>;
  readonly close: () => Promise<void>;
}

/**
 * Why the store did not do it. `unreachable` and `busy`: try later (exit 75), `unmigrated`: run `init` (exit 2),
 * `misconfigured`: the URL or the folder cannot be used as given (exit 2), `forbidden`: the role lacks a right
 * (exit 4), `broken`: what was found is not what this program stores (exit 1).
 */
export type StoreErrorCode = 'unreachable' | 'unmigrated' | 'misconfigured' | 'forbidden' | 'busy' | 'broken';

/** A failure of our own store. The message names no secret. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;
  /** SQLSTATE of the server's answer; null when there was none. */
  readonly sqlState: string | null;
  constructor(
    code: StoreErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly sqlState?: string } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'StoreError';
    this.code = code;
    this.sqlState = options.sqlState ?? null;
  }
}

/** Parses rows; a row of another shape is `broken`, naming the column but no value. */
export function parseRows<T>(
  rows: readonly unknown[],
  rowSchema: z.ZodType<T> = z.custom<T>(),
): readonly T[] {
  const parsed = z.array(rowSchema).safeParse(rows);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const place = issue === undefined ? '' : ` at ${issue.path.join('.')}: ${issue.message}`;
  throw new StoreError('broken', `a stored row has an unexpected shape${place}`, { cause: parsed.error });
}

/** The only row of a statement that always gives one. */
export function onlyRow<T>(rows: readonly T[]): T {
  const row = rows[0];
  if (row === undefined) throw new StoreError('broken', 'the store gave no row where one was due');
  return row;
}

/** ISO 8601 UTC text with milliseconds, as every time column arrives. */
export const storedTime = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

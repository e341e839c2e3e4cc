import pg from 'pg';
import { visibleText } from '../../core/plain-text.ts';
import { StoreError, type StoreErrorCode } from './database.ts';

/**
 * Whatever a client threw, as a `StoreError` that says which store it was. Text of the server is made visible and cut;
 * a `StoreError` stays as it is.
 */
export function toStoreError(error: unknown, store: string): StoreError {
  if (error instanceof StoreError) return error;
  if (error instanceof pg.DatabaseError) return fromServer(error, store);
  const detail = error instanceof Error ? error.message : String(error);
  const message = `the database ${store} cannot be reached: ${visibleText(detail, { maxLength: 200 })}`;
  return new StoreError('unreachable', message, { cause: error });
}

/** True when the server answered with an ordinary error: the connection is still good. */
export function connectionSurvives(error: unknown): boolean {
  const cause = error instanceof StoreError ? error.cause : error;
  return cause instanceof pg.DatabaseError && cause.severity === 'ERROR';
}

function fromServer(error: pg.DatabaseError, store: string): StoreError {
  const sqlState = error.code ?? '';
  const detail = visibleText(error.message, { maxLength: 300 });
  const code = codeFor(sqlState);
  return new StoreError(code, `the database ${store} ${words[code]}: ${detail}`, { cause: error, sqlState });
}

// https://www.postgresql.org/docs/current/errcodes-appendix.html
const codes: ReadonlyMap<string, StoreErrorCode> = new Map([
  ['42501', 'forbidden'],
  ['28000', 'forbidden'],
  ['28P01', 'forbidden'],
  ['3D000', 'misconfigured'],
  ['3F000', 'unmigrated'],
  ['42P01', 'unmigrated'],
  ['42703', 'unmigrated'],
  ['42883', 'unmigrated'],
  ['40001', 'busy'],
  ['40P01', 'busy'],
  ['55P03', 'busy'],
  ['57014', 'busy'],
  ['25006', 'unreachable'],
  ['25P03', 'unreachable'],
]);

function codeFor(sqlState: string): StoreErrorCode {
  const known = codes.get(sqlState);
  if (known !== undefined) return known;
  // 08 connection, 53 no space, memory or connections left, 57P shut down, 58 system error.
  return /^(?:08|53|57P|58)/.test(sqlState) ? 'unreachable' : 'broken';
}

const words: Readonly<Record<StoreErrorCode, string>> = {
  forbidden: 'did not permit this',
  unmigrated: 'has no tables of scutum-sre, or older ones',
  misconfigured: 'is not there',
  busy: 'is busy',
  unreachable: 'cannot do this now',
  broken: 'refused a statement',
};

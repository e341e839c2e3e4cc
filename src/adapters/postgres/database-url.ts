import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { StoreError } from './database.ts';

/** Where a database is and how it is reached. `undefined` leaves the choice to pg (`PGUSER`, `PGPASSWORD`, `.pgpass`). */
export interface DatabaseAddress {
  readonly host: string;
  readonly port: number;
  readonly database: string | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly ssl: ConnectionOptions | false;
}

/**
 * Parses `postgres://user:password@host:port/database`. TLS is on for every host that is neither loopback nor a Unix
 * socket, and the certificate is verified. `sslmode` says otherwise: `disable` is plain text, `require` (also `prefer`,
 * `allow` and `no-verify`, which never fall back to plain text here) encrypts without verifying, `verify-ca` does not
 * compare the host name, `verify-full` is the default spelt out. `sslrootcert`, `sslcert` and `sslkey` name PEM files.
 * Throws `misconfigured`; the message never holds the URL.
 */
export function parseDatabaseUrl(text: string): DatabaseAddress {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^postgres(?:ql)?:$/.test(url.protocol))
    throw new StoreError('misconfigured', 'the database URL must look like postgres://user@host:5432/name');
  const host =
    decoded(url.searchParams.get('host') ?? url.hostname.replace(/^\[(.*)\]$/, '$1')) ?? 'localhost';
  return {
    host,
    port: url.port === '' ? 5432 : Number(url.port),
    database: decoded(url.pathname.slice(1)),
    user: decoded(url.username),
    password: decoded(url.password),
    ssl: tlsFor(host, url.searchParams),
  };
}

/** `host/database` or `host:port/database`: how a database is called on screens and in messages. */
export function describeAddress(address: DatabaseAddress): string {
  const port = address.port === 5432 ? '' : `:${address.port}`;
  return `${address.host}${port}/${address.database ?? address.user ?? ''}`;
}

function tlsFor(host: string, params: URLSearchParams): ConnectionOptions | false {
  const mode = params.get('sslmode') ?? (isLocal(host) ? 'disable' : 'verify-full');
  const files = {
    ca: pemFile('sslrootcert', params),
    cert: pemFile('sslcert', params),
    key: pemFile('sslkey', params),
  };
  switch (mode) {
    case 'disable':
      return false;
    case 'allow':
    case 'prefer':
    case 'require':
    case 'no-verify':
      return { ...files, rejectUnauthorized: false };
    case 'verify-ca':
      return { ...files, rejectUnauthorized: true, checkServerIdentity: () => undefined };
    case 'verify-full':
      return { ...files, rejectUnauthorized: true };
    default:
      throw new StoreError(
        'misconfigured',
        'sslmode of the database URL must be disable, require, verify-ca or verify-full',
      );
  }
}

function isLocal(host: string): boolean {
  return host.startsWith('/') || host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function pemFile(name: string, params: URLSearchParams): string | undefined {
  const path = params.get(name);
  if (path === null) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new StoreError('misconfigured', `${name} of the database URL names a file that cannot be read`);
  }
}

function decoded(part: string): string | undefined {
  try {
    return part === '' ? undefined : decodeURIComponent(part);
  } catch {
    throw new StoreError(
      'misconfigured',
      'the database URL has a `%` that is not followed by two hex digits',
    );
  }
}

import type { Config } from './config.ts';
import { usageError } from './exit-code.ts';

/** True when the configuration names nothing that incidents could be read from. */
export function hasNoSource(config: Config): boolean {
  const { databaseUrl, litellmDatabaseUrl, prometheus, alertmanager } = config;
  return databaseUrl === null && litellmDatabaseUrl === null && prometheus === null && alertmanager === null;
}

/** Nothing to read incidents from: exit 2, and what to set. */
export function noSourceError(): Error {
  return usageError(
    'there is nothing to read incidents from',
    'set LITELLM_DATABASE_URL (gateway tables), PROMETHEUS_URL or ALERTMANAGER_URL; DATABASE_URL alone is our own store',
    'or look around first: scutum-sre demo',
  );
}

import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Database } from '../adapters/postgres/database.ts';
import { systemClock, systemRandomness } from '../adapters/system/clock.ts';
import type { Warning } from '../app/ports.ts';
import { visibleText } from '../core/plain-text.ts';
import { realTempo } from '../core/tempo.ts';
import type { Config } from './config.ts';
import type { Outside, Session } from './session.ts';
import type { SessionNeeds } from './with-session.ts';

/** Builds the adapters a command needs, and nothing more; everything opened is closed in reverse order. */
export async function openSession(
  config: Config,
  needs: SessionNeeds & { readonly sandbox: boolean },
): Promise<Session> {
  const releases: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const release of releases.splice(0).reverse()) await release().catch(() => undefined);
  };
  try {
    const database = await openStore(config, needs);
    releases.push(() => database.close());
    return await sessionOn(database, { config, needs, releases, close });
  } catch (error) {
    await close();
    throw error;
  }
}

interface Parts {
  readonly config: Config;
  readonly needs: SessionNeeds & { readonly sandbox: boolean };
  readonly releases: (() => Promise<void>)[];
  readonly close: () => Promise<void>;
}

async function sessionOn(database: Database, parts: Parts): Promise<Session> {
  const { config, needs } = parts;
  const [{ createStores }, { databaseRole, runtimeRoleSql }] = await Promise.all([
    import('../adapters/postgres/stores.ts'),
    import('../adapters/postgres/roles.ts'),
  ]);
  const deployment = config.deployment ?? defaultDeployment(config);
  const role = database.kind === 'server' ? await databaseRole(database) : null;
  const stores = createStores(database, { randomHex: systemRandomness.hex, deployment });
  const base = {
    config,
    sandbox: needs.sandbox,
    deployment,
    operator: config.operator ?? operatorLabel(role),
    clock: systemClock,
    randomness: systemRandomness,
    ...stores,
    grantRuntimeRole: async (name: string) => {
      await database.query(runtimeRoleSql(name), []);
    },
    notes: notesOf(config, database, needs),
    close: parts.close,
  };
  let built: Promise<Outside> | null = null;
  if (needs.sandbox) {
    const { openSandbox, sandboxTempo } = await import('./wire-sandbox.ts');
    const session: Session = {
      ...base,
      tempo: sandboxTempo,
      outside: () => (built ??= openSandbox({ database, session, releases: parts.releases })),
    };
    return session;
  }
  const { openGateway } = await import('./wire-gateway.ts');
  const session: Session = {
    ...base,
    tempo: realTempo,
    outside: () => (built ??= openGateway({ database, session, releases: parts.releases })),
  };
  return session;
}

async function openStore(
  config: Config,
  needs: SessionNeeds & { readonly sandbox: boolean },
): Promise<Database> {
  if (needs.sandbox || config.databaseUrl === null) {
    const { openEmbedded } = await import('../adapters/postgres/embedded.ts');
    return openEmbedded(needs.sandbox ? join(config.home, 'sandbox', 'store') : join(config.home, 'store'));
  }
  const [{ openPostgres }, { migrate, requireMigrated }] = await Promise.all([
    import('../adapters/postgres/pool.ts'),
    import('../adapters/postgres/migrate.ts'),
  ]);
  const database = openPostgres(config.databaseUrl);
  try {
    await (needs.migrate === true ? migrate(database) : requireMigrated(database));
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Database host and name; for the embedded store this machine's, for it is private to it. */
function defaultDeployment(config: Config): string {
  if (config.databaseUrl === null) return `embedded@${visibleText(hostname(), { maxLength: 64 })}`;
  const url = new URL(config.databaseUrl);
  const host = url.hostname || url.searchParams.get('host') || 'localhost';
  return visibleText(
    `${host}${url.port === '' || url.port === '5432' ? '' : `:${url.port}`}${url.pathname}`,
    { maxLength: 100 },
  );
}

/** Who acts, as far as it can be told: database role and operating-system user. A label, not an identity. */
function operatorLabel(role: string | null): string {
  const user = osUser();
  return visibleText(role === null ? user : `${role}/${user}`, { maxLength: 200 });
}

function osUser(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown-user';
  }
}

function notesOf(
  config: Config,
  database: Database,
  needs: { readonly sandbox: boolean },
): readonly Warning[] {
  if (needs.sandbox) return [];
  const embedded: readonly Warning[] =
    database.kind === 'embedded'
      ? [
          {
            code: 'embedded_store',
            detail: `DATABASE_URL is not set: using the embedded store in ${database.describe()}; identity and grants cannot be enforced there, and it is not safe against a power cut`,
          },
        ]
      : [];
  const ignored = config.ignored.map((name) => ({
    code: 'variable_ignored',
    detail: `${name} is set, but this version does not act on it`,
  }));
  return [...embedded, ...ignored];
}

/** What `openGateway` and `openSandbox` are given. */
export interface OutsideInput {
  readonly database: Database;
  readonly session: Session;
  readonly releases: (() => Promise<void>)[];
}

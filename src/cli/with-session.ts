import { loadEnvironment } from './environment.ts';
import { parseConfig, sandboxConfig } from './config.ts';
import type { ExitCode } from './exit-code.ts';
import type { Invocation } from './invocation.ts';
import { sayWarnings } from './output.ts';
import { hasNoSource, noSourceError } from './no-source.ts';
import type { Session } from './session.ts';

export interface SessionNeeds {
  /** `init` opens a store that is not migrated yet. */
  readonly migrate?: boolean;
  /** Incidents are read: without any source configured it ends before a store is even opened. */
  readonly sources?: boolean;
}

/** Opens the configured session, runs one command with it, and releases everything, whatever happens. */
export async function withSession(
  invocation: Invocation,
  needs: SessionNeeds,
  work: (session: Session) => Promise<ExitCode>,
): Promise<ExitCode> {
  const environment = loadEnvironment({
    processEnvironment: invocation.environment,
    envFile: invocation.global.envFile,
  });
  const config = invocation.global.sandbox ? sandboxConfig(invocation.environment) : parseConfig(environment);
  if (needs.sources === true && !invocation.global.sandbox && hasNoSource(config)) throw noSourceError();
  const { openSession } = await import('./wire.ts');
  const session = await openSession(config, { sandbox: invocation.global.sandbox, ...needs });
  try {
    if (!invocation.global.json) sayWarnings(invocation, session.notes);
    return await work(session);
  } finally {
    await session.close();
  }
}

import type { TestProject } from 'vitest/node';
import { ensureBuilt } from './built-program.ts';
import { startPostgres } from './postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Connection URL of a superuser on a real PostgreSQL, without a database name; null with the reason when none. */
    postgresUrl: string | null;
    postgresMissing: string;
    /** Why the program could not be built for the tests that run it; null when it is there. */
    programProblem: string | null;
  }
}

/** The built program, and one real PostgreSQL for the whole run; each test file makes its own database in it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  project.provide('programProblem', ensureBuilt());
  const postgres = await startPostgres();
  project.provide('postgresUrl', postgres.status === 'running' ? postgres.url : null);
  project.provide('postgresMissing', postgres.status === 'running' ? '' : postgres.reason);
  if (postgres.status === 'missing') console.warn(`PostgreSQL tests skip: ${postgres.reason}`);
  return async () => {
    if (postgres.status === 'running') await postgres.stop();
  };
}

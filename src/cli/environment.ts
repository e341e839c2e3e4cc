import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { usageError } from './exit-code.ts';

/** Variable names to values, already merged by precedence. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Environment over `--env-file`, or over `$SCUTUM_SRE_HOME/.env` when none is named. A `.env` in the working directory
 * is never read. An env file that is named but unreadable is a usage error (exit 2).
 */
export function loadEnvironment(options: {
  readonly processEnvironment: Environment;
  readonly envFile: string | undefined;
}): Environment {
  const file = options.envFile ?? join(stateHome(options.processEnvironment), '.env');
  const text = readEnvFile({ file, required: options.envFile !== undefined });
  const given = Object.entries(options.processEnvironment).filter(
    ([, value]) => value !== undefined && value !== '',
  );
  return { ...(text === null ? {} : parseEnv(text)), ...Object.fromEntries(given) };
}

/** `SCUTUM_SRE_HOME`, else the XDG state folder. */
export function stateHome(environment: Environment): string {
  const own = environment['SCUTUM_SRE_HOME'];
  if (own !== undefined && own !== '') return own;
  const state = environment['XDG_STATE_HOME'];
  return join(state !== undefined && state !== '' ? state : join(homedir(), '.local', 'state'), 'scutum-sre');
}

function readEnvFile(options: { readonly file: string; readonly required: boolean }): string | null {
  try {
    return readFileSync(options.file, 'utf8');
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (missing && !options.required) return null;
    throw usageError(
      `cannot read the env file \`${options.file}\`: ${missing ? 'no such file' : 'not readable'}`,
    );
  }
}

import type { Environment } from './environment.ts';

const ourCommands =
  'triage|approve|reject|revert|run|resolve|show|list|watch|export-audit|verify-audit|suspend|resume|actions|sla|init|demo';
const printed = new RegExp(`(?<!npx )\\bscutum-sre(?= (?:${ourCommands})\\b)`, 'gu');

/**
 * Commands in a text as they can be typed where this run was started: through npm (`npm start`, `npx`) the program is
 * not on the PATH, so they begin with `npx`.
 */
export function asTyped(text: string, environment: Environment): string {
  const throughNpm =
    environment['npm_command'] !== undefined || environment['npm_lifecycle_event'] !== undefined;
  return throughNpm ? text.replaceAll(printed, 'npx scutum-sre') : text;
}

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Builds `dist` when it is missing or older than what it is made of; once a run, because a build under a running program
 * breaks it. Returns what went wrong, or null.
 */
export function ensureBuilt(): string | null {
  const built = `${root}dist/main.js`;
  const sources = ['src', 'actions', 'tools/build.ts', 'package.json'].map((name) => newestMs(root + name));
  if (existsSync(built) && statSync(built).mtimeMs >= Math.max(...sources)) return null;
  try {
    execFileSync(process.execPath, ['tools/build.ts'], { cwd: root, stdio: 'pipe' });
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function newestMs(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newestMs(`${path}/${name}`)));
}

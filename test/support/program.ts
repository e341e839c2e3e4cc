import { spawn, type ChildProcess } from 'node:child_process';
import { delimiter, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';

/** The program as it is shipped: its launcher, which finds Node on the PATH. */
export const launcher = fileURLToPath(new URL('../../bin/scutum-sre.js', import.meta.url));

/** A PATH on which the launcher finds the Node of the tests, and nothing that belongs to the caller. */
export const launcherPath = [dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter);

/** All of the environment a run gets besides PATH; nothing of the test's own leaks in. */
export type ProgramEnvironment = Readonly<Record<string, string>>;

export interface Outcome {
  /** null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env: ProgramEnvironment;
  readonly cwd?: string;
  /** The run is killed and the test fails after this long; default 30 s. */
  readonly deadlineMs?: number;
}

export interface RunningProgram {
  readonly pid: number;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Everything on both streams so far. */
  readonly text: () => string;
  /** Resolves when the text matches; rejects when the program ends or 20 s pass without it. */
  readonly waitFor: (pattern: RegExp) => Promise<void>;
  readonly ended: Promise<Outcome>;
}

const patienceMs = 20_000;

/** Runs one command to its end, without a terminal and without input. */
export function runProgram(args: readonly string[], options: RunOptions): Promise<Outcome> {
  return startProgram(args, options).ended;
}

/** Starts a command without a terminal: for what is signalled while it runs. */
export function startProgram(args: readonly string[], options: RunOptions): RunningProgram {
  const problem = inject('programProblem');
  if (problem !== null) throw new Error(`the program could not be built: ${problem}`);
  const child = spawn(launcher, [...args], {
    env: { PATH: launcherPath, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const seen = { stdout: '', stderr: '' };
  const lookers = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (data: string) => {
      seen[name] += data;
      for (const look of lookers) look();
    });
  const text = () => seen.stdout + seen.stderr;
  const ended = endOf(child, seen, { args, deadlineMs: options.deadlineMs ?? 30_000 });
  // Whoever only waits for a line must not be ended by a failure nobody looks at.
  ended.catch(() => undefined);
  return {
    pid: child.pid ?? 0,
    signal: (signal) => void child.kill(signal),
    text,
    waitFor: (pattern) =>
      new Promise((resolve, reject) => {
        const settle = (act: () => void) => {
          clearTimeout(timer);
          lookers.delete(look);
          act();
        };
        const missed = () => settle(() => reject(new Error(`never saw ${pattern}:\n${text()}`)));
        const look = () => {
          if (pattern.test(text())) settle(resolve);
        };
        const timer = setTimeout(missed, patienceMs);
        lookers.add(look);
        ended.then(() => (pattern.test(text()) ? look() : missed()), missed);
        look();
      }),
    ended,
  };
}

function endOf(
  child: ChildProcess,
  seen: { readonly stdout: string; readonly stderr: string },
  run: { readonly args: readonly string[]; readonly deadlineMs: number },
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(
        new Error(
          `\`${run.args.join(' ')}\` still runs after ${run.deadlineMs} ms:\n${seen.stdout}${seen.stderr}`,
        ),
      );
    }, run.deadlineMs);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout: seen.stdout, stderr: seen.stderr });
    });
  });
}

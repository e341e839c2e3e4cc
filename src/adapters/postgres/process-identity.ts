import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Which process of which machine: a pid alone is reused, after a reboot and from container to container. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time as the system writes it; null where it cannot be read. */
  readonly startedAt: string | null;
  readonly bootId: string | null;
  /** The pid namespace the pid counts in. */
  readonly pidSpace: string | null;
  readonly host: string;
}

/** The identity of this process. */
export function ownIdentity(): ProcessIdentity {
  return {
    pid: process.pid,
    startedAt: processStart(process.pid),
    bootId: attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pidSpace: attempt(() => readlinkSync('/proc/self/ns/pid')),
    host: hostname(),
  };
}

/**
 * Whether the holder of a lock still runs. `elsewhere`: it is in another container or on another machine, where its pid
 * says nothing to us.
 */
export function judgeProcess(
  holder: ProcessIdentity,
  own: ProcessIdentity,
  startOf: (pid: number) => string | null = processStart,
): 'alive' | 'gone' | 'elsewhere' {
  if (holder.bootId !== own.bootId) return holder.host === own.host ? 'gone' : 'elsewhere';
  if (holder.bootId === null && holder.host !== own.host) return 'elsewhere';
  if (holder.pidSpace !== own.pidSpace) return 'elsewhere';
  const startedAt = startOf(holder.pid);
  return startedAt !== null && startedAt === holder.startedAt ? 'alive' : 'gone';
}

/**
 * When a process started, in the system's own words; null when there is no such process. Where the system does not tell,
 * the same word for every process that exists: then the pid alone decides.
 */
export function processStart(pid: number): string | null {
  const told = process.platform === 'linux' ? startFromProc(pid) : startFromPs(pid);
  return told ?? (exists(pid) ? 'unknown' : null);
}

function startFromProc(pid: number): string | null {
  return attempt(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold anything; the start time is the 20th field after it (proc_pid_stat(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[19] === undefined ? '' : `${fields[0] === 'Z' ? 'zombie since ' : ''}${fields[19]}`;
  });
}

function startFromPs(pid: number): string | null {
  return attempt(() =>
    execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      timeout: 2_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim(),
  );
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function attempt(read: () => string): string | null {
  try {
    const text = read();
    return text === '' ? null : text;
  } catch {
    return null;
  }
}

import { execa } from 'execa';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../../core/json.ts';
import { visibleText } from '../../core/plain-text.ts';
import { redactSecrets } from '../../core/redaction.ts';

/** All that a script inherits. */
const environment = { PATH: '/usr/local/bin:/usr/bin:/bin' };

export type ScriptResult =
  | { readonly status: 'answered'; readonly output: unknown }
  /** It never started: nothing can have happened. */
  | { readonly status: 'not_started'; readonly reason: string }
  /** It started and did not end well: what it did is unknown. */
  | { readonly status: 'failed'; readonly reason: string };

export interface ScriptRun {
  /** The verified bytes; exactly these run. */
  readonly bytes: Uint8Array;
  /** Name of the script; its ending chooses the interpreter: `.sh` or `.mjs`. */
  readonly fileName: string;
  /** Working directory of the script. */
  readonly directory: string;
  /** Written to its stdin as one JSON document. */
  readonly input: JsonObject;
  readonly deadlineMs: number;
  /** Bounds stdout and stderr, each. */
  readonly outputMaxBytes: number;
  readonly signal: AbortSignal;
}

/**
 * Runs one script from a private copy (folder 0700), without a shell string, with a minimal environment, a deadline
 * after which it and its children are killed, and bounded output. Its stdout must be one JSON document.
 */
export async function runScript(run: ScriptRun): Promise<ScriptResult> {
  if (run.signal.aborted) return { status: 'not_started', reason: 'the deadline passed before it started' };
  const folder = await mkdtemp(join(tmpdir(), 'scutum-sre-runbook-'));
  try {
    const copy = join(folder, run.fileName);
    await writeFile(copy, run.bytes, { mode: 0o600, flag: 'wx' });
    return await runCopy(copy, run);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runCopy(copy: string, run: ScriptRun): Promise<ScriptResult> {
  const [command, ...args] = run.fileName.endsWith('.mjs') ? [process.execPath, copy] : ['/bin/sh', copy];
  const result = await execa(command ?? '/bin/sh', args, {
    cwd: run.directory,
    env: environment,
    extendEnv: false,
    input: JSON.stringify(run.input),
    encoding: 'buffer',
    maxBuffer: run.outputMaxBytes,
    timeout: run.deadlineMs,
    cancelSignal: run.signal,
    killSignal: 'SIGKILL',
    killDescendants: true,
    reject: false,
  });
  if (result.timedOut || result.isCanceled)
    return { status: 'failed', reason: `\`${run.fileName}\` was killed at its deadline` };
  if (result.isMaxBuffer)
    return { status: 'failed', reason: `\`${run.fileName}\` wrote more than ${run.outputMaxBytes} bytes` };
  if (result.exitCode === undefined && result.signal === undefined)
    return { status: 'not_started', reason: `\`${run.fileName}\` could not be started` };
  if (result.exitCode !== 0) return { status: 'failed', reason: failure(run.fileName, result) };
  return readOutput(run.fileName, result.stdout);
}

function failure(
  fileName: string,
  result: { readonly exitCode?: number; readonly signal?: string; readonly stderr: Uint8Array },
): string {
  const how =
    result.exitCode === undefined ? `was killed by ${result.signal}` : `exited with ${result.exitCode}`;
  const said = new TextDecoder().decode(result.stderr).trim().split('\n').at(-1) ?? '';
  const detail = said === '' ? '' : `: ${visibleText(redactSecrets(visibleText(said)), { maxLength: 200 })}`;
  return `\`${fileName}\` ${how}${detail}`;
}

function readOutput(fileName: string, stdout: Uint8Array): ScriptResult {
  try {
    const output: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(stdout));
    return { status: 'answered', output };
  } catch {
    return { status: 'failed', reason: `\`${fileName}\` did not print one JSON document` };
  }
}

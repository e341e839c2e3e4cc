import { createPrompt, useEffect, useKeypress, useRef, useState } from '@inquirer/core';
import { visibleText } from '../core/plain-text.ts';
import type { ApprovalEvent, ConfirmOutcome } from './approval-input.ts';
import { advanceApproval, startApproval } from './approval-input.ts';
import type { ApprovalSession, RefreshApproval } from './approval-session.ts';
import { openApprovalSession } from './approval-session.ts';

export type { ConfirmOutcome } from './approval-input.ts';

export interface ConfirmOptions {
  /** `sha256:` and 64 hex digits, as on the screen above the prompt; its first four digits are the code. */
  readonly digest: string;
  /** ISO 8601; from then on the answer is `expired`. */
  readonly expiresAt: string;
  readonly stdin: NodeJS.ReadStream;
  /** Where the prompt is drawn: stderr when stdout is redirected. */
  readonly stdout: NodeJS.WriteStream;
  /** Printed above the prompt, once, as they are. */
  readonly summary: readonly string[];
  /** Reads the stored proposal again, every second while the prompt is open. */
  readonly refresh?: RefreshApproval;
  /** ISO 8601 UTC; default the process clock. The store checks the expiry again by its own. */
  readonly now?: () => string;
  /** Default false. */
  readonly color?: boolean;
  /** Ends the prompt as `interrupted`. */
  readonly signal?: AbortSignal;
}

/**
 * Asks for the four digits of the digest. Keys typed before the prompt, or in the 700 ms after it appeared, are thrown
 * away; Enter alone and single keys never approve; after three wrong codes it is declined. When the proposal changes
 * underneath, CHANGED is shown and the answer is `changed`: ask again with the new digest. While it cannot be read
 * again no code is taken. Without a terminal on both ends the answer is `declined`. SIGINT, SIGTERM, SIGHUP, end of
 * input and the signal are `interrupted`, with the terminal restored.
 */
export async function confirmCode(options: ConfirmOptions): Promise<ConfirmOutcome> {
  const { stdin, stdout } = options;
  if (stdin.isTTY !== true || stdout.isTTY !== true) return 'declined';
  const stop = new AbortController();
  const release = holdTerminal({ stdin, leave: () => stop.abort(), signal: options.signal });
  for (const line of options.summary) stdout.write(`${line}\n`);
  try {
    const session = openApprovalSession({
      digest: options.digest,
      expiresAt: options.expiresAt,
      refresh: options.refresh ?? null,
      now: options.now ?? (() => new Date().toISOString()),
      columns: () => stdout.columns || 80,
      color: options.color ?? false,
    });
    return await approvalPrompt(session, { input: stdin, output: stdout, signal: stop.signal });
  } catch (error) {
    if (isLeaving(error)) return 'interrupted';
    throw error;
  } finally {
    release();
  }
}

interface ReadlineEvents {
  readonly on: (event: string, listener: () => void) => unknown;
  readonly removeListener: (event: string, listener: () => void) => unknown;
}

const approvalPrompt = createPrompt<ConfirmOutcome, ApprovalSession>((session, done) => {
  const input = useRef(startApproval(session.code));
  const [frame, setFrame] = useState(session.draw(input.current));
  const step = (event: ApprovalEvent) => {
    if (input.current.outcome !== null) return;
    input.current = advanceApproval(input.current, event);
    setFrame(session.draw(input.current));
    if (input.current.outcome !== null) done(input.current.outcome);
  };
  useKeypress((key, readline) => {
    // What is typed lives in `input` alone; readline's own line and history never answer.
    readline.clearLine(0);
    session.beforeKey(step);
    step({ kind: 'key', name: key.name ?? '', ctrl: key.ctrl });
  });
  const begin = useRef((readline: ReadlineEvents) => {
    const closed = () => step({ kind: 'end', outcome: 'interrupted' });
    readline.on('close', closed);
    const halt = session.run(step);
    return () => {
      readline.removeListener('close', closed);
      halt();
    };
  });
  useEffect((readline) => begin.current(readline), [begin]);
  return frame;
});

export interface AskReasonOptions {
  readonly message: string;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  /** UTF-16 units; default 1 000. */
  readonly maxLength?: number;
  readonly signal?: AbortSignal;
}

/**
 * Asks for a reason in a few words: made visible, not empty, bounded. null when the operator leaves (Ctrl-C, Ctrl-D, end
 * of input, the signal) or there is no terminal.
 */
export async function askReason(options: AskReasonOptions): Promise<string | null> {
  const { stdin, stdout } = options;
  if (stdin.isTTY !== true || stdout.isTTY !== true) return null;
  const limit = options.maxLength ?? 1_000;
  const reason = await askText(options, (text) => checkReason(text, limit));
  return reason === null ? null : visibleText(reason.trim(), { maxLength: limit });
}

/**
 * Offers to undo now what this process alone would undo later. True only after the word `undo`; anything else, leaving
 * included, keeps it.
 */
export async function askUndoNow(options: {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  readonly id: number;
}): Promise<boolean> {
  const { input, output, id } = options;
  if (input.isTTY !== true || output.isTTY !== true) return false;
  const message = `#${id} is still in force. Type undo to undo it now, or press enter to leave it:`;
  const answer = await askText({ message, stdin: input, stdout: output }, (text) => {
    const word = text.trim();
    return word === '' || word === 'undo' ? true : 'type undo, or nothing';
  });
  return answer?.trim() === 'undo';
}

/** One line of text; null when the operator leaves. */
async function askText(
  options: AskReasonOptions,
  validate: (text: string) => true | string,
): Promise<string | null> {
  const { stdin, stdout } = options;
  const stop = new AbortController();
  const leave = () => stop.abort();
  // Ctrl-D closes readline, and a prompt of the library would then never settle.
  const onKey = (_text: string, key: { readonly name?: string; readonly ctrl?: boolean } | undefined) => {
    if (key?.ctrl === true && key.name === 'd') leave();
  };
  const release = holdTerminal({ stdin, leave, signal: options.signal });
  stdin.on('keypress', onKey);
  try {
    const { default: inquirer } = await import('inquirer');
    const ask = inquirer.createPromptModule({ input: stdin, output: stdout, signal: stop.signal });
    const message = visibleText(options.message);
    const { reason } = await ask({ type: 'input', name: 'reason', message, validate });
    return reason;
  } catch (error) {
    if (isLeaving(error)) return null;
    throw error;
  } finally {
    stdin.off('keypress', onKey);
    release();
  }
}

function checkReason(text: string, limit: number): true | string {
  if (text.trim() === '') return 'say why in a few words; the audit keeps it';
  return text.trim().length <= limit ? true : `at most ${limit} characters, not ${text.trim().length}`;
}

// By name: inquirer brings its own copy of the core, with error classes of its own.
const isLeaving = (error: unknown) =>
  error instanceof Error && (error.name === 'ExitPromptError' || error.name === 'AbortPromptError');

/** Holds stdin for a prompt, and calls `leave` on the ends that a prompt does not see by itself. */
function holdTerminal(options: {
  readonly stdin: NodeJS.ReadStream;
  readonly leave: () => void;
  readonly signal: AbortSignal | undefined;
}): () => void {
  const { stdin, leave, signal } = options;
  const signals = ['SIGTERM', 'SIGHUP'] as const;
  // Ink leaves stdin without a reference; the process would end under the prompt (dependencies.md §4).
  stdin.ref();
  for (const name of signals) process.on(name, leave);
  stdin.on('end', leave);
  signal?.addEventListener('abort', leave, { once: true });
  if (signal?.aborted === true) leave();
  return () => {
    for (const name of signals) process.off(name, leave);
    stdin.off('end', leave);
    signal?.removeEventListener('abort', leave);
  };
}

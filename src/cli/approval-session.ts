import { visibleText } from '../core/plain-text.ts';
import { msUntil } from '../tui/durations.ts';
import { drawApproval } from './approval-drawing.ts';
import type { ApprovalEvent, ApprovalInput } from './approval-input.ts';
import { approvalCode, tickMs } from './approval-input.ts';

/** Reads the stored proposal again; `lines` say what changed, for the operator. Throws when it cannot be read. */
export type RefreshApproval = () => Promise<{
  readonly changed: boolean;
  readonly digest: string;
  readonly lines: readonly string[];
}>;

export interface ApprovalSessionOptions {
  readonly digest: string;
  /** ISO 8601. */
  readonly expiresAt: string;
  readonly refresh: RefreshApproval | null;
  /** ISO 8601 UTC. */
  readonly now: () => string;
  readonly columns: () => number;
  readonly color: boolean;
}

const refreshEveryMs = 1000;
const refreshDeadlineMs = 5000;
/** A tick that is this late means that the process did not run, and neither did its screen. */
const lateMs = 1000;

/** What a prompt for an approval needs besides its keys: time, the stored proposal, and how it looks. */
export interface ApprovalSession {
  readonly code: string;
  readonly draw: (input: ApprovalInput) => string;
  /** What must be known before a key counts: that it is not too late, and that the screen was not frozen. */
  readonly beforeKey: (step: (event: ApprovalEvent) => void) => void;
  /** Feeds ticks, expiry and refreshes into `step` until the returned function is called. */
  readonly run: (step: (event: ApprovalEvent) => void) => () => void;
}

/** Starts nothing until `run`. Throws when the digest is none. */
export function openApprovalSession(options: ApprovalSessionOptions): ApprovalSession {
  const { now } = options;
  const code = approvalCode(options.digest);
  let changes: readonly string[] = [];
  let lastTick = performance.now();
  return {
    code,
    draw: (input) =>
      drawApproval(input, {
        digest: options.digest,
        expiresAt: options.expiresAt,
        columns: options.columns(),
        color: options.color,
        at: now(),
        changes,
      }),
    beforeKey: (step) => {
      if (msUntil(options.expiresAt, now()) <= 0) step({ kind: 'end', outcome: 'expired' });
      else if (performance.now() - lastTick > lateMs) step({ kind: 'late' });
    },
    run: (step) => {
      const stopTicking = keepTicking(() => {
        lastTick = performance.now();
        if (msUntil(options.expiresAt, now()) > 0) step({ kind: 'tick' });
        else step({ kind: 'end', outcome: 'expired' });
      });
      const stopReading = keepReading(options, (event, lines) => {
        changes = lines;
        step(event);
      });
      return () => {
        stopTicking();
        stopReading();
      };
    },
  };
}

/**
 * Calls back after each `tickMs` and after one more read of the terminal. INVARIANT: a process that was stopped or busy
 * reads what was typed meanwhile before the tick counts as quiet: timers run before input in an event loop turn,
 * immediates after it.
 */
function keepTicking(onTick: () => void): () => void {
  let immediate: NodeJS.Immediate | undefined;
  let timer = setTimeout(afterWait, tickMs);
  let stopped = false;
  function afterWait(): void {
    immediate = setImmediate(() => {
      onTick();
      if (!stopped) timer = setTimeout(afterWait, tickMs);
    });
  }
  return () => {
    stopped = true;
    clearTimeout(timer);
    clearImmediate(immediate);
  };
}

/** Reads the proposal again every second; a read that fails or takes too long disarms the prompt. */
function keepReading(
  options: ApprovalSessionOptions,
  report: (event: ApprovalEvent, changes: readonly string[]) => void,
): () => void {
  const { digest, refresh } = options;
  if (refresh === null) return () => {};
  const readNow = () => readOnce(refresh, digest);
  let stopped = false;
  let timer = setTimeout(() => void read(), refreshEveryMs);
  async function read(): Promise<void> {
    const event = await readNow();
    if (stopped) return;
    report(event.event, event.changes);
    timer = setTimeout(() => void read(), refreshEveryMs);
  }
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

async function readOnce(
  refresh: RefreshApproval,
  digest: string,
): Promise<{ readonly event: ApprovalEvent; readonly changes: readonly string[] }> {
  try {
    const found = await withDeadline(refresh(), refreshDeadlineMs);
    if (found.changed || found.digest !== digest)
      return { event: { kind: 'end', outcome: 'changed' }, changes: found.lines };
    return { event: { kind: 'read_again' }, changes: [] };
  } catch (error) {
    const reason = visibleText(error instanceof Error ? error.message : 'unknown', { maxLength: 200 });
    return { event: { kind: 'unread', reason }, changes: [] };
  }
}

async function withDeadline<T>(work: Promise<T>, ms: number): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer in ${ms / 1000} s`)), ms);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

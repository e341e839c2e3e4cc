import { render } from 'ink';
import { createElement } from 'react';
import { startUi } from './keys.ts';
import { TriageView } from './triage-view.tsx';
import type { TriageIntent, TriageViewState } from './view-model.ts';

export interface ShowTriageOptions {
  /** Calls the listener with each new state until the returned function is called. */
  readonly subscribe: (listener: (state: TriageViewState) => void) => () => void;
  readonly initial: TriageViewState;
  readonly stdin: NodeJS.ReadStream;
  /** The terminal to draw on; stderr when stdout is redirected. */
  readonly stdout: NodeJS.WriteStream;
  /** False draws in ASCII (see `supportsUnicode`). Default true. */
  readonly unicode?: boolean;
  /** Incident number under the cursor at the start. */
  readonly chosen?: number;
  /** Ends the view as `interrupted`. */
  readonly signal?: AbortSignal;
}

const liveTickMs = 250;
const calmTickMs = 1000;

/**
 * Shows the triage view until the operator asks for something, and gives the terminal back before it resolves: Ink is
 * unmounted, raw mode off, cursor visible. Without a terminal on both ends it asks nobody and resolves to `quit`. End of
 * input, SIGINT, SIGTERM, SIGHUP and the signal resolve to `interrupted`; nothing ever resolves to an approval by itself.
 * Colours follow FORCE_COLOR as it was when this module was first imported. Rejects when drawing fails.
 */
export async function showTriage(options: ShowTriageOptions): Promise<TriageIntent> {
  const { stdin, stdout } = options;
  if (stdin.isTTY !== true || stdout.isTTY !== true) return { kind: 'quit' };
  const { promise, resolve } = Promise.withResolvers<TriageIntent>();
  // A prompt that ran before has paused stdin; Ink would then see the end of input at once (dependencies.md §4).
  stdin.ref();
  stdin.resume();
  // Before the first frame: what the terminal echoes in the middle of a control sequence would tear it.
  stdin.setRawMode(true);
  const view = mountView(options, resolve);
  const stops = [
    options.subscribe(view.update),
    onEvents(stdout, ['resize'], view.draw),
    onEvents(stdin, ['end', 'close', 'error'], () => resolve({ kind: 'interrupted' })),
    onEvents(process, ['SIGINT', 'SIGTERM', 'SIGHUP'], () => resolve({ kind: 'interrupted' })),
    onAbort(options.signal, () => resolve({ kind: 'interrupted' })),
  ];
  try {
    return await Promise.race([promise, view.ended]);
  } finally {
    for (const stop of stops) stop();
    await view.close();
    leaveRawMode(stdin);
  }
}

/** A terminal that went away meanwhile has no mode to restore. */
function leaveRawMode(stdin: NodeJS.ReadStream): void {
  try {
    stdin.setRawMode(false);
  } catch {
    stdin.destroy();
  }
}

interface View {
  readonly update: (state: TriageViewState) => void;
  readonly draw: () => void;
  /** Settles only when Ink ends by itself, which is a failure or the end of the process. */
  readonly ended: Promise<TriageIntent>;
  readonly close: () => Promise<void>;
}

function mountView(options: ShowTriageOptions, onIntent: (intent: TriageIntent) => void): View {
  const { stdin, stdout } = options;
  let state = options.initial;
  let since = performance.now();
  const start = { ...startUi, chosen: options.chosen ?? null };
  const element = () =>
    createElement(TriageView, {
      state,
      start,
      onIntent,
      screen: {
        columns: stdout.columns || 80,
        rows: stdout.rows || 24,
        unicode: options.unicode ?? true,
      },
      now: new Date(Date.parse(state.now) + performance.now() - since).toISOString(),
    });
  const ink = render(element(), {
    stdin,
    stdout,
    stderr: process.stderr,
    exitOnCtrlC: false,
    alternateScreen: true,
    incrementalRendering: true,
    // With CI set, Ink would draw nothing until the end although a person sits there.
    interactive: true,
  });
  const draw = () => ink.rerender(element());
  let timer = setTimeout(tick, liveTickMs);
  function tick(): void {
    draw();
    const moving = state.loading !== null || (state.progress ?? null) !== null;
    timer = setTimeout(tick, moving ? liveTickMs : calmTickMs);
  }
  const exit = ink.waitUntilExit();
  return {
    update: (next) => {
      state = next;
      since = performance.now();
      draw();
    },
    draw,
    ended: exit.then((): TriageIntent => ({ kind: 'interrupted' })),
    close: async () => {
      clearTimeout(timer);
      ink.unmount();
      await exit.catch(() => {});
    },
  };
}

interface Emitter {
  readonly on: (event: string, listener: () => void) => unknown;
  readonly off: (event: string, listener: () => void) => unknown;
}

function onEvents(emitter: Emitter, events: readonly string[], listener: () => void): () => void {
  for (const event of events) emitter.on(event, listener);
  return () => {
    for (const event of events) emitter.off(event, listener);
  };
}

function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal === undefined) return () => {};
  if (signal.aborted) listener();
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}

import { incidentId } from '../core/incident.ts';
import type { Remediation } from '../core/remediation.ts';
import type { TriageItem as AppItem } from '../app/triage.ts';
import { supportsUnicode } from '../tui/glyphs.ts';
import type { Closing, LiveSeries, TriageIntent, TriageItem } from '../tui/view-model.ts';
import { setForceColor } from './color.ts';
import { codeOf, requireSources } from './commands/triage.ts';
import { exitCode, worstOf, type ExitCode } from './exit-code.ts';
import { describeFailure } from './failure.ts';
import type { Invocation } from './invocation.ts';
import { cleanLine, say } from './output.ts';
import { runTriage } from './run-triage.ts';
import { carryOut, runAfterCountdown } from './screen-decisions.ts';
import { createRunner, type Runner } from './screen-runner.ts';
import type { Outside, Session } from './session.ts';
import { createViewStore, type ViewStore } from './view-store.ts';

export interface ScreenParts {
  readonly session: Session;
  readonly outside: Outside;
  readonly only: number | null;
  /** Samples a signal for the sparkline about once a second; only the demo has one. */
  readonly live?: () => Promise<LiveSeries | null>;
  /** Asked after every change; a closing page ends the story of the demo. */
  readonly closing?: (items: readonly TriageItem[]) => Closing | null;
}

/** What one screen session shares between its parts. */
export interface Screen extends ScreenParts {
  readonly invocation: Invocation;
  readonly view: ViewStore;
  readonly runner: Runner;
  readonly refresh: () => Promise<void>;
}

const refreshEveryMs = 15_000;
const sandboxRefreshMs = 1_500;
const liveEveryMs = 1_000;

/** The Ink view of triage: shows, asks, hands the terminal to the prompt and back, until the operator quits. */
export async function showTriageScreen(invocation: Invocation, parts: ScreenParts): Promise<ExitCode> {
  const { session } = parts;
  applyColorChoice(invocation);
  const view = createViewStore(
    {
      deployment: session.deployment,
      sandbox: session.sandbox,
      suspended: false,
      items: [],
      warnings: session.notes.map((note) => `${note.code}: ${note.detail}`),
      loading: { phase: 'triage', step: 'looking for incidents' },
      now: session.clock.now(),
    },
    session.clock.now,
  );
  const found: Found = { items: [], askedInVain: new Map() };
  const runner = createRunner({ invocation, session, outside: parts.outside, view });
  const refresh = oneAtATime(() => refreshItems({ ...parts, view, runner }, found));
  const screen: Screen = { ...parts, invocation, view, runner, refresh };
  const stop = new AbortController();
  const background = [
    repeat(refresh, session.sandbox ? sandboxRefreshMs : refreshEveryMs, session, stop.signal),
    ...(parts.live === undefined
      ? []
      : [repeat(() => sampleLive(parts, view), liveEveryMs, session, stop.signal)]),
  ];
  try {
    return await converse(screen, () => worstOf([...runner.codes(), ...found.items.map(codeOf)]));
  } finally {
    stop.abort();
    await Promise.race([Promise.allSettled(background), session.clock.sleep(3_000)]);
  }
}

async function converse(screen: Screen, code: () => ExitCode): Promise<ExitCode> {
  const { showTriage } = await import('../tui/show-triage.ts');
  let chosen: number | undefined;
  const stopped = new Set<string>();
  for (;;) {
    const lets = new AbortController();
    const unwatch = screen.view.subscribe(() => {
      if (letRun(screen, stopped) !== null) lets.abort();
    });
    const intent: TriageIntent = await showTriage({
      subscribe: screen.view.subscribe,
      initial: screen.view.get(),
      stdin: screen.invocation.streams.stdin,
      stdout: screen.invocation.streams.err,
      unicode: supportsUnicode(screen.invocation.environment),
      signal: lets.signal,
      ...(chosen === undefined ? {} : { chosen }),
    });
    unwatch();
    const next = letRun(screen, stopped);
    if (lets.signal.aborted && next !== null) {
      stopped.add(next.digest);
      const said = await runAfterCountdown(next, screen).catch(noteOfFailure);
      if (said !== null) say(screen.invocation, cleanLine(said));
      await screen.refresh();
      continue;
    }
    if (intent.kind === 'interrupted' || intent.kind === 'quit') {
      const left = await screen.runner.finish();
      return intent.kind === 'interrupted' ? exitCode.interrupted : (left ?? code());
    }
    chosen = incidentOf(screen, intent.remediationId) ?? chosen;
    const note = await carryOut(intent, screen).catch(noteOfFailure);
    if (note !== null) say(screen.invocation, cleanLine(note));
    await screen.refresh();
    if (note !== null && chosen !== undefined) noteOn(screen.view, chosen, note);
  }
}

/** What the gate lets run and nobody stopped yet; one at a time. */
function letRun(screen: Screen, stopped: ReadonlySet<string>): Remediation | null {
  const found = screen.view
    .get()
    .items.find(
      ({ remediation }) =>
        remediation?.status === 'pending_approval' &&
        remediation.document.gate.decision === 'auto_execute' &&
        !stopped.has(remediation.digest),
    );
  return found?.remediation ?? null;
}

function noteOfFailure(error: unknown): string {
  const failure = describeFailure(error);
  return [failure.message, ...failure.hints].join('; ');
}

function incidentOf(screen: Screen, remediationId: number | undefined): number | undefined {
  return screen.view.get().items.find((item) => item.remediation?.id === remediationId)?.incident.number;
}

/** Keeps a sentence on the incident it belongs to, until the next refresh says something newer. */
function noteOn(view: ViewStore, incidentNumber: number, note: string): void {
  view.set({
    items: view
      .get()
      .items.map((item) => (item.incident.number === incidentNumber ? { ...item, note } : item)),
  });
}

/** What is kept from one refresh to the next. */
interface Found {
  items: readonly AppItem[];
  readonly askedInVain: Map<number, number>;
}

async function refreshItems(
  parts: ScreenParts & { readonly view: ViewStore; readonly runner: Runner },
  found: Found,
): Promise<void> {
  const { view, session } = parts;
  try {
    const report = await runTriage(session, parts.outside, {
      only: parts.only,
      unattended: view.get().loading === null,
      askedInVain: found.askedInVain,
      progress: (step) => {
        if (view.get().loading !== null) view.set({ loading: { phase: 'triage', step } });
      },
    });
    requireSources(report);
    found.items = report.items;
    const items = report.items.map((item) => withNote(item, view));
    const warnings = [...session.notes, ...report.warnings].map(
      ({ code, detail }) => `${code}: ${cleanLine(detail)}`,
    );
    const closing = parts.closing?.(items) ?? null;
    view.set({
      items,
      warnings,
      suspended: report.suspended,
      loading: null,
      ...(closing === null ? {} : { closing }),
    });
    await parts.runner.consider(report.items.map((item) => item.remediation).filter(isRemediation));
  } catch (error) {
    view.set({ loading: null, warnings: [noteOfFailure(error)] });
  }
}

const isRemediation = (remediation: Remediation | null): remediation is Remediation => remediation !== null;

function withNote(item: AppItem, view: ViewStore): TriageItem {
  const before = view.get().items.find((shown) => shown.incident.number === item.incident.number);
  const same =
    before?.remediation?.digest === item.remediation?.digest &&
    before?.remediation?.status === item.remediation?.status;
  const escalation =
    item.escalation === null
      ? null
      : `${item.escalation.pagedAt === null ? 'not paged' : 'on-call was paged'}: ${item.escalation.reason}`;
  const changed =
    before?.remediation?.status === 'pending_approval' &&
    item.remediation?.status === 'pending_approval' &&
    !same
      ? `CHANGED since you looked: ${incidentId(item.incident.number)} has a fresh proposal`
      : null;
  return {
    incident: { ...item.incident, escalation: item.escalation },
    remediation: item.remediation,
    note: changed ?? escalation ?? (same ? (before?.note ?? null) : null),
  };
}

async function sampleLive(parts: ScreenParts, view: ViewStore): Promise<void> {
  const live = await parts.live?.();
  if (live !== undefined) view.set({ live });
}

/** Runs the work again and again with a pause, until the signal; a failure of one round does not end it. */
async function repeat(
  work: () => Promise<void>,
  pauseMs: number,
  session: Session,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    await work().catch(() => undefined);
    await session.clock.sleep(pauseMs, stop);
  }
}

/** Callers that come while a round runs share it. */
function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  return () => (running ??= work().finally(() => (running = null)));
}

/** chalk and Ink ignore NO_COLOR; they read FORCE_COLOR once, when they are first imported. */
function applyColorChoice(invocation: Invocation): void {
  const { environment, global } = invocation;
  const refused = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb' || !global.color;
  if (refused) setForceColor('0');
}

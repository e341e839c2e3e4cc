import { followToEnd, type FollowOutcome } from '../app/follow.ts';
import type { VerificationLook } from '../app/verify-outcome.ts';
import type { Remediation } from '../core/remediation.ts';
import { followDeps } from './decision-deps.ts';
import type { ExitCode } from './exit-code.ts';
import { writeResult } from './finish.ts';
import type { Invocation } from './invocation.ts';
import { offerUndo } from './offer-undo.ts';
import { onInterrupt } from './interrupt.ts';
import { followResult } from './outcome-code.ts';
import { say } from './output.ts';
import { progressOf } from './progress-view.ts';
import type { Outside, Session } from './session.ts';
import type { ViewStore } from './view-store.ts';

/** Follows what runs while the operator looks on: progress on the view, exit codes at the end. */
export interface Runner {
  /** Begins to follow an applied remediation. */
  readonly follow: (applied: Remediation & { readonly status: 'applied' }) => void;
  /** Looks at what a triage found; updates the progress of a run whose undo a worker fired. */
  readonly consider: (remediations: readonly Remediation[]) => Promise<void>;
  /** Exit codes of the runs that ended. */
  readonly codes: () => readonly ExitCode[];
  /** On leaving: what only this process would undo is waited for on the plain terminal. Null when nothing is left. */
  readonly finish: () => Promise<ExitCode | null>;
}

interface Followed {
  readonly applied: Remediation;
  look: VerificationLook | null;
  outcome: FollowOutcome | null;
}

/** A runner for one screen. */
export function createRunner(parts: {
  readonly invocation: Invocation;
  readonly session: Session;
  readonly outside: Outside;
  readonly view: ViewStore;
}): Runner {
  const { session, outside, view } = parts;
  const stop = new AbortController();
  const codes: ExitCode[] = [];
  const running: { followed: Followed | null; end: Promise<void> } = {
    followed: null,
    end: Promise.resolve(),
  };
  const paint = () => {
    if (running.followed === null) return;
    const { applied, look, outcome } = running.followed;
    view.set({ progress: progressOf({ remediation: applied, look, outcome, now: session.clock.now() }) });
  };
  const run = async (followed: Followed, applied: Remediation & { readonly status: 'applied' }) => {
    const deps = followDeps(session, outside, {
      look: (look) => {
        followed.look = look;
        paint();
      },
      waiting: paint,
    });
    followed.outcome = await followToEnd(applied, deps, stop.signal);
    if (followed.outcome.kind !== 'left') codes.push(followResult(followed.outcome).code);
    paint();
  };
  return {
    follow: (applied) => {
      const followed: Followed = { applied, look: null, outcome: null };
      running.followed = followed;
      paint();
      running.end = run(followed, applied).catch((error: unknown) => {
        view.set({
          warnings: [`following stopped: ${error instanceof Error ? error.message : String(error)}`],
        });
      });
    },
    consider: async (remediations) => {
      const { followed } = running;
      const now = remediations.find((remediation) => remediation.id === followed?.applied.id);
      if (followed?.outcome?.kind !== 'verified' || now?.status !== 'reverted') return Promise.resolve();
      const verification = followed.outcome.verification;
      followed.outcome = { kind: 'reverted', remediation: now, cause: 'timer', verification };
      paint();
      return Promise.resolve();
    },
    codes: () => codes,
    finish: () => finish(parts, running, stop),
  };
}

async function finish(
  parts: { readonly invocation: Invocation; readonly session: Session; readonly outside: Outside },
  running: { readonly followed: Followed | null; readonly end: Promise<void> },
  stop: AbortController,
): Promise<ExitCode | null> {
  const { followed } = running;
  if (followed === null || followed.outcome !== null) return null;
  const { invocation, session } = parts;
  const due = followed.applied.execution?.revertAt ?? null;
  say(
    invocation,
    due === null
      ? 'a remediation is being verified; Ctrl-C leaves that to the worker'
      : `a remediation is in force; its undo is due at ${due}. Waiting for it; Ctrl-C to choose`,
  );
  const interrupt = onInterrupt();
  interrupt.signal.addEventListener('abort', () => stop.abort(), { once: true });
  try {
    await running.end;
  } finally {
    interrupt.release();
  }
  const outcome = outcomeOf(followed);
  if (outcome === null) return null;
  const result =
    outcome.kind === 'left' && due !== null
      ? await offerUndo(invocation, parts, outcome.remediation)
      : followResult(outcome);
  return writeResult(invocation, session, result);
}

/** Read anew: the run went on while we waited. */
function outcomeOf(followed: Followed): FollowOutcome | null {
  return followed.outcome;
}

import type { Incident } from '../core/incident.ts';
import type { Remediation, Verification } from '../core/remediation.ts';
import { secondsToMs } from '../core/tempo.ts';
import { runDueWork, type DueWork } from './due-work.ts';
import type { EngineDeps } from './engine.ts';
import type { Warning } from './ports.ts';

/** Due rows are looked for this often, in real ms (reliability.md §1.8). */
export const pollMs = 500;
const heartbeatEveryMs = 5_000;
/** Detection and triage, in nominal seconds. */
const triageEverySeconds = 30;
/** Write access is proven again well before its 60 s are over. */
const proveEveryMs = 20_000;
const proofDeadlineMs = 5_000;
/** Passes over due rows at once: a row that takes long must not keep a later one from its time. Fences keep them apart. */
const passesAtOnce = 10;
/** What still runs when the worker is stopped gets this long; another process takes the rest over. */
const stopWithinMs = 5_000;

export interface WatchDeps extends EngineDeps {
  readonly workerId: string;
  readonly proveWriteAccess: (signal: AbortSignal) => Promise<boolean>;
  readonly triage: () => Promise<void>;
  /** Finishes the verification of what other processes left applied. */
  readonly followUp: (remediation: Remediation) => Promise<void>;
  readonly escalateExpired: (remediation: Remediation) => Promise<void>;
  readonly escalateUnknown: (remediation: Remediation, reason: string) => Promise<void>;
  readonly say: (event: WatchEvent) => void;
}

export type WatchEvent =
  | { readonly kind: 'started'; readonly workerId: string }
  | { readonly kind: 'due_work'; readonly work: DueWork }
  | {
      readonly kind: 'incidents';
      readonly items: readonly { readonly incident: Incident; readonly remediation: Remediation | null }[];
    }
  /** The verdict on a remediation that nobody else follows. */
  | { readonly kind: 'outcome'; readonly remediation: Remediation; readonly verification: Verification }
  | { readonly kind: 'warning'; readonly warning: Warning }
  | { readonly kind: 'stopped' };

/**
 * The worker: undoes, expires, detects and proposes until the signal aborts. Each of its tasks has its own rhythm, so that
 * a slow gateway holds up neither the heartbeat nor, with its pages, the undos. Never lets one failure end it.
 */
export async function watch(deps: WatchDeps, stop: AbortSignal): Promise<void> {
  deps.say({ kind: 'started', workerId: deps.workerId });
  const pages = createQueue(deps);
  const due = task(pollMs, () => dueWork(deps, pages), passesAtOnce);
  // A worker that cannot begin another pass would undo nothing, and does not say that it would.
  const beat = async (proof: { readonly gatewayWriteProven: boolean }): Promise<void> => {
    if (due.running.size < due.atOnce) await deps.control.heartbeat({ id: deps.workerId, ...proof });
  };
  const tasks: readonly Task[] = [
    due,
    task(heartbeatEveryMs, () => beat({ gatewayWriteProven: false })),
    task(proveEveryMs, async () => {
      if (await deps.proveWriteAccess(AbortSignal.timeout(proofDeadlineMs)))
        await beat({ gatewayWriteProven: true });
    }),
    task(secondsToMs(deps.tempo, triageEverySeconds), deps.triage),
  ];
  while (!stop.aborted) {
    for (const each of tasks) begin(each, deps);
    await deps.clock.sleep(pollMs, stop);
  }
  const ends = Promise.all([...tasks.flatMap((each) => [...each.running]), pages.settled()]);
  await Promise.race([ends, deps.clock.sleep(stopWithinMs)]);
  await guarded(deps, () => deps.control.retireWorker(deps.workerId));
  deps.say({ kind: 'stopped' });
}

interface Task {
  readonly everyMs: number;
  readonly work: () => Promise<void>;
  /** Begun at most so often while earlier ones have not ended. */
  readonly atOnce: number;
  readonly running: Set<Promise<void>>;
  /** Monotonic; when it may begin again. */
  dueAt: number;
}

function task(everyMs: number, work: () => Promise<void>, atOnce = 1): Task {
  return { everyMs, work, atOnce, running: new Set(), dueAt: 0 };
}

function begin(each: Task, deps: WatchDeps): void {
  const now = deps.clock.monotonicMs();
  if (each.running.size >= each.atOnce || now < each.dueAt) return;
  each.dueAt = now + each.everyMs;
  const run = guarded(deps, each.work).finally(() => each.running.delete(run));
  each.running.add(run);
}

interface Queue {
  readonly add: (work: () => Promise<void>) => void;
  readonly settled: () => Promise<void>;
}

/** One after the other in the background: a slow pager must not hold up an undo. */
function createQueue(deps: WatchDeps): Queue {
  let last: Promise<void> = Promise.resolve();
  return {
    add: (work) => {
      last = last.then(() => guarded(deps, work));
    },
    settled: () => last,
  };
}

async function dueWork(deps: WatchDeps, pages: Queue): Promise<void> {
  const work = await runDueWork(deps);
  for (const warning of work.warnings) deps.say({ kind: 'warning', warning });
  const { reverted, expired, recovered, needsHuman } = work;
  if (reverted.length + expired.length + recovered.length + needsHuman.length > 0)
    deps.say({ kind: 'due_work', work });
  for (const remediation of expired) pages.add(() => deps.escalateExpired(remediation));
  for (const { remediation, reason } of needsHuman)
    pages.add(() => deps.escalateUnknown(remediation, reason));
  for (const remediation of work.toVerify) await deps.followUp(remediation);
}

async function guarded(deps: WatchDeps, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    deps.say({ kind: 'warning', warning: { code: 'worker_error', detail } });
  }
}

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
  | { readonly kind: 'incidents'; readonly incidents: readonly Incident[] }
  /** The verdict on a remediation that nobody else follows. */
  | { readonly kind: 'outcome'; readonly remediation: Remediation; readonly verification: Verification }
  | { readonly kind: 'warning'; readonly warning: Warning }
  | { readonly kind: 'stopped' };

/**
 * The worker: undoes, expires, detects and proposes until the signal aborts. Each of its tasks has its own rhythm and is
 * not begun again before it ended, so that a slow gateway holds up neither the heartbeat nor, with its pages, the undos.
 * Never lets one failure end it.
 */
export async function watch(deps: WatchDeps, stop: AbortSignal): Promise<void> {
  deps.say({ kind: 'started', workerId: deps.workerId });
  const pages = createQueue(deps);
  const tasks: readonly Task[] = [
    task(heartbeatEveryMs, heart(deps)),
    task(pollMs, () => dueWork(deps, pages)),
    task(secondsToMs(deps.tempo, triageEverySeconds), deps.triage),
  ];
  while (!stop.aborted) {
    for (const each of tasks) begin(each, deps);
    await deps.clock.sleep(pollMs, stop);
  }
  const ends = Promise.all([...tasks.map((each) => each.running), pages.settled()]);
  await Promise.race([ends, deps.clock.sleep(stopWithinMs)]);
  await guarded(deps, () => deps.control.retireWorker(deps.workerId));
  deps.say({ kind: 'stopped' });
}

interface Task {
  readonly everyMs: number;
  readonly work: () => Promise<void>;
  /** Monotonic; when it may begin again. */
  dueAt: number;
  running: Promise<void> | null;
}

function task(everyMs: number, work: () => Promise<void>): Task {
  return { everyMs, work, dueAt: 0, running: null };
}

function begin(each: Task, deps: WatchDeps): void {
  const now = deps.clock.monotonicMs();
  if (each.running !== null || now < each.dueAt) return;
  each.dueAt = now + each.everyMs;
  each.running = guarded(deps, each.work).finally(() => (each.running = null));
}

/** Says that this worker lives, and now and then that it could write to the gateway. */
function heart(deps: WatchDeps): () => Promise<void> {
  let provenAt = -Infinity;
  return async () => {
    const isDue = deps.clock.monotonicMs() - provenAt >= proveEveryMs;
    // Alive before the gateway is asked: it may take its time to answer.
    await deps.control.heartbeat({ id: deps.workerId, gatewayWriteProven: false });
    if (!isDue) return;
    provenAt = deps.clock.monotonicMs();
    if (await deps.proveWriteAccess(AbortSignal.timeout(proofDeadlineMs)))
      await deps.control.heartbeat({ id: deps.workerId, gatewayWriteProven: true });
  };
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

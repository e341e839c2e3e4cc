import type { Incident } from '../core/incident.ts';
import type { Remediation } from '../core/remediation.ts';
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
  | { readonly kind: 'warning'; readonly warning: Warning }
  | { readonly kind: 'stopped' };

/** The worker: one loop that undoes, expires, detects and proposes until the signal aborts. Never lets one failure end it. */
export async function watch(deps: WatchDeps, stop: AbortSignal): Promise<void> {
  deps.say({ kind: 'started', workerId: deps.workerId });
  const due = { heartbeat: 0, prove: 0, triage: 0 };
  let proven = false;
  let triaging: Promise<void> = Promise.resolve();
  let busy = false;
  while (!stop.aborted) {
    const now = deps.clock.monotonicMs();
    if (now >= due.prove) {
      due.prove = now + proveEveryMs;
      proven = await guarded(deps, () => deps.proveWriteAccess(AbortSignal.timeout(5_000)), false);
      due.heartbeat = 0;
    }
    if (now >= due.heartbeat) {
      due.heartbeat = now + heartbeatEveryMs;
      const beat = { id: deps.workerId, gatewayWriteProven: proven };
      await guarded(deps, () => deps.control.heartbeat(beat), undefined);
      proven = false;
    }
    await guarded(deps, () => dueWork(deps), undefined);
    if (now >= due.triage && !busy) {
      due.triage = now + secondsToMs(deps.tempo, triageEverySeconds);
      busy = true;
      triaging = guarded(deps, deps.triage, undefined).finally(() => (busy = false));
    }
    await deps.clock.sleep(pollMs, stop);
  }
  await Promise.race([triaging, deps.clock.sleep(5_000)]);
  await guarded(deps, () => deps.control.retireWorker(deps.workerId), undefined);
  deps.say({ kind: 'stopped' });
}

async function dueWork(deps: WatchDeps): Promise<void> {
  const work = await runDueWork(deps);
  if (work.reverted.length + work.expired.length + work.needsHuman.length + work.warnings.length > 0)
    deps.say({ kind: 'due_work', work });
  for (const remediation of work.expired) await deps.escalateExpired(remediation);
  for (const { remediation, reason } of work.needsHuman) await deps.escalateUnknown(remediation, reason);
  for (const remediation of work.toVerify) await deps.followUp(remediation);
}

async function guarded<T>(deps: WatchDeps, work: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    deps.say({ kind: 'warning', warning: { code: 'worker_error', detail } });
    return otherwise;
  }
}

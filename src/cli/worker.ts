import { claimVerification } from '../app/claim-verification.ts';
import { escalateIncident } from '../app/escalate.ts';
import { settleOriginal } from '../app/settle-original.ts';
import type { TriageReport } from '../app/triage.ts';
import { verifyOutcome } from '../app/verify-outcome.ts';
import { watch, type WatchEvent } from '../app/watch.ts';
import type { Remediation } from '../core/remediation.ts';
import { decideDeps, followDeps } from './decision-deps.ts';
import { runByGate, type DecisionScreen } from './decision-flow.ts';
import { runTriage } from './run-triage.ts';
import { closeReasonOf } from './outcome-code.ts';
import { engineOf, type Outside, type Session } from './session.ts';

export interface WorkerOptions {
  /** False in the demo, where the view triages itself. */
  readonly triages: boolean;
  readonly say: (event: WatchEvent) => void;
}

/** Runs the worker loop on this session until the signal aborts. */
export async function runWorker(
  session: Session,
  outside: Outside,
  options: WorkerOptions,
  stop: AbortSignal,
): Promise<void> {
  const engine = engineOf(session, outside);
  const following = new Set<number>();
  const page = async (remediation: Remediation, reason: string) => {
    if (remediation.incidentNumber === null) return;
    const incident = await session.incidents.getIncident(remediation.incidentNumber);
    if (incident === null) return;
    const details = { remediation: String(remediation.id), show: `scutum-sre show ${remediation.id}` };
    const deps = { ...session, pager: outside.pager };
    const { warnings } = await escalateIncident(incident, { reason, details }, deps);
    for (const warning of warnings) options.say({ kind: 'warning', warning });
  };
  const follow = async (remediation: Remediation) => {
    if (following.has(remediation.id)) return;
    following.add(remediation.id);
    try {
      await verifyAbandoned(remediation, session, outside, page);
    } finally {
      following.delete(remediation.id);
    }
  };
  await watch(
    {
      ...engine,
      workerId: session.randomness.hex(8),
      proveWriteAccess: outside.proveWriteAccess,
      triage: async () => {
        if (options.triages) await triageOnce(session, outside, options, follow);
      },
      followUp: (remediation) => {
        void follow(remediation).catch((error: unknown) => options.say(workerError(error)));
        return Promise.resolve();
      },
      escalateExpired: (remediation) =>
        page(remediation, `remediation ${remediation.id} expired: ${closeReasonOf(remediation)}`),
      escalateUnknown: (remediation, reason) =>
        page(remediation, `remediation ${remediation.id} needs a person: ${reason}`),
      say: options.say,
    },
    stop,
  );
}

/** Takes over the verification of a remediation whose process left it. */
async function verifyAbandoned(
  remediation: Remediation,
  session: Session,
  outside: Outside,
  page: (remediation: Remediation, reason: string) => Promise<void>,
): Promise<void> {
  const claimed = await claimVerification(remediation, engineOf(session, outside));
  if (claimed === null) return;
  const quiet = { look: () => undefined, waiting: () => undefined };
  const outcome = await verifyOutcome(claimed, followDeps(session, outside, quiet));
  if ('remediation' in outcome) await settleOriginal(outcome.remediation, session);
  if (outcome.kind === 'needs_human') await page(outcome.remediation, outcome.reason);
}

async function triageOnce(
  session: Session,
  outside: Outside,
  options: WorkerOptions,
  follow: (remediation: Remediation) => Promise<void>,
): Promise<void> {
  const report = await runTriage(session, outside, {
    only: null,
    unattended: true,
    progress: () => undefined,
  });
  for (const warning of report.warnings) options.say({ kind: 'warning', warning });
  options.say({ kind: 'incidents', incidents: report.items.map((item) => item.incident) });
  await runWhatMayRun(report, session, outside, options, follow);
}

async function runWhatMayRun(
  report: TriageReport,
  session: Session,
  outside: Outside,
  options: WorkerOptions,
  follow: (remediation: Remediation) => Promise<void>,
): Promise<void> {
  for (const { remediation } of report.items) {
    if (remediation?.status !== 'pending_approval') continue;
    if (remediation.document.gate.decision !== 'auto_execute') continue;
    const decision = await runByGate(remediation, silentScreen, decideDeps(session, outside));
    if (decision.kind === 'applied')
      void follow(decision.remediation).catch((error: unknown) => options.say(workerError(error)));
    else options.say({ kind: 'warning', warning: { code: 'not_run', detail: decision.message } });
  }
}

const silentScreen: DecisionScreen = {
  mayAsk: false,
  show: () => Promise.resolve(),
  confirm: () => Promise.resolve('declined'),
  say: () => undefined,
};

function workerError(error: unknown): WatchEvent {
  const detail = error instanceof Error ? error.message : String(error);
  return { kind: 'warning', warning: { code: 'worker_error', detail } };
}

import { claimVerification } from '../app/claim-verification.ts';
import { escalateLeftOver, escalateRemediation, type Trouble } from '../app/escalate.ts';
import type { Warning } from '../app/ports.ts';
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
  const pageDeps = { ...session, pager: outside.pager };
  const sayAll = (warnings: readonly Warning[]) => {
    for (const warning of warnings) options.say({ kind: 'warning', warning });
  };
  const page: Page = async (remediation, trouble, reason) =>
    sayAll(await escalateRemediation(remediation, { trouble, reason }, pageDeps));
  const askedInVain = new Map<number, number>();
  const follow = async (remediation: Remediation) => {
    if (following.has(remediation.id)) return;
    following.add(remediation.id);
    try {
      await verifyAbandoned(remediation, { session, outside, options, page }, stop);
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
        if (!options.triages) return;
        await triageOnce({ session, outside, options, page }, { follow, askedInVain });
        sayAll(await escalateLeftOver(pageDeps));
      },
      followUp: (remediation) => {
        void follow(remediation).catch((error: unknown) => options.say(workerError(error)));
        return Promise.resolve();
      },
      escalateExpired: (remediation) =>
        page(remediation, 'expired', `remediation ${remediation.id} expired: ${closeReasonOf(remediation)}`),
      escalateUnknown: (remediation, reason) =>
        page(remediation, 'needs_person', `remediation ${remediation.id} needs a person: ${reason}`),
      say: options.say,
    },
    stop,
  );
}

type Page = (remediation: Remediation, trouble: Trouble, reason: string) => Promise<void>;

interface WorkerParts {
  readonly session: Session;
  readonly outside: Outside;
  readonly options: WorkerOptions;
  readonly page: Page;
}

/** Takes over the verification of a remediation whose process left it, and tells what came of it. */
async function verifyAbandoned(
  remediation: Remediation,
  { session, outside, options, page }: WorkerParts,
  stop: AbortSignal,
): Promise<void> {
  const claimed = await claimVerification(remediation, engineOf(session, outside));
  if (claimed === null) return;
  const quiet = { look: () => undefined, waiting: () => undefined };
  const outcome = await verifyOutcome(claimed, followDeps(session, outside, quiet), stop);
  if (outcome.kind === 'needs_human') {
    await page(outcome.remediation, 'needs_person', outcome.reason);
    return;
  }
  if (outcome.kind !== 'verified' && outcome.kind !== 'reverted') return;
  const { remediation: judged, verification } = outcome;
  options.say({ kind: 'outcome', remediation: judged, verification });
  // Undone by itself or left in force for a person to decide: somebody must know (design.md §2.6).
  if (verification.outcome === 'worse')
    await page(judged, 'needs_person', `remediation ${judged.id} made it worse: ${verification.detail}`);
}

async function triageOnce(
  parts: WorkerParts,
  memory: {
    readonly follow: (remediation: Remediation) => Promise<void>;
    readonly askedInVain: Map<number, number>;
  },
): Promise<void> {
  const { session, outside, options } = parts;
  const report = await runTriage(session, outside, {
    only: null,
    unattended: true,
    askedInVain: memory.askedInVain,
    progress: () => undefined,
  });
  for (const warning of report.warnings) options.say({ kind: 'warning', warning });
  options.say({ kind: 'incidents', items: report.items });
  for (const { remediation } of report.items)
    if (remediation !== null) await runOrTell(remediation, parts, memory.follow);
}

/** Runs what the gate lets run. What nobody may approve fits nothing: on-call hears of it, once an incident. */
async function runOrTell(
  remediation: Remediation,
  { session, outside, options, page }: WorkerParts,
  follow: (remediation: Remediation) => Promise<void>,
): Promise<void> {
  const { id, status, document } = remediation;
  if (status === 'refused' || status === 'assist_only') {
    const why = document.gate.reasons.map(({ detail }) => detail).join('; ');
    return page(remediation, 'needs_person', `${document.action.type} (${id}) is ${status}: ${why}`);
  }
  if (status !== 'pending_approval' || document.gate.decision !== 'auto_execute') return;
  const decision = await runByGate(remediation, silentScreen, decideDeps(session, outside));
  if (decision.kind === 'applied') {
    void follow(decision.remediation).catch((error: unknown) => options.say(workerError(error)));
    return;
  }
  options.say({ kind: 'warning', warning: { code: 'not_run', detail: decision.message } });
  if (decision.remediation?.status === 'needs_human')
    await page(decision.remediation, 'needs_person', decision.message);
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

import type { Evidence, ReadingName } from '../core/evidence.ts';
import { readFact } from '../core/fact.ts';
import type { Remediation, Verification } from '../core/remediation.ts';
import { secondsToMs } from '../core/tempo.ts';
import { judgeOutcome, readSignals, worstSignal } from '../core/verification.ts';
import { glanceAt } from './apply-change.ts';
import { asJson, draftFor, leaseMs, portFor, type EngineDeps } from './engine.ts';
import { revertIfDue, revertRemediation } from './revert.ts';
import { settleOriginal } from './settle-original.ts';

export interface VerifyDeps extends EngineDeps {
  readonly readEvidence: (names: readonly ReadingName[]) => Promise<Evidence>;
  readonly readingsFor: (remediation: Remediation) => readonly ReadingName[];
  /** False for actions whose signal a tenant could move to free itself. */
  readonly revertsWhenWorse: (remediation: Remediation) => boolean;
  /** Called with each look at the signal, for the screen. */
  readonly progress: (look: VerificationLook) => void;
}

export interface VerificationLook {
  readonly signal: number | null;
  readonly verification: Verification;
  readonly elapsedMs: number;
  readonly deadlineMs: number;
}

export type VerifyOutcome =
  | { readonly kind: 'verified'; readonly remediation: Remediation; readonly verification: Verification }
  | { readonly kind: 'reverted'; readonly remediation: Remediation; readonly verification: Verification }
  | { readonly kind: 'needs_human'; readonly remediation: Remediation; readonly reason: string }
  /** Its timer, another worker or a person moved it on meanwhile. */
  | { readonly kind: 'overtaken'; readonly remediation: Remediation | null }
  /** The caller stopped following; a worker goes on. */
  | { readonly kind: 'left'; readonly remediation: Remediation };

/** One look at the signal every this many nominal seconds. */
const lookEverySeconds = 5;

type Applied = Remediation & { readonly status: 'applied' };

/**
 * Follows an applied remediation until its outcome is known: the values must still read back, and the signal the action
 * promised is judged after its settle time. Worse → the inverse runs once, by itself. A timer that is due meanwhile fires.
 */
export async function verifyOutcome(
  applied: Applied,
  deps: VerifyDeps,
  stop?: AbortSignal,
): Promise<VerifyOutcome> {
  const { expectation } = applied.document;
  if (expectation === null)
    return settleVerified(applied, { outcome: 'inconclusive', detail: withoutSignal(applied, deps) }, deps);
  const started = deps.clock.monotonicMs();
  const deadlineMs = secondsToMs(deps.tempo, expectation.deadlineSeconds);
  for (;;) {
    if (stop?.aborted === true) return { kind: 'left', remediation: applied };
    if (!(await deps.remediations.renewLease(applied.id, applied.fence, leaseMs)))
      return overtaken(applied, deps);
    if (applied.execution.revertAt !== null && (await revertIfDue(applied.id, deps)) !== null)
      return overtaken(applied, deps);
    const lost = await lostChange(applied, { elapsedMs: deps.clock.monotonicMs() - started }, deps);
    if (lost !== null) return handOver(applied, lost, deps);
    const elapsedMs = deps.clock.monotonicMs() - started;
    const evidence = await deps.readEvidence(deps.readingsFor(applied));
    const verification = judgeOutcome({
      expectation,
      before: applied.execution.signalsBefore ?? [],
      after: expectation.subjects.map((subject) => readFact(evidence, expectation.fact, subject)),
      receipts: applied.execution.receipts,
      elapsedMs,
      tempo: deps.tempo,
    });
    const signal = worstSignal(readSignals(evidence, expectation), expectation.better);
    deps.progress({ signal, verification, elapsedMs, deadlineMs });
    if (verification.outcome === 'worse' && deps.revertsWhenWorse(applied))
      return undoWorse(applied, verification, deps);
    if (verification.outcome !== 'pending') return settleVerified(applied, verification, deps);
    await deps.clock.sleep(Math.max(250, secondsToMs(deps.tempo, lookEverySeconds)), stop);
  }
}

/** What is known where no signal was promised: the values themselves, unless they cannot even be read. */
export function withoutSignal(applied: Remediation, deps: Pick<EngineDeps, 'effects'>): string {
  const readable = applied.document.changes.some((change) => {
    const port = portFor(deps.effects, change.target);
    return typeof port !== 'string' && !port.oneShot;
  });
  return readable
    ? 'read back as written; there is no signal to judge it by'
    : 'accepted; nothing can be read back';
}

/**
 * A value that no longer reads as written, or null. What cannot be read now is not evidence of loss, and neither is an old
 * value while a cache of the gateway may still show it.
 */
export async function lostChange(
  applied: Applied,
  { elapsedMs }: { readonly elapsedMs: number },
  deps: Pick<EngineDeps, 'effects'>,
): Promise<string | null> {
  for (const change of applied.document.changes) {
    const port = portFor(deps.effects, change.target);
    if (typeof port === 'string' || port.oneShot) continue;
    const standing = await glanceAt(change, port);
    if (!standing.reachable) return null;
    const old = standing.at === 'from' && elapsedMs >= (port.showsWithinMs ?? 0);
    if (old || standing.at === 'elsewhere')
      return `${change.target} ${change.field} now reads ${standing.shown}, not ${JSON.stringify(change.to)}`;
  }
  return null;
}

/** A person must look. A timer stays set: what is still ours is undone at its time (reliability.md §1.6). */
export async function handOver(applied: Applied, reason: string, deps: EngineDeps): Promise<VerifyOutcome> {
  if (await isBeingUndone(applied, deps)) return overtaken(applied, deps);
  const step = await deps.remediations.transition({
    id: applied.id,
    fence: applied.fence,
    from: ['applied'],
    to: 'needs_human',
    execution: {
      ...applied.execution,
      finishedAt: deps.clock.now(),
      verification: { outcome: 'inconclusive', detail: reason },
    },
    audit: draftFor(applied, 'needs_human', { reason }, deps),
  });
  if (step.kind !== 'done') return overtaken(applied, deps);
  return { kind: 'needs_human', remediation: step.remediation, reason };
}

/** An undo of its own is what changes the values right now; its end closes this remediation. */
async function isBeingUndone(applied: Applied, deps: EngineDeps): Promise<boolean> {
  const running = await deps.remediations.listRemediations({
    statuses: ['executing', 'applied', 'needs_human'],
    limit: 500,
  });
  return running.some((row) => row.revertOf === applied.id);
}

async function overtaken(applied: Applied, deps: EngineDeps): Promise<VerifyOutcome> {
  return { kind: 'overtaken', remediation: await deps.remediations.getRemediation(applied.id) };
}

/** Records a verdict that leaves the remediation in force. */
export async function settleVerified(
  applied: Applied,
  verification: Verification,
  deps: EngineDeps,
): Promise<VerifyOutcome> {
  await settleOriginal(applied, deps);
  const step = await deps.remediations.transition({
    id: applied.id,
    fence: applied.fence,
    from: ['applied'],
    to: 'verified',
    execution: { ...applied.execution, verification, finishedAt: deps.clock.now() },
    audit: draftFor(applied, 'verified', { verification: asJson(verification) }, deps),
  });
  if (step.kind !== 'done') return overtaken(applied, deps);
  return { kind: 'verified', remediation: step.remediation, verification };
}

/** The verdict and the start of the undo are one step: nobody can die between them. */
async function undoWorse(
  applied: Applied,
  verification: Verification,
  deps: VerifyDeps,
): Promise<VerifyOutcome> {
  const execution = { ...applied.execution, verification, finishedAt: deps.clock.now() };
  const reverted = await revertRemediation({ ...applied, execution }, { ...deps, cause: 'worse' });
  switch (reverted.kind) {
    case 'reverted':
      return { kind: 'reverted', remediation: reverted.remediation, verification };
    case 'needs_human':
      return reverted;
    case 'unreached':
      return { kind: 'needs_human', remediation: reverted.remediation, reason: reverted.reason };
    case 'fenced_out':
      return overtaken(applied, deps);
    default:
      return reverted satisfies never;
  }
}

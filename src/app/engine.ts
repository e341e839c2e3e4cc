import type { AuditDraft, AuditKind } from '../core/audit/audit-record.ts';
import type { Change } from '../core/change.ts';
import type { JsonObject, JsonValue } from '../core/json.ts';
import type { ChangeReceipt, Remediation } from '../core/remediation.ts';
import type { Tempo } from '../core/tempo.ts';
import { attemptChange, writeDeadlineMs, type Attempt } from './apply-change.ts';
import type { Clock, ControlStore, EffectPort, Randomness, RemediationStore } from './ports.ts';

/** A claim holds this long; renewed before every change (reliability.md §1.1). */
export const leaseMs = 15_000;
/**
 * A dead execution, or an undo, is begun at most this often while its system cannot be reached: a lease apart, about ten
 * minutes; then a person is asked. Counted and not timed, for the clocks of two machines may differ by an hour.
 */
export const triesMax = 40;

/** What executing, reverting and recovering share. */
export interface EngineDeps {
  readonly remediations: RemediationStore;
  readonly control: ControlStore;
  readonly effects: readonly EffectPort[];
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly tempo: Tempo;
  readonly operator: string;
}

/** The port that serves a target, or why there is none. */
export function portFor(effects: readonly EffectPort[], target: string): EffectPort | string {
  const port = effects.find((candidate) => candidate.serves(target));
  if (port === undefined) return `nothing here can change \`${target}\``;
  return port.unavailable ?? port;
}

/** Why these changes cannot run here at all; null when every port is there. */
export function unavailableReason(effects: readonly EffectPort[], changes: readonly Change[]): string | null {
  for (const change of changes) {
    const port = portFor(effects, change.target);
    if (typeof port === 'string') return port;
  }
  return null;
}

export interface ChangeRun {
  readonly remediation: Remediation;
  readonly changes: readonly Change[];
  /** Ignore the kill switch: true only for what undoes (reliability.md §1.6). */
  readonly whileSuspended: boolean;
  /** What undoes goes on past a change that cannot be undone: the others must not stay in force for it. */
  readonly onFailure: 'stop' | 'go_on';
  /** Called after each change, so that what was done is on record before the next; false ends the run. */
  readonly record: (receipts: readonly ChangeReceipt[]) => Promise<boolean>;
}

/** Applies changes one after the other and gives a receipt for each that was tried. */
export async function runChanges(run: ChangeRun, deps: EngineDeps): Promise<readonly ChangeReceipt[]> {
  const receipts: ChangeReceipt[] = [];
  for (const change of run.changes) {
    const { receipt, reachable } = await runOne(change, run, deps);
    receipts.push(receipt);
    if (!(await run.record(receipts))) break;
    if (!isDone(receipt) && (run.onFailure === 'stop' || !reachable)) break;
  }
  return receipts;
}

/** True when the change is in force after the attempt. */
export function isDone(receipt: ChangeReceipt): boolean {
  return receipt.result === 'applied' || receipt.result === 'already_there';
}

async function runOne(change: Change, run: ChangeRun, deps: EngineDeps): Promise<Attempt> {
  const port = portFor(deps.effects, change.target);
  if (typeof port === 'string')
    return { receipt: { change, result: 'not_applied', detail: port }, reachable: true };
  const { id, fence } = run.remediation;
  let ours = true;
  const renew = async () => (ours = await deps.remediations.renewLease(id, fence, leaseMs));
  const attempt = await attemptChange(change, {
    port,
    clock: deps.clock,
    operator: deps.operator,
    stillOurs: renew,
    holdBack: async () => (await suspendedFor(run, deps)) ?? (await leaseTaken(renew, deps)),
  });
  return { ...attempt, reachable: attempt.reachable && ours };
}

async function suspendedFor(run: ChangeRun, deps: EngineDeps): Promise<string | null> {
  if (run.whileSuspended) return null;
  const { suspended, reason } = await deps.control.suspension();
  return suspended ? `suspended: ${reason ?? 'no reason given'}` : null;
}

/** Why there is no lease that outlasts the write; null when there is. Renewed directly before the write. */
async function leaseTaken(renew: () => Promise<boolean>, deps: EngineDeps): Promise<string | null> {
  const asked = deps.clock.monotonicMs();
  if (!(await renew())) return 'another process took over';
  // The process may have been stopped and continued since: its own clock, which nobody sets, tells.
  const left = leaseMs - (deps.clock.monotonicMs() - asked);
  return left > writeDeadlineMs ? null : 'the lease ran out before the write';
}

/** An audit draft of this remediation, stamped now. */
export function draftFor(
  remediation: Pick<Remediation, 'id' | 'incidentNumber'> & {
    readonly execution?: { readonly id: string } | null;
  },
  kind: AuditKind,
  body: JsonObject,
  deps: Pick<EngineDeps, 'clock' | 'operator'>,
): AuditDraft {
  return {
    kind,
    at: deps.clock.now(),
    incidentNumber: remediation.incidentNumber,
    remediationId: remediation.id,
    executionId: remediation.execution?.id ?? null,
    actor: deps.operator,
    body,
  };
}

/** Typed values as JSON for an audit body. */
export function asJson(value: unknown): JsonValue {
  return JSON.parse(JSON.stringify(value ?? null)) as JsonValue;
}

import type { AuditDraft, AuditKind } from '../core/audit/audit-record.ts';
import type { Change } from '../core/change.ts';
import type { JsonObject, JsonValue } from '../core/json.ts';
import type { ChangeReceipt, Remediation } from '../core/remediation.ts';
import type { Tempo } from '../core/tempo.ts';
import { applyChange } from './apply-change.ts';
import type { Clock, ControlStore, EffectPort, Randomness, RemediationStore } from './ports.ts';

/** A claim holds this long; renewed before every change (reliability.md §1.1). */
export const leaseMs = 15_000;

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
  /** Ignore the kill switch: true only for inverses (reliability.md §1.6). */
  readonly whileSuspended: boolean;
  /** Called after each change, so that what was done is on record before the next. */
  readonly record: (receipts: readonly ChangeReceipt[]) => Promise<boolean>;
}

/** Applies changes one after the other and stops at the first that did not come out as `applied` or `already_there`. */
export async function runChanges(run: ChangeRun, deps: EngineDeps): Promise<readonly ChangeReceipt[]> {
  const receipts: ChangeReceipt[] = [];
  for (const change of run.changes) {
    const receipt = await runOne(change, run, deps);
    receipts.push(receipt);
    if (!(await run.record(receipts))) break;
    if (!isDone(receipt)) break;
  }
  return receipts;
}

/** True when the change is in force after the attempt. */
export function isDone(receipt: ChangeReceipt): boolean {
  return receipt.result === 'applied' || receipt.result === 'already_there';
}

async function runOne(change: Change, run: ChangeRun, deps: EngineDeps): Promise<ChangeReceipt> {
  const port = portFor(deps.effects, change.target);
  if (typeof port === 'string') return { change, result: 'not_applied', detail: port };
  const leaseStart = deps.clock.monotonicMs();
  const renewed = await deps.remediations.renewLease(run.remediation.id, run.remediation.fence, leaseMs);
  if (!renewed) return { change, result: 'not_applied', detail: 'another process took over' };
  return applyChange(change, {
    port,
    clock: deps.clock,
    operator: deps.operator,
    holdBack: async () => {
      const suspension = run.whileSuspended
        ? { suspended: false, reason: null }
        : await deps.control.suspension();
      if (suspension.suspended) return `suspended: ${suspension.reason ?? 'no reason given'}`;
      // The process may have been stopped and continued: the monotonic clock decides directly before the write.
      const left = leaseMs - (deps.clock.monotonicMs() - leaseStart);
      return left < leaseMs / 2 ? 'the lease ran out before the write' : null;
    },
  });
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

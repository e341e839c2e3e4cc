import type { ActionLibrary } from '../core/action.ts';
import type { AuditDraft, AuditHead, AuditRow } from '../core/audit/audit-record.ts';
import type { Change } from '../core/change.ts';
import type { ReadingName, Readings, Reading, SlaContract } from '../core/evidence.ts';
import type { Escalation, Incident, IncidentKind, Signal } from '../core/incident.ts';
import type { JsonValue } from '../core/json.ts';
import type {
  Approval,
  Execution,
  Remediation,
  RemediationDocument,
  RemediationStatus,
} from '../core/remediation.ts';

/** A source of incidents. Throws `SourceError` when it is down; the caller turns that into a warning. */
export interface SignalSourcePort {
  readonly name: string;
  readonly detect: (signal: AbortSignal) => Promise<Detection>;
}

export interface Detection {
  readonly signals: readonly Signal[];
  /** Kinds this source can judge: their absence here counts towards closing. */
  readonly judges: readonly IncidentKind[];
  /** Rows or alerts that could not be parsed, and cuts: said, never silent. */
  readonly warnings: readonly Warning[];
}

export interface Warning {
  readonly code: string;
  readonly detail: string;
}

/** An outside system that did not answer as it should. `detail` is already stripped and free of secrets. */
export class SourceError extends Error {
  readonly code: string;
  constructor(code: string, detail: string) {
    super(detail);
    this.name = 'SourceError';
    this.code = code;
  }
}

/** Reads facts of the gateway; each name is read at most once per triage, late means unknown. */
export interface FactReader {
  readonly name: string;
  readonly provides: readonly ReadingName[];
  readonly read: <N extends ReadingName>(name: N, signal: AbortSignal) => Promise<Reading<Readings[N]>>;
}

/** What a write to an outside system came to. Never throws for an answer; `ambiguous` must be probed. */
export type WriteResult =
  | { readonly status: 'accepted' }
  | { readonly status: 'refused'; readonly reason: string }
  | { readonly status: 'ambiguous'; readonly reason: string };

export type ProbeResult =
  | { readonly status: 'known'; readonly value: JsonValue }
  | { readonly status: 'not_readable'; readonly reason: string }
  | { readonly status: 'unreachable'; readonly reason: string };

/** Applies and reads single changes. One implementation per target prefix; `app/execute.ts` is its only caller. */
export interface EffectPort {
  /** True for targets this port serves, for example `litellm:`. */
  readonly serves: (target: string) => boolean;
  /** Why effects cannot run here at all (missing configuration); null when they can. */
  readonly unavailable: string | null;
  /** True when nothing can be read back: accepted is final (a page). */
  readonly oneShot: boolean;
  /** An accepted write may take this many real ms to show when read back (a cache of the gateway); default 0. */
  readonly showsWithinMs?: number;
  readonly probe: (change: Change, signal: AbortSignal) => Promise<ProbeResult>;
  readonly write: (
    change: Change,
    by: { readonly operator: string },
    signal: AbortSignal,
  ) => Promise<WriteResult>;
}

export interface IncidentStore {
  /**
   * Folds signals into incidents by fingerprint and appends an audit row for each newly opened one; two workers that
   * fold at once make one incident. Then closes incidents of the judged kinds not seen for `closeAfterMs`.
   */
  readonly fold: (input: {
    readonly signals: readonly Signal[];
    readonly judges: readonly IncidentKind[];
    readonly closeAfterMs: number;
    readonly actor: string;
  }) => Promise<void>;
  readonly listIncidents: (filter: {
    readonly open: boolean;
    readonly limit: number;
  }) => Promise<readonly Incident[]>;
  readonly getIncident: (number: number) => Promise<Incident | null>;
  readonly recordEscalation: (number: number, escalation: Escalation, audit: AuditDraft) => Promise<void>;
  /** Escalation pages sent in the last hour. */
  readonly countPages: () => Promise<number>;
}

/** What a new remediation holds before it has an id; the digest needs the id, so the store calls back for it. */
export interface RemediationDraft {
  readonly incidentNumber: number | null;
  readonly revertOf: number | null;
  readonly status: 'assist_only' | 'refused' | 'pending_approval';
  readonly document: RemediationDocument;
  /** Milliseconds from the database clock until an approval expires. */
  readonly expiresInMs: number;
  readonly digest: (bound: { readonly id: number; readonly expiresAt: string }) => string;
}

export type ProposeResult =
  | { readonly kind: 'stored'; readonly remediation: Remediation }
  /** Another open remediation holds the incident or one of the targets. */
  | { readonly kind: 'occupied'; readonly by: number };

export type TransitionResult =
  | { readonly kind: 'done'; readonly remediation: Remediation }
  /** Somebody else moved it first. */
  | { readonly kind: 'fenced_out'; readonly remediation: Remediation | null }
  | { readonly kind: 'suspended'; readonly reason: string }
  | { readonly kind: 'expired' };

/** A guarded step of the life cycle; the audit row is written in the same transaction or nothing is. */
export interface Transition {
  readonly id: number;
  readonly fence: number;
  readonly from: readonly RemediationStatus[];
  readonly to: RemediationStatus;
  readonly audit: AuditDraft;
  /** Take the next fence and a lease of this many ms (start of an execution or a revert). */
  readonly claimLeaseMs?: number;
  /** Lock the suspension row and refuse while suspended. */
  readonly unlessSuspended?: boolean;
  /** Refuse unless the stored digest is this one. */
  readonly digest?: string;
  /** Refuse (`expired`) once the database clock passed `expires_at`. */
  readonly unlessExpired?: boolean;
  readonly approval?: Approval;
  readonly execution?: Execution;
  /** Set `execution.revertAt` to this many ms after the database's now (null keeps it unset). */
  readonly revertInMs?: number | null;
  readonly document?: RemediationDocument;
  readonly newDigest?: (bound: { readonly id: number; readonly expiresAt: string }) => string;
  /** Restart the approval clock: expires this many ms from the database's now. */
  readonly expiresInMs?: number;
  readonly closeReason?: string;
}

export interface RemediationStore {
  readonly propose: (
    draft: RemediationDraft,
    audit: (id: number, digest: string) => AuditDraft,
  ) => Promise<ProposeResult>;
  readonly transition: (step: Transition) => Promise<TransitionResult>;
  readonly getRemediation: (id: number) => Promise<Remediation | null>;
  readonly openRemediationOf: (incidentNumber: number) => Promise<Remediation | null>;
  readonly listRemediations: (filter: {
    readonly incidentNumber?: number;
    readonly statuses?: readonly RemediationStatus[];
    readonly limit: number;
  }) => Promise<readonly Remediation[]>;
  /** Remediations in force, or waiting for a person with their timer still set, whose inverse is due by the database clock. */
  readonly dueReverts: (limit: number) => Promise<readonly Remediation[]>;
  /** Pending approvals, and approvals that were not run, past their expiry by the database clock. */
  readonly dueExpiries: (limit: number) => Promise<readonly Remediation[]>;
  /** Executions and reverts whose lease ran out: their process died (`executing`, `applied`, `reverting`). */
  readonly abandoned: (limit: number) => Promise<readonly Remediation[]>;
  readonly renewLease: (id: number, fence: number, leaseMs: number) => Promise<boolean>;
  /** Past tries of the same locks and of the same pattern, for loop guard, pressure and novelty. */
  readonly history: (query: {
    readonly locks: readonly string[];
    readonly patternKey: string;
  }) => Promise<RemediationHistory>;
}

export interface RemediationHistory {
  /** Executed attempts on any of the locks in the last hour. */
  readonly attemptsLastHour: number;
  /** A remediation of the same target failed or made it worse in the last 60 min. */
  readonly failedLastHour: boolean;
  /** The most recent executed attempt on the target in 24 h did not help. */
  readonly lastDidNotHelp: boolean;
  /** Closed executions with this pattern key: how many, and how many ended well. */
  readonly patternSeen: number;
  readonly patternGood: number;
}

export interface ControlStore {
  readonly suspension: () => Promise<{
    readonly suspended: boolean;
    readonly reason: string | null;
    readonly at: string | null;
  }>;
  readonly setSuspension: (suspended: boolean, reason: string, audit: AuditDraft) => Promise<void>;
  readonly heartbeat: (worker: {
    readonly id: string;
    readonly gatewayWriteProven: boolean;
  }) => Promise<void>;
  readonly retireWorker: (id: string) => Promise<void>;
}

export interface AuditLog {
  readonly append: (draft: AuditDraft) => Promise<AuditHead>;
  readonly head: () => Promise<AuditHead>;
  /** Rows in order of seq, in pages; rows outside since/until come as stubs (entry null). */
  readonly rows: (range: { readonly since?: string; readonly until?: string }) => AsyncIterable<AuditRow>;
}

export interface SlaStore {
  readonly listSlas: () => Promise<readonly SlaContract[]>;
  readonly setSla: (contract: SlaContract, audit: AuditDraft) => Promise<void>;
  readonly removeSla: (id: string, audit: AuditDraft) => Promise<boolean>;
}

/** Pages on-call outside the gate (escalation). Returns when accepted. Null reason = accepted. */
export interface PagerPort {
  readonly configured: boolean;
  readonly page: (
    page: {
      readonly dedupKey: string;
      readonly summary: string;
      readonly severity: 'critical' | 'error' | 'warning' | 'info';
      readonly details: Readonly<Record<string, string>>;
    },
    signal: AbortSignal,
  ) => Promise<{ readonly accepted: boolean; readonly reason: string }>;
}

/** One chat model behind an OpenAI-compatible endpoint. */
export interface ModelPort {
  readonly model: string;
  /** Sends one request; never retries past `signal`. Errors are values. */
  readonly complete: (request: ModelRequest, signal: AbortSignal) => Promise<ModelAnswer>;
}

export interface ModelRequest {
  readonly system: string;
  readonly user: string;
  /** Earlier answer and what was wrong with it, for the one repair. */
  readonly repair: { readonly answer: string; readonly problem: string } | null;
  readonly schema: { readonly name: string; readonly jsonSchema: Readonly<Record<string, unknown>> };
}

export type ModelAnswer =
  | {
      readonly status: 'answered';
      readonly text: string;
      readonly promptTokens: number | null;
      readonly completionTokens: number | null;
      readonly costUsd: number | null;
      /** Why the text cannot be an answer although the model is alive: refused, cut, filtered or empty. */
      readonly problem?: string;
    }
  | { readonly status: 'unavailable'; readonly reason: string };

export interface Clock {
  /** ISO 8601 UTC with milliseconds. */
  readonly now: () => string;
  readonly monotonicMs: () => number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

export interface Randomness {
  /** Lower-case hex of this many random bytes. */
  readonly hex: (bytes: number) => string;
}

export type { ActionLibrary };

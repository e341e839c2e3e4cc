import type { ActionDefinition, ActionLibrary } from '../core/action.ts';
import { dryRun } from '../core/dry-run.ts';
import type { DryRun } from '../core/dry-run.ts';
import { known, type Evidence } from '../core/evidence.ts';
import type { GateDecision } from '../core/gate.ts';
import { decideGate } from '../core/gate.ts';
import type { Incident } from '../core/incident.ts';
import { insideIncident } from '../core/incident-scope.ts';
import { combineConfidence } from '../core/confidence.ts';
import { patternKey } from '../core/novelty.ts';
import type { Policy } from '../core/policy/default-policy.ts';
import type { Proposal } from '../core/proposal.ts';
import { effectiveReversibility } from '../core/risk/reversibility.ts';
import type { RiskScore, RiskSettings } from '../core/risk/risk-score.ts';
import { scoreRisk } from '../core/risk/score-risk.ts';
import type { EngineDeps } from './engine.ts';
import type { RemediationHistory } from './ports.ts';

const cascadeWindowMs = 30 * 60_000;

export type RemediateProposal = Extract<Proposal, { readonly kind: 'remediate' }>;

export interface AssessDeps extends EngineDeps {
  readonly library: ActionLibrary;
  readonly deployment: string;
  readonly tau: number;
  readonly autoApprove: boolean;
  /** IANA zone of business hours; null = always after hours. */
  readonly timeZone: string | null;
  readonly riskSettings: RiskSettings;
  readonly policy: Policy;
  /** Runs what must be run before a pure dry run (a runbook's own dry-run script); identity for built-in actions. */
  readonly prepare: (
    action: ActionDefinition,
    params: RemediateProposal['action']['params'],
  ) => Promise<ActionDefinition>;
}

/** What a decision is made on. */
export interface Ground {
  readonly incident: Incident | null;
  readonly evidence: Evidence;
  /** Every open incident, for the cascade. */
  readonly open: readonly Incident[];
}

export interface Judgement {
  readonly action: ActionDefinition;
  readonly dryRun: DryRun;
  readonly risk: RiskScore;
  readonly gate: GateDecision;
  readonly confidence: number | null;
  readonly patternKey: string;
}

export interface JudgeSubject {
  readonly proposal: RemediateProposal;
  /** The remediation that this one undoes. */
  readonly revertOf: number | null;
}

/** Dry-runs, scores and gates a proposal. No effect; reads only our own store's history and suspension. */
export async function judge(subject: JudgeSubject, ground: Ground, deps: AssessDeps): Promise<Judgement> {
  const { proposal } = subject;
  const found = deps.library.find(proposal.action.type);
  if (found === null) throw new Error(`\`${proposal.action.type}\` is not in the library`);
  const params = found.params.parse(proposal.action.params);
  const action = await deps.prepare(found, params);
  const context = {
    evidence: ground.evidence,
    incident: ground.incident,
    now: deps.clock.now(),
    tempo: deps.tempo,
  };
  const run = dryRun({ action, params, context, modelPreconditions: proposal.preconditions });
  const pattern = patternKey({
    incident: ground.incident,
    errorClasses: errorClassesOf(ground),
    actionType: action.type,
  });
  const history = await deps.remediations.history({ locks: run.locks, patternKey: pattern });
  const confidence = combineConfidence({
    proposedBy: proposal.proposedBy,
    reported: proposal.confidence,
    citedFacts: proposal.citedFacts,
    evidence: ground.evidence,
    history,
  });
  const risk = riskOf({ action, run, history, revertOf: subject.revertOf }, ground, deps);
  const { suspended } = await deps.control.suspension();
  const gate = decideGate({
    action: { type: action.type, subject: action.subject(params) },
    proposedBy: proposal.proposedBy,
    confidence,
    dryRun: run,
    risk,
    incidentConfirmed: ground.incident === null ? null : ground.incident.confirmed,
    insideIncident: scopeOf(action, params, run, ground),
    history,
    freeze: { state: 'not_configured' },
    errorBudget: { state: 'not_configured' },
    regulated: { state: 'not_configured' },
    policy: deps.policy,
    policyState: { state: 'in_force' },
    qualifiedDaysAgo: null,
    suspended,
    autoApprove: deps.autoApprove,
    revertOf: subject.revertOf,
    now: deps.clock.now(),
    timeZone: deps.timeZone,
  });
  return { action, dryRun: run, risk, gate, confidence, patternKey: pattern };
}

/** The dominant error class of the incident's provider, as the clients saw it. */
function errorClassesOf({ incident, evidence }: Ground): Readonly<Record<string, number>> {
  const provider = incident?.scope['provider'];
  const row = known(evidence, 'traffic.providers')?.find((traffic) => traffic.provider === provider);
  const dominant = row?.dominantErrorClass ?? null;
  return dominant === null ? {} : { [dominant]: 1 };
}

function riskOf(
  input: { action: ActionDefinition; run: DryRun; history: RemediationHistory; revertOf: number | null },
  ground: Ground,
  deps: AssessDeps,
): RiskScore {
  const worker = known(ground.evidence, 'own.worker');
  return scoreRisk({
    actionType: input.action.type,
    // A revert is a remediation of its own with baseline 0 (design.md §2.8).
    baseline: input.revertOf === null ? input.action.baseline : 0,
    reach: input.run.reach,
    bucket: effectiveReversibility({
      declared: input.action.reversibility,
      heartbeatAgeMs: worker?.heartbeatAgeMs ?? null,
      gatewayWriteAgeMs: worker?.gatewayWriteAgeMs ?? null,
    }),
    preconditions: input.run.preconditions,
    pressure: {
      now: deps.clock.now(),
      timeZone: deps.timeZone,
      openIncidentsOnSameProvider: sameProvider(ground, deps.clock.now()),
      failedLastHour: input.history.failedLastHour,
      freeze: { state: 'not_configured' },
      errorBudget: { state: 'not_configured' },
    },
    threshold: deps.tau,
    settings: deps.riskSettings,
  });
}

function sameProvider(ground: Ground, now: string): number {
  const provider = ground.incident?.scope['provider'];
  if (provider === undefined) return 0;
  return ground.open.filter(
    (incident) =>
      incident.scope['provider'] === provider &&
      Date.parse(now) - Date.parse(incident.openedAt) <= cascadeWindowMs,
  ).length;
}

function scopeOf(
  action: ActionDefinition,
  params: RemediateProposal['action']['params'],
  run: DryRun,
  ground: Ground,
): { readonly inside: boolean | null; readonly detail: string } {
  // A person may act without an incident; there is then no scope to leave.
  if (ground.incident === null) return { inside: true, detail: 'belongs to no incident' };
  return insideIncident({
    incident: ground.incident,
    action,
    subject: action.subject(params),
    changes: run.changes,
    evidence: ground.evidence,
  });
}

import type { Evidence } from '../core/evidence.ts';
import { incidentId, type Escalation, type Incident } from '../core/incident.ts';
import { playbook } from '../core/playbook.ts';
import type { Remediation } from '../core/remediation.ts';
import { lockingStatuses } from '../core/remediation.ts';
import type { RemediationStatus } from '../core/remediation.ts';
import { assess } from './assess.ts';
import type { AssessDeps } from './judge.ts';
import { collectEvidence } from './collect-evidence.ts';
import { detectIncidents } from './detect-incidents.ts';
import { asJson } from './engine.ts';
import { escalateIncident, type EscalateDeps } from './escalate.ts';
import { actingOnScope } from './in-force.ts';
import type { AuditLog, FactReader, ModelPort, SignalSourcePort, Warning } from './ports.ts';
import { readingsNeeded } from './readings-needed.ts';
import { refreshRemediation } from './refresh.ts';
import { requestProposal, type ProposalRequestOutcome } from './request-proposal.ts';

/** Incidents worked on at once (design.md §2.7). */
const atOnce = 4;
/** The whole of a triage, real time. */
export const triageDeadlineMs = 90_000;

export interface TriageDeps extends AssessDeps, Omit<EscalateDeps, 'clock' | 'operator' | 'deployment'> {
  readonly audit: AuditLog;
  readonly sources: readonly SignalSourcePort[];
  readonly readers: readonly FactReader[];
  readonly models: readonly ModelPort[];
  /** A worker does not propose again what a person just declined; a person who asks for triage gets a new proposal. */
  readonly unattended: boolean;
  /**
   * Incidents for which a model was asked without a proposal coming of it, with the monotonic time; kept by the caller from
   * one run to the next. Unattended, the same question is not paid for again within ten minutes.
   */
  readonly askedInVain?: Map<number, number>;
  readonly progress: (step: string) => void;
}

export interface TriageItem {
  readonly incident: Incident;
  readonly remediation: Remediation | null;
  readonly escalation: Escalation | null;
}

export interface TriageReport {
  readonly at: string;
  readonly suspended: boolean;
  readonly items: readonly TriageItem[];
  readonly warnings: readonly Warning[];
  /** Every incident source was down: nothing can be said. */
  readonly allSourcesDown: boolean;
}

/** Finds open incidents and brings each to a proposal that was dry-run, scored and gated. Runs nothing. */
export async function triage(deps: TriageDeps, only: number | null = null): Promise<TriageReport> {
  deps.progress('looking for incidents');
  const detection = await detectIncidents({
    sources: deps.sources,
    incidents: deps.incidents,
    tempo: deps.tempo,
    actor: deps.operator,
  });
  const chosen = detection.incidents.filter((incident) => only === null || incident.number === only);
  const kinds = [...new Set(chosen.map((incident) => incident.kind))];
  deps.progress('reading the state of the gateway');
  const evidence = await collectEvidence({
    names: readingsNeeded(kinds, deps.library),
    readers: deps.readers,
  });
  const run: TriageRun = {
    deps,
    evidence,
    open: detection.incidents,
    deadModels: new Set(),
    until: AbortSignal.timeout(triageDeadlineMs),
  };
  const outcomes = await inGroups(chosen, (incident) => workOn(incident, run));
  return {
    at: deps.clock.now(),
    suspended: (await deps.control.suspension()).suspended,
    items: outcomes.map((outcome) => outcome.item),
    warnings: unique([...detection.warnings, ...outcomes.flatMap((outcome) => outcome.warnings)]),
    allSourcesDown: detection.allDown,
  };
}

interface TriageRun {
  readonly deps: TriageDeps;
  readonly evidence: Evidence;
  readonly open: readonly Incident[];
  readonly deadModels: Set<string>;
  readonly until: AbortSignal;
}

interface Worked {
  readonly item: TriageItem;
  readonly warnings: readonly Warning[];
}

async function workOn(incident: Incident, run: TriageRun): Promise<Worked> {
  const { deps } = run;
  deps.progress(`${incidentId(incident.number)}: ${incident.kind}`);
  const standing = await deps.remediations.openRemediationOf(incident.number);
  const current = standing ?? (await latestProposal(incident, deps));
  if (current !== null && keeps(current, deps)) {
    const kept = await keepOrRefresh(current, incident, run);
    if (kept !== null && isDeadEnd(kept)) return fallBack(kept, incident, run);
    if (kept !== null)
      return { item: { incident, remediation: kept, escalation: pagedInstead(incident) }, warnings: [] };
  }
  // An alert that maps to no kind of ours is shown, never remediated and never paged by us: somebody was paged already.
  if (incident.kind === 'alert')
    return { item: { incident, remediation: null, escalation: incident.escalation }, warnings: [] };
  return proposeFor(incident, run);
}

/** An undo that a person asked for is no proposal for the incident. */
async function latestProposal(incident: Incident, deps: TriageDeps): Promise<Remediation | null> {
  const rows = await deps.remediations.listRemediations({ incidentNumber: incident.number, limit: 50 });
  return rows.find((row) => row.revertOf === null) ?? null;
}

/** A page that went out stays on record; one that was not sent is moot once there is a remediation. */
function pagedInstead(incident: Incident): Escalation | null {
  return incident.escalation !== null && incident.escalation.pagedAt !== null ? incident.escalation : null;
}

/** An expired proposal is not among them: while the incident is open it is proposed anew (design.md §2.6). */
const settled: readonly RemediationStatus[] = ['rejected', 'failed', 'verified', 'reverted'];

/** Whether an earlier remediation still stands for the incident. */
function keeps(remediation: Remediation, deps: TriageDeps): boolean {
  if ((lockingStatuses as readonly RemediationStatus[]).includes(remediation.status)) return true;
  if (remediation.status === 'refused' || remediation.status === 'assist_only') return true;
  if (remediation.status === 'verified') {
    const { revertAt, revertedAt } = remediation.execution;
    if (revertAt !== null && revertedAt === null) return true;
  }
  return deps.unattended && settled.includes(remediation.status) && isRecent(remediation, deps);
}

/** A worker leaves an incident alone for this long after it was decided, or asked about in vain; real ms. */
const leaveAloneMs = 10 * 60_000;

/** From its proposal on, which may have waited as long again for the decision. */
function isRecent(remediation: Remediation, deps: TriageDeps): boolean {
  return Date.parse(deps.clock.now()) - Date.parse(remediation.createdAt) < 2 * leaveAloneMs;
}

async function keepOrRefresh(
  current: Remediation,
  incident: Incident,
  run: TriageRun,
): Promise<Remediation | null> {
  if (!['pending_approval', 'refused', 'assist_only'].includes(current.status)) return current;
  const refreshed = await refreshRemediation(
    current,
    { incident, evidence: run.evidence, open: run.open },
    run.deps,
  );
  return refreshed.kind === 'gone' ? null : refreshed.remediation;
}

async function proposeFor(incident: Incident, run: TriageRun): Promise<Worked> {
  const { deps, evidence } = run;
  if (wasAskedInVain(incident, deps))
    return { item: { incident, remediation: null, escalation: incident.escalation }, warnings: [] };
  const asked = await requestProposal({
    incident,
    evidence,
    models: deps.models,
    library: deps.library,
    now: deps.clock.now(),
    tempo: deps.tempo,
    deadModels: run.deadModels,
    signal: run.until,
    boundary: deps.randomness.hex(8),
  });
  await recordCalls(incident, asked, deps);
  if (asked.calls.length > 0) deps.askedInVain?.set(incident.number, deps.clock.monotonicMs());
  if (asked.proposal.kind === 'escalate') return escalate(incident, asked, deps);
  const stored = await assess(asked.proposal, { incident, evidence, open: run.open }, deps);
  if (stored.kind === 'stored') {
    deps.askedInVain?.delete(incident.number);
    if (isDeadEnd(stored.remediation)) {
      const fallen = await fallBack(stored.remediation, incident, run);
      return { ...fallen, warnings: [...asked.warnings, ...fallen.warnings] };
    }
    return {
      item: { incident, remediation: stored.remediation, escalation: pagedInstead(incident) },
      warnings: asked.warnings,
    };
  }
  return {
    item: { incident, remediation: null, escalation: incident.escalation },
    warnings: [...asked.warnings, occupied(incident, stored.by)],
  };
}

function occupied(incident: Incident, by: number): Warning {
  const detail = `${incidentId(incident.number)}: remediation ${by} already holds the same target`;
  return { code: 'target_occupied', detail };
}

/** A proposal of a model that its own preconditions refuse; one that could not be checked is looked at again. */
function isDeadEnd({ status, document }: Remediation): boolean {
  return (
    status === 'refused' && document.gate.refusal === 'precondition' && document.proposedBy.kind === 'model'
  );
}

/** Nothing will come of it, so the playbook is next and then on-call: an open incident is never left with a refusal alone. */
async function fallBack(refused: Remediation, incident: Incident, run: TriageRun): Promise<Worked> {
  const { deps, evidence } = run;
  const { library, tempo } = deps;
  const next = playbook({ incident, evidence, now: deps.clock.now(), tempo, library });
  if (next.kind === 'escalate') {
    const reason = `the proposal of the model was refused (${refused.id}); ${next.reason}`;
    const paged = await escalateIncident(incident, { reason, details: { proposedBy: 'playbook' } }, deps);
    return {
      item: { incident, remediation: refused, escalation: paged.escalation },
      warnings: paged.warnings,
    };
  }
  const stored = await assess(next, { incident, evidence, open: run.open }, deps);
  if (stored.kind === 'occupied')
    return {
      item: { incident, remediation: refused, escalation: incident.escalation },
      warnings: [occupied(incident, stored.by)],
    };
  const detail = `${incidentId(incident.number)}: the proposal of the model was refused (${refused.id}); the playbook proposes`;
  return {
    item: { incident, remediation: stored.remediation, escalation: pagedInstead(incident) },
    warnings: [{ code: 'playbook_used', detail }],
  };
}

function wasAskedInVain(incident: Incident, deps: TriageDeps): boolean {
  const at = deps.askedInVain?.get(incident.number);
  return deps.unattended && at !== undefined && deps.clock.monotonicMs() - at < leaveAloneMs;
}

async function escalate(
  incident: Incident,
  asked: ProposalRequestOutcome,
  deps: TriageDeps,
): Promise<Worked> {
  const proposal = asked.proposal;
  if (proposal.kind !== 'escalate') throw new Error('only an escalation escalates');
  const acting =
    proposal.proposedBy.kind === 'playbook' ? await actingOnScope(incident, deps.remediations) : null;
  if (acting !== null)
    return {
      item: { incident, remediation: null, escalation: incident.escalation },
      warnings: [...asked.warnings, occupied(incident, acting.id)],
    };
  const paged = await escalateIncident(
    incident,
    { reason: proposal.reason, details: { proposedBy: proposal.proposedBy.kind } },
    deps,
  );
  return {
    item: { incident, remediation: null, escalation: paged.escalation },
    warnings: [...asked.warnings, ...paged.warnings],
  };
}

/** Every request, answer, token count and cost is evidence (design.md §2.7). */
async function recordCalls(
  incident: Incident,
  asked: ProposalRequestOutcome,
  deps: TriageDeps,
): Promise<void> {
  for (const call of asked.calls)
    await deps.audit.append({
      kind: 'model_call',
      at: deps.clock.now(),
      incidentNumber: incident.number,
      remediationId: null,
      executionId: null,
      actor: deps.operator,
      body: { call: asJson(call) },
    });
}

async function inGroups<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  for (let start = 0; start < items.length; start += atOnce)
    results.push(...(await Promise.all(items.slice(start, start + atOnce).map(work))));
  return results;
}

function unique(warnings: readonly Warning[]): readonly Warning[] {
  return [...new Map(warnings.map((warning) => [`${warning.code}|${warning.detail}`, warning])).values()];
}

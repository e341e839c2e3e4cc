import type { GateReason, GateReasonCode } from '../gate.ts';
import type { GateInput } from '../gate-input.ts';
import { familiarity } from '../novelty.ts';
import type { PreconditionResult } from '../precondition.ts';
import type { ConfiguredState } from './configured-state.ts';
import { isPage } from './page-exemption.ts';

/** Reason codes that describe settings, score or level; every other code is a trigger. */
const notTriggers: readonly GateReasonCode[] = ['auto_approve_off', 'score_above_threshold', 'level'];

/** True for the codes that no score outweighs; they are what the digest binds as "triggers". */
export function isTrigger(code: GateReasonCode): boolean {
  return !notTriggers.includes(code);
}

/**
 * Every trigger of design.md §2.5 that fires, each failed or unknown precondition on its own. Absolute: one is enough
 * to ask a person. One that cannot be evaluated fires; what is not configured does not apply. A page is judged
 * without confidence, novelty and irreversibility; a revert without suspension, freeze, error budget and incident.
 */
export function escalationTriggers(input: GateInput): readonly GateReason[] {
  return [
    ...preconditions(input.dryRun.preconditions),
    ...confidence(input),
    ...blast(input),
    ...novelty(input),
    ...regulated(input.regulated),
    ...freeze(input),
    ...irreversible(input),
    ...errorBudget(input),
    ...insideIncident(input),
    ...policyState(input),
    ...suspended(input),
    ...loopGuard(input),
  ];
}

const fired = (code: GateReasonCode, detail: string): readonly GateReason[] => [{ code, detail }];

function preconditions(results: readonly PreconditionResult[]): readonly GateReason[] {
  if (!results.some((result) => result.source === 'required'))
    return fired('precondition_unknown', 'no required precondition was evaluated');
  return results
    .filter((result) => result.holds !== 'holds')
    .map((result) => ({
      code: result.holds === 'fails' ? 'precondition_failed' : 'precondition_unknown',
      detail: `${result.severity} \`${result.id}\`: ${result.detail}`,
    }));
}

function confidence(input: GateInput): readonly GateReason[] {
  if (isPage(input.action.type)) return [];
  if (input.confidence === null && input.proposedBy.kind !== 'model') return [];
  const bound = input.policy.confidence.autonomous;
  if (input.confidence === null) return fired('confidence_low', `no confidence, ${bound} is needed`);
  return input.confidence >= bound
    ? []
    : fired('confidence_low', `confidence ${input.confidence} is below ${bound}`);
}

function blast(input: GateInput): readonly GateReason[] {
  const { value } = input.risk.components.blastRadius;
  const max = input.policy.blastRadiusMax;
  return value <= max ? [] : fired('blast_wide', `blast radius ${value} is above ${max}`);
}

function novelty(input: GateInput): readonly GateReason[] {
  if (isPage(input.action.type) || familiarity(input.history, input.policy) !== 'first') return [];
  const seen = input.history === null ? 'history could not be read' : `${input.history.patternSeen} before`;
  return fired('novel', `needs ${input.policy.patternSeen.conditional} closed occurrences, ${seen}`);
}

function regulated(state: ConfiguredState): readonly GateReason[] {
  if (state.state === 'not_configured' || state.state === 'clear') return [];
  return fired(
    'regulated',
    state.state === 'holds' ? state.detail : `cannot tell whether regulated: ${state.reason}`,
  );
}

function freeze(input: GateInput): readonly GateReason[] {
  const state = input.freeze;
  if (input.revertOf !== null || state.state === 'not_configured' || state.state === 'clear') return [];
  return fired(
    'freeze',
    state.state === 'holds' ? state.detail : `calendar cannot be read, counts as frozen: ${state.reason}`,
  );
}

function irreversible(input: GateInput): readonly GateReason[] {
  if (isPage(input.action.type) || input.risk.components.reversibility.bucket !== 'irreversible') return [];
  return fired('irreversible', 'the change cannot be undone');
}

function errorBudget(input: GateInput): readonly GateReason[] {
  const budget = input.errorBudget;
  if (input.revertOf !== null || budget.state === 'not_configured') return [];
  if (budget.state === 'unknown') return fired('error_budget_low', `error budget unknown: ${budget.reason}`);
  const bound = input.policy.errorBudgetPercent.autonomous;
  return budget.remainingPercent > bound
    ? []
    : fired('error_budget_low', `${budget.remainingPercent} % left, more than ${bound} % is needed`);
}

function insideIncident(input: GateInput): readonly GateReason[] {
  if (input.revertOf !== null) return [];
  const { inside, detail } = input.insideIncident;
  return [
    ...(inside === true ? [] : fired('outside_incident', detail)),
    ...(input.incidentConfirmed === false
      ? fired('unconfirmed', 'our own detector does not see the condition')
      : []),
  ];
}

function policyState(input: GateInput): readonly GateReason[] {
  const state = input.policyState;
  if (state.state === 'in_force') return [];
  // An invalid policy is not in force either; the contract has one code for both.
  const code = state.state === 'unsigned' ? 'policy_unsigned' : 'policy_lapsed';
  return fired(code, state.detail);
}

function suspended(input: GateInput): readonly GateReason[] {
  if (!input.suspended || input.revertOf !== null) return [];
  return fired('suspended', 'suspended: nothing runs except reverts');
}

function loopGuard(input: GateInput): readonly GateReason[] {
  const { history, policy } = input;
  if (history === null) return fired('loop_guard', 'earlier attempts could not be read');
  const tooMany = !(history.attemptsLastHour < policy.attemptsPerHourMax);
  return [
    ...(tooMany ? fired('loop_guard', `${history.attemptsLastHour} attempts on the target in an hour`) : []),
    ...(history.lastDidNotHelp ? fired('loop_guard', 'the last attempt on the target did not help') : []),
  ];
}

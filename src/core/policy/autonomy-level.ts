import type { ActionSubject } from '../action.ts';
import type { AutonomyLevel } from '../gate.ts';
import type { GateInput } from '../gate-input.ts';
import { familiarity } from '../novelty.ts';
import { isPage } from './page-exemption.ts';

export type AutonomyCondition =
  'confidence' | 'pattern' | 'blast' | 'undo' | 'error_budget' | 'proposer' | 'confirmation' | 'revert';

export interface AutonomyLimit {
  readonly condition: AutonomyCondition;
  /** The highest level this condition allows. */
  readonly level: AutonomyLevel;
  readonly detail: string;
}

export type AutonomyInput = Pick<
  GateInput,
  | 'action'
  | 'proposedBy'
  | 'confidence'
  | 'risk'
  | 'incidentConfirmed'
  | 'history'
  | 'errorBudget'
  | 'policy'
  | 'qualifiedDaysAgo'
  | 'revertOf'
>;

type Rule = (input: AutonomyInput) => AutonomyLimit | null;

/**
 * The autonomy level of design.md §2.6: the lowest that any condition allows, 1–4, with every condition that allows
 * less than 4. A condition that does not apply is absent; one that cannot be evaluated allows 2 at most.
 */
export function autonomyLevel(input: AutonomyInput): {
  readonly level: AutonomyLevel;
  readonly limits: readonly AutonomyLimit[];
} {
  const limits = rules
    .map((rule) => rule(input))
    .filter((limit) => limit !== null)
    .filter((limit) => limit.level < 4);
  const level = limits.reduce<AutonomyLevel>((low, limit) => (limit.level < low ? limit.level : low), 4);
  return { level, limits };
}

const rules: readonly Rule[] = [
  byConfidence,
  byPattern,
  byBlast,
  byUndo,
  byErrorBudget,
  byProposer,
  byConfirmation,
  byRevert,
];

function byConfidence(input: AutonomyInput): AutonomyLimit | null {
  if (isPage(input.action.type)) return null;
  if (input.confidence === null && input.proposedBy.kind !== 'model') return null;
  const { autonomous, supervised } = input.policy.confidence;
  const confidence = input.confidence ?? 0;
  if (confidence >= autonomous)
    return { condition: 'confidence', level: 4, detail: `confidence ${confidence}` };
  if (confidence >= supervised)
    return {
      condition: 'confidence',
      level: 2,
      detail: `confidence ${confidence} is below ${autonomous}`,
    };
  return { condition: 'confidence', level: 1, detail: `confidence ${confidence} is below ${supervised}` };
}

function byPattern(input: AutonomyInput): AutonomyLimit | null {
  if (isPage(input.action.type)) return null;
  const known = familiarity(input.history, input.policy);
  const seen = input.history?.patternSeen ?? 'unknown';
  const good = input.history?.patternGood ?? 0;
  switch (known) {
    case 'first':
      return { condition: 'pattern', level: 2, detail: `earlier occurrences of this pattern: ${seen}` };
    case 'mixed':
      return {
        condition: 'pattern',
        level: 2,
        detail: `only ${good} of ${seen} earlier remediations of this pattern ended well`,
      };
    case 'known':
      return { condition: 'pattern', level: 3, detail: `earlier occurrences of this pattern: ${seen}` };
    case 'characterised':
      return null;
    default:
      return known satisfies never;
  }
}

/** What is at most one model group or provider; an organization, a guardrail, an SLA or a script may span several. */
const narrowSubjects: readonly ActionSubject['kind'][] = ['provider', 'model_group', 'team', 'key', 'oncall'];

function byBlast(input: AutonomyInput): AutonomyLimit | null {
  const { subject } = input.action;
  const { value } = input.risk.components.blastRadius;
  if (!narrowSubjects.includes(subject.kind))
    return {
      condition: 'blast',
      level: 2,
      detail: `${subject.kind} \`${subject.id}\` may span more than one model group or provider`,
    };
  if (value <= input.policy.blastRadiusMax) return null;
  return {
    condition: 'blast',
    level: 2,
    detail: `blast radius ${value} is above ${input.policy.blastRadiusMax}`,
  };
}

function byUndo(input: AutonomyInput): AutonomyLimit | null {
  if (isPage(input.action.type)) return null;
  const { bucket } = input.risk.components.reversibility;
  if (bucket === 'auto_reverting' || bucket === 'trivially_reversible') return null;
  return { condition: 'undo', level: 2, detail: `not undone within 5 min by itself or one call (${bucket})` };
}

function byErrorBudget(input: AutonomyInput): AutonomyLimit | null {
  const budget = input.errorBudget;
  // A spent error budget must never keep people from undoing something.
  if (input.revertOf !== null || budget.state === 'not_configured') return null;
  if (budget.state === 'unknown')
    return { condition: 'error_budget', level: 2, detail: `error budget unknown: ${budget.reason}` };
  const { autonomous, supervised } = input.policy.errorBudgetPercent;
  const left = budget.remainingPercent;
  if (left > autonomous) return null;
  const level = left > supervised ? 2 : 1;
  return { condition: 'error_budget', level, detail: `${left} % of the error budget left` };
}

function byProposer(input: AutonomyInput): AutonomyLimit | null {
  if (input.action.type.startsWith('runbook.'))
    return { condition: 'proposer', level: 2, detail: 'a runbook action' };
  if (input.proposedBy.kind !== 'model')
    return { condition: 'proposer', level: 2, detail: `proposed by ${input.proposedBy.kind}` };
  const days = input.qualifiedDaysAgo;
  if (days !== null && days >= 0 && days <= input.policy.qualificationDaysMax) return null;
  return { condition: 'proposer', level: 3, detail: 'not qualified for level 4' };
}

function byConfirmation(input: AutonomyInput): AutonomyLimit | null {
  if (input.incidentConfirmed === true) return null;
  return { condition: 'confirmation', level: 2, detail: 'our own detector does not see the condition' };
}

function byRevert(input: AutonomyInput): AutonomyLimit | null {
  if (input.revertOf === null) return null;
  return { condition: 'revert', level: 2, detail: `undoes remediation ${input.revertOf}` };
}

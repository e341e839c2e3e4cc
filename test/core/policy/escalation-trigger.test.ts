import { describe, expect, test } from 'vitest';
import { gateReasonCodes } from '../../../src/core/gate.ts';
import type { GateInput } from '../../../src/core/gate-input.ts';
import { escalationTriggers, isTrigger } from '../../../src/core/policy/escalation-trigger.ts';
import { scoreRisk } from '../../../src/core/risk/score-risk.ts';
import { runsByItself } from '../../support/gate-case.ts';
import { breakerByDay, preconditionsWith, reachOf } from '../../support/risk-input.ts';

const { changes } = runsByItself.dryRun;
const calm = { attemptsLastHour: 0, failedLastHour: false, lastDidNotHelp: false };
const familiar = { patternSeen: 12, patternGood: 12 };
const codes = (change: Partial<GateInput>) =>
  escalationTriggers({ ...runsByItself, ...change }).map(({ code }) => code);

/** Each trigger alone: the input that fires it and what it says. */
const firing: readonly [string, Partial<GateInput>, string, string][] = [
  [
    'a failed precondition',
    { dryRun: { changes, preconditions: preconditionsWith({ stale: 1, of: 4 }) } },
    'precondition_failed',
    'should `required.0`: observed 0',
  ],
  [
    'an unknown precondition of the model',
    {
      dryRun: {
        changes,
        preconditions: [
          ...breakerByDay.preconditions,
          { id: 'm', source: 'model', severity: 'should', holds: 'unknown', detail: 'late' },
        ],
      },
    },
    'precondition_unknown',
    'should `m`: late',
  ],
  [
    'no required precondition evaluated',
    { dryRun: { changes, preconditions: [] } },
    'precondition_unknown',
    'no required precondition was evaluated',
  ],
  ['low confidence', { confidence: 0.84 }, 'confidence_low', 'confidence 0.84 is below 0.85'],
  ['confidence missing', { confidence: null }, 'confidence_low', 'no confidence, 0.85 is needed'],
  [
    'confidence that is no number',
    { confidence: Number.NaN },
    'confidence_low',
    'confidence NaN is below 0.85',
  ],
  [
    'a wide blast',
    { risk: scoreRisk({ ...breakerByDay, reach: reachOf(21) }) },
    'blast_wide',
    'blast radius 21 is above 20',
  ],
  [
    'a new pattern',
    { history: { ...calm, patternSeen: 2, patternGood: 2 } },
    'novel',
    'needs 3 closed occurrences, 2 before',
  ],
  [
    'a regulated target',
    { regulated: { state: 'holds', detail: 'payment data' } },
    'regulated',
    'payment data',
  ],
  [
    'a target that may be regulated',
    { regulated: { state: 'unknown', reason: 'no answer' } },
    'regulated',
    'cannot tell whether regulated: no answer',
  ],
  ['a freeze', { freeze: { state: 'holds', detail: 'year end' } }, 'freeze', 'year end'],
  [
    'a calendar that cannot be read',
    { freeze: { state: 'unknown', reason: 'old' } },
    'freeze',
    'calendar cannot be read, counts as frozen: old',
  ],
  [
    'an irreversible change',
    { risk: scoreRisk({ ...breakerByDay, bucket: 'irreversible' }) },
    'irreversible',
    'the change cannot be undone',
  ],
  [
    'little error budget',
    { errorBudget: { state: 'known', remainingPercent: 75 } },
    'error_budget_low',
    '75 % left, more than 75 % is needed',
  ],
  [
    'an error budget that is no number',
    { errorBudget: { state: 'known', remainingPercent: Number.NaN } },
    'error_budget_low',
    'NaN % left, more than 75 % is needed',
  ],
  [
    'an unknown error budget',
    { errorBudget: { state: 'unknown', reason: 'no series' } },
    'error_budget_low',
    'error budget unknown: no series',
  ],
  [
    'a target outside the incident',
    { insideIncident: { inside: false, detail: 'another provider' } },
    'outside_incident',
    'another provider',
  ],
  [
    'a scope that cannot be told',
    { insideIncident: { inside: null, detail: 'teams unknown' } },
    'outside_incident',
    'teams unknown',
  ],
  [
    'an incident that is only asserted',
    { incidentConfirmed: false },
    'unconfirmed',
    'our own detector does not see the condition',
  ],
  [
    'an unsigned policy',
    { policyState: { state: 'unsigned', detail: 'no signature' } },
    'policy_unsigned',
    'no signature',
  ],
  [
    'a lapsed policy',
    { policyState: { state: 'lapsed', detail: 'since May' } },
    'policy_lapsed',
    'since May',
  ],
  [
    'an invalid policy',
    { policyState: { state: 'invalid', detail: 'unknown key' } },
    'policy_lapsed',
    'unknown key',
  ],
  ['suspension', { suspended: true }, 'suspended', 'suspended: nothing runs except reverts'],
  [
    'two attempts in an hour',
    { history: { ...calm, ...familiar, attemptsLastHour: 2 } },
    'loop_guard',
    '2 attempts on the target in an hour',
  ],
  [
    'a count of attempts that is no number',
    { history: { ...calm, ...familiar, attemptsLastHour: Number.NaN } },
    'loop_guard',
    'NaN attempts on the target in an hour',
  ],
  [
    'a last attempt that did not help',
    { history: { ...calm, ...familiar, lastDidNotHelp: true } },
    'loop_guard',
    'the last attempt on the target did not help',
  ],
];

describe('each trigger', () => {
  test('nothing fires on a clean case', () => {
    expect(codes({})).toEqual([]);
  });

  test.each(firing)('%s fires alone', (_, change, code, detail) => {
    expect(escalationTriggers({ ...runsByItself, ...change })).toEqual([{ code, detail }]);
  });

  test('a history that cannot be read is novel and guards against a loop', () => {
    expect(codes({ history: null })).toEqual(['novel', 'loop_guard']);
  });

  test('one attempt, a mixed pattern and an inconclusive past fire nothing', () => {
    expect(codes({ history: { ...calm, patternSeen: 10, patternGood: 5, attemptsLastHour: 1 } })).toEqual([]);
  });

  test('what is not configured does not apply; what is clear does not fire', () => {
    expect(
      codes({
        freeze: { state: 'clear' },
        regulated: { state: 'clear' },
        errorBudget: { state: 'known', remainingPercent: 76 },
      }),
    ).toEqual([]);
  });

  test('playbook and person have no confidence to be low', () => {
    expect(codes({ proposedBy: { kind: 'playbook' }, confidence: null })).toEqual([]);
    expect(codes({ proposedBy: { kind: 'person', name: 'ana' }, confidence: null })).toEqual([]);
  });

  test('every failed and unknown precondition is named', () => {
    const preconditions = preconditionsWith({ stale: 3, of: 4 });
    expect(codes({ dryRun: { changes, preconditions } })).toEqual(Array(3).fill('precondition_failed'));
  });
});

describe('exceptions', () => {
  const page: Partial<GateInput> = {
    action: { type: 'alert.page_oncall', subject: { kind: 'oncall', id: 'primary' } },
    risk: scoreRisk({ ...breakerByDay, bucket: 'irreversible', reach: { status: 'none' } }),
  };

  test('a page fires no confidence, novelty or irreversibility', () => {
    expect(codes({ ...page, confidence: 0, history: { ...calm, patternSeen: 0, patternGood: 0 } })).toEqual(
      [],
    );
  });

  test('a page fires everything else', () => {
    expect(
      codes({
        ...page,
        freeze: { state: 'holds', detail: 'now' },
        insideIncident: { inside: false, detail: 'elsewhere' },
        suspended: true,
      }),
    ).toEqual(['freeze', 'outside_incident', 'suspended']);
  });

  test('a revert is allowed while suspended or frozen, whatever became of its incident', () => {
    expect(
      codes({
        revertOf: 41,
        suspended: true,
        freeze: { state: 'holds', detail: 'now' },
        errorBudget: { state: 'known', remainingPercent: 0 },
        insideIncident: { inside: null, detail: 'closed' },
        incidentConfirmed: false,
      }),
    ).toEqual([]);
  });
});

test('settings, score and level are reasons but no triggers', () => {
  expect(gateReasonCodes.filter((code) => !isTrigger(code))).toEqual([
    'auto_approve_off',
    'score_above_threshold',
    'level',
  ]);
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { GateInput } from '../../../src/core/gate-input.ts';
import { autonomyLevel } from '../../../src/core/policy/autonomy-level.ts';
import { scoreRisk } from '../../../src/core/risk/score-risk.ts';
import { runsByItself } from '../../support/gate-case.ts';
import { breakerByDay, reachOf } from '../../support/risk-input.ts';

const qualified: GateInput = { ...runsByItself, qualifiedDaysAgo: 12 };
const history = (patternSeen: number, patternGood: number) => ({
  attemptsLastHour: 0,
  failedLastHour: false,
  lastDidNotHelp: false,
  patternSeen,
  patternGood,
});
const wide = (percent: number) => scoreRisk({ ...breakerByDay, reach: reachOf(percent) });
const bucket = (name: 'trivially_reversible' | 'audit_trail_only' | 'irreversible') =>
  scoreRisk({ ...breakerByDay, bucket: name });
const subject = (kind: GateInput['action']['subject']['kind']) => ({
  action: { ...qualified.action, subject: { kind, id: 'x' } },
});
const budget = (remainingPercent: number) => ({
  errorBudget: { state: 'known', remainingPercent } as const,
});

describe('the level table', () => {
  test.each<[string, Partial<GateInput>, number]>([
    ['everything at its best', {}, 4],
    ['confidence at the bound', { confidence: 0.85 }, 4],
    ['confidence just below', { confidence: 0.84 }, 2],
    ['confidence at the lower bound', { confidence: 0.6 }, 2],
    ['confidence below it', { confidence: 0.59 }, 1],
    ['confidence that is no number', { confidence: Number.NaN }, 1],
    ['a model without confidence', { confidence: null }, 1],
    ['seen ten times, all good', { history: history(10, 10) }, 4],
    ['seen ten times, 80 % good', { history: history(10, 8) }, 4],
    ['seen ten times, fewer good', { history: history(10, 7) }, 2],
    ['seen nine times', { history: history(9, 9) }, 3],
    ['seen three times', { history: history(3, 3) }, 3],
    ['seen three times, one bad', { history: history(3, 2) }, 2],
    ['seen twice', { history: history(2, 2) }, 2],
    ['never seen', { history: history(0, 0) }, 2],
    ['history unknown', { history: null }, 2],
    ['counts that are no numbers', { history: history(Number.NaN, Number.NaN) }, 2],
    ['blast at the bound', { risk: wide(20) }, 4],
    ['blast above it', { risk: wide(21) }, 2],
    ['a model group', subject('model_group'), 4],
    ['a team', subject('team'), 4],
    ['a key', subject('key'), 4],
    ['an organization', subject('org'), 2],
    ['a guardrail', subject('guardrail'), 2],
    ['an SLA', subject('sla'), 2],
    ['undone by one call', { risk: bucket('trivially_reversible') }, 4],
    ['undone, but on the books', { risk: bucket('audit_trail_only') }, 2],
    ['never undone', { risk: bucket('irreversible') }, 2],
    ['plenty of error budget', budget(75.1), 4],
    ['error budget at the upper bound', budget(75), 2],
    ['error budget above the lower bound', budget(25.1), 2],
    ['error budget at the lower bound', budget(25), 1],
    ['error budget spent', budget(-40), 1],
    ['error budget no number', budget(Number.NaN), 1],
    ['error budget unknown', { errorBudget: { state: 'unknown', reason: 'no series' } }, 2],
    ['qualified 90 days ago', { qualifiedDaysAgo: 90 }, 4],
    ['qualified 91 days ago', { qualifiedDaysAgo: 91 }, 3],
    ['qualified in the future', { qualifiedDaysAgo: -1 }, 3],
    ['qualified at no number', { qualifiedDaysAgo: Number.NaN }, 3],
    ['not qualified', { qualifiedDaysAgo: null }, 3],
    ['by the playbook', { proposedBy: { kind: 'playbook' }, confidence: null }, 2],
    ['by a person', { proposedBy: { kind: 'person', name: 'ana' }, confidence: null }, 2],
    ['by a runbook', { proposedBy: { kind: 'runbook', name: 'restart' }, confidence: null }, 2],
    [
      'a runbook action that the model chose',
      { action: { type: 'runbook.restart', subject: { kind: 'provider', id: 'x' } } },
      2,
    ],
    ['an incident that is only asserted', { incidentConfirmed: false }, 2],
    ['no incident', { incidentConfirmed: null }, 2],
    ['a revert', { revertOf: 41 }, 2],
    ['a revert with the error budget spent', { revertOf: 41, ...budget(0) }, 2],
  ])('%s', (_, change, level) => {
    expect(autonomyLevel({ ...qualified, ...change }).level).toBe(level);
  });

  test('a page is judged without confidence, pattern and undo', () => {
    const page: GateInput = {
      ...qualified,
      action: { type: 'alert.page_oncall', subject: { kind: 'oncall', id: 'primary' } },
      confidence: 0,
      history: null,
      risk: bucket('irreversible'),
    };
    expect(autonomyLevel(page)).toEqual({ level: 4, limits: [] });
    expect(autonomyLevel({ ...page, proposedBy: { kind: 'playbook' } }).level).toBe(2);
  });

  test('names every condition that limits, not only the lowest', () => {
    const { level, limits } = autonomyLevel({
      ...qualified,
      confidence: 0.5,
      history: history(1, 1),
      risk: wide(26),
    });
    expect(level).toBe(1);
    expect(limits).toEqual([
      { condition: 'confidence', level: 1, detail: 'confidence 0.5 is below 0.6' },
      { condition: 'pattern', level: 2, detail: 'earlier occurrences of this pattern: 1' },
      { condition: 'blast', level: 2, detail: 'blast radius 26 is above 20' },
    ]);
  });
});

describe('the level is monotone', () => {
  const inputs = fc.record({
    confidence: fc.double({ min: 0, max: 1, noNaN: true }),
    seen: fc.nat(15),
    blast: fc.nat(100),
    left: fc.integer({ min: -50, max: 100 }),
  });
  const levelOf = (given: { confidence: number; seen: number; blast: number; left: number }) =>
    autonomyLevel({
      ...qualified,
      confidence: given.confidence,
      history: history(given.seen, given.seen),
      risk: wide(given.blast),
      ...budget(given.left),
    }).level;

  test('it never falls when one condition gets better', () => {
    fc.assert(
      fc.property(inputs, inputs, fc.constantFrom('confidence', 'seen', 'left', 'blast'), (a, b, name) => {
        const better = name === 'blast' ? Math.min(a[name], b[name]) : Math.max(a[name], b[name]);
        expect(levelOf({ ...a, [name]: better })).toBeGreaterThanOrEqual(levelOf(a));
      }),
    );
  });

  test('it is the lowest of its limits', () => {
    fc.assert(
      fc.property(inputs, (given) => {
        const { level, limits } = autonomyLevel({
          ...runsByItself,
          confidence: given.confidence,
          history: history(given.seen, given.seen),
          risk: wide(given.blast),
        });
        expect(level).toBe(Math.min(4, ...limits.map((limit) => limit.level)));
      }),
    );
  });
});

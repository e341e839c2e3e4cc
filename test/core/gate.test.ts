import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideGate } from '../../src/core/gate.ts';
import type { GateInput } from '../../src/core/gate-input.ts';
import type { PreconditionResult, Verdict } from '../../src/core/precondition.ts';
import type { RiskScore } from '../../src/core/risk/risk-score.ts';
import { scoreRisk } from '../../src/core/risk/score-risk.ts';
import { runsByItself } from '../support/gate-case.ts';
import { breakerByDay, byNight, preconditionsWith, reachOf } from '../support/risk-input.ts';

const { changes, preconditions } = runsByItself.dryRun;
const decide = (change: Partial<GateInput>) => decideGate({ ...runsByItself, ...change });
const scored = (score: number, threshold = 40): RiskScore => ({ ...runsByItself.risk, score, threshold });
const withMust = (holds: Verdict): readonly PreconditionResult[] =>
  preconditions.map((one) => (one.severity === 'must' ? { ...one, holds } : one));

describe('running by itself', () => {
  test('a clean case runs at level 3, and says what would stop it', () => {
    expect(decide({})).toEqual({
      decision: 'auto_execute',
      level: 3,
      reasons: [],
      flips: [
        'runs because 17.55 is within τ 40 and nothing asks; asks with SRE_AUTO_APPROVE=false or after scutum-sre suspend',
      ],
      refusal: null,
    });
  });

  test('a qualified one runs at level 4', () => {
    expect(decide({ qualifiedDaysAgo: 3 })).toMatchObject({ decision: 'auto_execute', level: 4 });
  });

  test.each([
    [40, 40, 'auto_execute'],
    [40.01, 40, 'require_approval'],
    [0, 0, 'auto_execute'],
    [100, 100, 'auto_execute'],
    [Number.NaN, 40, 'require_approval'],
    [17.55, Number.NaN, 'require_approval'],
    [Number.NEGATIVE_INFINITY, 40, 'require_approval'],
    [Number.POSITIVE_INFINITY, 100, 'require_approval'],
  ])('score %d at τ %d: %s', (score, threshold, decision) => {
    expect(decide({ risk: scored(score, threshold) }).decision).toBe(decision);
  });
});

describe('the whole table of what running needs', () => {
  const yesNo = [true, false] as const;
  const cells = yesNo.flatMap((autoApprove) =>
    yesNo.flatMap((resumed) =>
      yesNo.flatMap((within) =>
        yesNo.flatMap((untriggered) =>
          yesNo.map((level3) => ({ autoApprove, resumed, within, untriggered, level3 })),
        ),
      ),
    ),
  );
  test.each(cells)('%o', (cell) => {
    const gate = decide({
      autoApprove: cell.autoApprove,
      suspended: !cell.resumed,
      risk: scored(cell.within ? 40 : 40.01),
      freeze: cell.untriggered ? { state: 'clear' } : { state: 'holds', detail: 'year end' },
      ...(cell.level3 ? {} : { proposedBy: { kind: 'playbook' as const }, confidence: null }),
    });
    const all = Object.values(cell).every(Boolean);
    expect(gate.decision).toBe(all ? 'auto_execute' : 'require_approval');
    expect(gate.reasons).toHaveLength(Object.values(cell).filter((met) => !met).length);
  });
});

describe('asking a person', () => {
  test.each<[string, Partial<GateInput>, readonly string[]]>([
    ['auto-approve is off', { autoApprove: false }, ['auto_approve_off']],
    ['the score is above τ', { risk: scored(40.01) }, ['score_above_threshold']],
    ['suspended', { suspended: true }, ['suspended']],
    ['by the playbook', { proposedBy: { kind: 'playbook' }, confidence: null }, ['level']],
    [
      'a stale precondition',
      { dryRun: { changes, preconditions: preconditionsWith({ stale: 1, of: 4 }) } },
      ['precondition_failed'],
    ],
    ['not confident', { confidence: 0.7 }, ['confidence_low', 'level']],
    ['a revert', { revertOf: 41 }, ['level']],
  ])('%s', (_, change, codes) => {
    const gate = decide(change);
    expect(gate).toMatchObject({ decision: 'require_approval', level: 2, refusal: null });
    expect(gate.reasons.map(({ code }) => code)).toEqual(codes);
    expect(gate.flips.length).toBeGreaterThan(0);
  });

  test('all reasons are listed, not only the first', () => {
    const gate = decide({
      autoApprove: false,
      suspended: true,
      confidence: 0.7,
      risk: scoreRisk({ ...breakerByDay, reach: reachOf(100) }),
      freeze: { state: 'holds', detail: 'year end' },
      incidentConfirmed: false,
    });
    expect(gate.reasons.map(({ code }) => code)).toEqual([
      'confidence_low',
      'blast_wide',
      'freeze',
      'unconfirmed',
      'suspended',
      'level',
      'score_above_threshold',
      'auto_approve_off',
    ]);
    expect(gate.reasons.every(({ detail }) => detail.length > 0)).toBe(true);
  });

  test('the level never exceeds what the verdict grants', () => {
    expect(decide({ qualifiedDaysAgo: 3, autoApprove: false }).level).toBe(2);
  });
});

describe('assist only', () => {
  test.each<[string, Partial<GateInput>, string]>([
    [
      'a model that is not sure',
      { confidence: 0.42 },
      'no action is authorised because confidence 0.42 is below 0.6; a person is asked from 0.6',
    ],
    [
      'an error budget that is spent',
      { errorBudget: { state: 'known', remainingPercent: 20 } },
      'no action is authorised because 20 % of the error budget left; a person is asked above 25 %',
    ],
  ])('%s', (_, change, flip) => {
    expect(decide(change)).toMatchObject({
      decision: 'assist_only',
      level: 1,
      flips: [flip],
      refusal: null,
    });
  });
});

describe('refusing', () => {
  test.each<[string, Partial<GateInput>, string, string]>([
    [
      'a must that fails',
      { dryRun: { changes, preconditions: withMust('fails') } },
      'precondition',
      'refused because `required.3`: observed 3; proposed anew once it holds',
    ],
    [
      'a must that could not be read',
      { dryRun: { changes, preconditions: withMust('unknown') } },
      'dependency',
      'refused because `required.3`: observed 3; proposed anew once it can be read',
    ],
    [
      'nothing to change',
      { dryRun: { changes: [], preconditions } },
      'precondition',
      'refused because there is nothing to change',
    ],
  ])('%s', (_, change, refusal, flip) => {
    const gate = decide(change);
    expect(gate).toMatchObject({ decision: 'refuse', level: 0, refusal, flips: [flip] });
    expect(gate.reasons.length).toBeGreaterThan(0);
  });

  test('a must that fails outweighs one that is unknown', () => {
    const both: readonly PreconditionResult[] = [
      ...withMust('unknown'),
      { id: 'exists', source: 'required', severity: 'must', holds: 'fails', detail: 'is gone' },
    ];
    expect(decide({ dryRun: { changes, preconditions: both } }).refusal).toBe('precondition');
  });

  test('a must that could not be read outweighs an empty plan', () => {
    expect(decide({ dryRun: { changes: [], preconditions: withMust('unknown') } }).refusal).toBe(
      'dependency',
    );
  });

  test('a revert whose value somebody else changed is refused too', () => {
    const gate = decide({ revertOf: 41, dryRun: { changes, preconditions: withMust('fails') } });
    expect(gate.decision).toBe('refuse');
  });

  test('refusal comes before assist only, and a failed should does not refuse', () => {
    expect(decide({ confidence: 0, dryRun: { changes, preconditions: withMust('fails') } }).decision).toBe(
      'refuse',
    );
    expect(
      decide({ dryRun: { changes, preconditions: preconditionsWith({ stale: 3, of: 4 }) } }).decision,
    ).toBe('require_approval');
  });
});

describe('what would flip the verdict', () => {
  const scoredWith = (change: Partial<typeof breakerByDay>) => scoreRisk({ ...breakerByDay, ...change });
  const night = { ...breakerByDay.pressure, now: byNight };
  const swapAtNight = scoredWith({ baseline: 25, bucket: 'trivially_reversible', pressure: night });

  test('the night, in the words of the design', () => {
    expect(decide({ risk: swapAtNight, now: '2026-11-20T02:10:00Z' }).flips).toEqual([
      'asks because after-hours adds 17.5; under τ again at 08:00 Europe/Berlin',
    ]);
    expect(decide({ risk: swapAtNight, now: byNight }).flips).toEqual([
      'asks because after-hours adds 17.5; under τ again at Mon 08:00 Europe/Berlin',
    ]);
    expect(decide({ risk: swapAtNight, timeZone: null }).flips).toEqual([
      'asks because after-hours adds 17.5; under τ again within business hours, once SRE_TIMEZONE names a zone',
    ]);
  });

  test('each single pressure without which it would be within τ, with what it adds under the cap', () => {
    const cascade = scoredWith({ pressure: { ...night, openIncidentsOnSameProvider: 3 } });
    expect(cascade.score).toBe(42.55);
    expect(decide({ risk: cascade, now: byNight }).flips).toEqual([
      'asks because after-hours adds 15; under τ again at Mon 08:00 Europe/Berlin',
      'asks because cascade adds 7.5; under τ again with fewer than 3 open incidents on the provider',
    ]);
  });

  test('where no single pressure decides, the largest part is named', () => {
    const guardrail = scoredWith({ baseline: 60, bucket: 'trivially_reversible', pressure: night });
    expect(decide({ risk: guardrail }).flips).toEqual([
      'asks because 80.5 is above τ 40; its largest part is the baseline of the action (55.5)',
    ]);
  });

  test('a setting is named', () => {
    expect(decide({ autoApprove: false }).flips).toEqual([
      'asks because SRE_AUTO_APPROVE is not true; set SRE_AUTO_APPROVE=true',
    ]);
  });

  test('what always asks says so, and nothing is said twice', () => {
    expect(decide({ proposedBy: { kind: 'playbook' }, confidence: null }).flips).toEqual([
      'asks because proposed by playbook; only what the model proposes from the library may run by itself',
    ]);
    expect(decide({ confidence: 0.7 }).flips).toEqual([
      'asks because confidence 0.7 is below 0.85; lifted at 0.85',
    ]);
  });
});

describe('laws of the gate', () => {
  const number = fc.oneof(
    fc.double(),
    fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 40, 100),
  );
  const state = fc.constantFrom<GateInput['freeze']>(
    { state: 'not_configured' },
    { state: 'clear' },
    { state: 'holds', detail: 'holds' },
    { state: 'unknown', reason: 'unknown' },
  );
  const anything: fc.Arbitrary<GateInput> = fc
    .record({
      score: number,
      threshold: number,
      blast: number,
      bucket: fc.constantFrom<RiskScore['components']['reversibility']['bucket']>(
        'auto_reverting',
        'trivially_reversible',
        'audit_trail_only',
        'irreversible',
      ),
      type: fc.constantFrom<GateInput['action']['type']>(
        'route.circuit_break',
        'alert.page_oncall',
        'sla.disable',
        'runbook.restart',
      ),
      subject: fc.constantFrom<GateInput['action']['subject']['kind']>(
        'provider',
        'oncall',
        'sla',
        'runbook',
      ),
      proposedBy: fc.constantFrom<GateInput['proposedBy']>(
        { kind: 'model', model: 'm' },
        { kind: 'playbook' },
        { kind: 'person', name: 'p' },
        { kind: 'runbook', name: 'r' },
      ),
      confidence: fc.option(number),
      verdicts: fc.array(fc.constantFrom<Verdict>('holds', 'fails', 'unknown'), { maxLength: 3 }),
      empty: fc.boolean(),
      confirmed: fc.option(fc.boolean()),
      inside: fc.option(fc.boolean()),
      history: fc.option(
        fc.record({
          attemptsLastHour: number,
          failedLastHour: fc.boolean(),
          lastDidNotHelp: fc.boolean(),
          patternSeen: number,
          patternGood: number,
        }),
      ),
      freeze: state,
      regulated: state,
      budget: fc.option(number),
      policy: fc.constantFrom<GateInput['policyState']>(
        { state: 'in_force' },
        { state: 'unsigned', detail: 'u' },
        { state: 'lapsed', detail: 'l' },
        { state: 'invalid', detail: 'i' },
      ),
      qualifiedDaysAgo: fc.option(number),
      suspended: fc.boolean(),
      autoApprove: fc.boolean(),
      revertOf: fc.option(fc.nat(9)),
    })
    .map(inputFrom);

  /** Half of the cases start from the one that runs, so that running is reached too. */
  const mixed = fc.tuple(fc.subarray(Object.keys(runsByItself)), anything).map(([keys, odd]): GateInput => ({
    ...runsByItself,
    ...Object.fromEntries(Object.entries(odd).filter(([key]) => keys.includes(key))),
  }));

  test('what runs by itself has nothing against it', () => {
    fc.assert(
      fc.property(fc.oneof(anything, mixed), (input) => {
        const gate = decideGate(input);
        if (gate.decision !== 'auto_execute') {
          expect(gate.reasons.length).toBeGreaterThan(0);
          return;
        }
        expect(gate.reasons).toEqual([]);
        expect(gate.level).toBeGreaterThanOrEqual(3);
        expect(input.autoApprove && !input.suspended).toBe(true);
        expect(input.risk.score <= input.risk.threshold).toBe(true);
        expect(input.proposedBy.kind).toBe('model');
        expect(input.insideIncident.inside).toBe(true);
        expect(input.incidentConfirmed).toBe(true);
        expect(input.revertOf).toBeNull();
        expect(input.dryRun.preconditions.every(({ holds }) => holds === 'holds')).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  test('verdict, level and refusal belong together', () => {
    fc.assert(
      fc.property(fc.oneof(anything, mixed), (input) => {
        const { decision, level, refusal } = decideGate(input);
        const levels = { refuse: [0], assist_only: [0, 1], require_approval: [2], auto_execute: [3, 4] };
        expect(levels[decision]).toContain(level);
        expect(refusal === null).toBe(decision !== 'refuse');
      }),
      { numRuns: 1000 },
    );
  });

  const history = {
    attemptsLastHour: 0,
    failedLastHour: false,
    lastDidNotHelp: false,
    patternSeen: 12,
    patternGood: 12,
  };
  const triggers: readonly Partial<GateInput>[] = [
    { dryRun: { changes, preconditions: preconditionsWith({ stale: 1, of: 4 }) } },
    { confidence: 0.84 },
    { confidence: Number.NaN },
    { history: null },
    { history: { ...history, attemptsLastHour: 2 } },
    { history: { ...history, lastDidNotHelp: true } },
    { risk: scoreRisk({ ...breakerByDay, reach: reachOf(21) }) },
    { regulated: { state: 'holds', detail: 'r' } },
    { freeze: { state: 'unknown', reason: 'f' } },
    { errorBudget: { state: 'unknown', reason: 'e' } },
    { insideIncident: { inside: null, detail: 'i' } },
    { incidentConfirmed: false },
    { policyState: { state: 'unsigned', detail: 'p' } },
    { suspended: true },
    { risk: { ...runsByItself.risk, ...bucketed('irreversible') } },
  ];
  test('no score, weight or threshold lets a trigger run by itself', () => {
    fc.assert(
      fc.property(fc.constantFrom(...triggers), number, number, (trigger, score, threshold) => {
        const risk = { ...(trigger.risk ?? runsByItself.risk), score, threshold };
        expect(decide({ ...trigger, risk }).decision).not.toBe('auto_execute');
      }),
      { numRuns: 1000 },
    );
  });
});

function bucketed(bucket: 'irreversible'): Pick<RiskScore, 'components'> {
  const { components } = runsByItself.risk;
  return { components: { ...components, reversibility: { ...components.reversibility, bucket } } };
}

function inputFrom(odd: {
  readonly score: number;
  readonly threshold: number;
  readonly blast: number;
  readonly bucket: RiskScore['components']['reversibility']['bucket'];
  readonly type: GateInput['action']['type'];
  readonly subject: GateInput['action']['subject']['kind'];
  readonly proposedBy: GateInput['proposedBy'];
  readonly confidence: number | null;
  readonly verdicts: readonly Verdict[];
  readonly empty: boolean;
  readonly confirmed: boolean | null;
  readonly inside: boolean | null;
  readonly history: GateInput['history'];
  readonly freeze: GateInput['freeze'];
  readonly regulated: GateInput['regulated'];
  readonly budget: number | null;
  readonly policy: GateInput['policyState'];
  readonly qualifiedDaysAgo: number | null;
  readonly suspended: boolean;
  readonly autoApprove: boolean;
  readonly revertOf: number | null;
}): GateInput {
  const { components } = runsByItself.risk;
  return {
    ...runsByItself,
    action: { type: odd.type, subject: { kind: odd.subject, id: 'x' } },
    proposedBy: odd.proposedBy,
    confidence: odd.confidence,
    dryRun: {
      changes: odd.empty ? [] : changes,
      preconditions: odd.verdicts.map((holds, index) => ({
        id: `p${index}`,
        source: 'required',
        severity: index === 0 ? 'must' : 'should',
        holds,
        detail: holds,
      })),
    },
    risk: {
      ...runsByItself.risk,
      score: odd.score,
      threshold: odd.threshold,
      components: {
        ...components,
        blastRadius: { ...components.blastRadius, value: odd.blast },
        reversibility: { ...components.reversibility, bucket: odd.bucket },
      },
    },
    incidentConfirmed: odd.confirmed,
    insideIncident: { inside: odd.inside, detail: 'scope' },
    history: odd.history,
    freeze: odd.freeze,
    regulated: odd.regulated,
    errorBudget:
      odd.budget === null ? { state: 'not_configured' } : { state: 'known', remainingPercent: odd.budget },
    policyState: odd.policy,
    qualifiedDaysAgo: odd.qualifiedDaysAgo,
    suspended: odd.suspended,
    autoApprove: odd.autoApprove,
    revertOf: odd.revertOf,
  };
}

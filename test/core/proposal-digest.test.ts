import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../src/core/audit/canonical-json.ts';
import type { GateReason } from '../../src/core/gate.ts';
import { approvalCode, boundFields, proposalDigest, sameGround } from '../../src/core/proposal-digest.ts';
import type { DigestInput } from '../../src/core/proposal-digest.ts';
import type { RemediationDocument } from '../../src/core/remediation.ts';
import { breakerDocument } from '../support/remediation-case.ts';

const bound: DigestInput = {
  deployment: 'prod',
  id: 42,
  expiresAt: '2026-11-20T09:10:00.000Z',
  document: breakerDocument,
};
const digest = proposalDigest(bound);
const withDocument = (change: Partial<RemediationDocument>): DigestInput => ({
  ...bound,
  document: { ...breakerDocument, ...change },
});
const [firstChange] = breakerDocument.changes;
const [firstPrecondition] = breakerDocument.preconditions;
if (firstChange === undefined || firstPrecondition === undefined) throw new Error('the case is empty');
const withReason = (...reasons: readonly GateReason[]) => ({
  gate: { ...breakerDocument.gate, reasons: [...breakerDocument.gate.reasons, ...reasons] },
});

describe('the digest', () => {
  test('is the hash of the canonical JSON of what it binds', () => {
    const hash = createHash('sha256')
      .update(canonicalJson(boundFields(bound)))
      .digest('hex');
    expect(digest).toBe(`sha256:${hash}`);
    expect(Object.keys(boundFields(bound)).toSorted()).toEqual(
      [
        'action',
        'changes',
        'deployment',
        'expiresAt',
        'inverse',
        'nonce',
        'params',
        'policyHash',
        'remediation',
        'revert',
        'schema',
        'tau',
        'triggers',
        'verdicts',
      ].toSorted(),
    );
  });

  const { action, risk, changes, preconditions } = breakerDocument;
  test.each<[string, DigestInput]>([
    ['deployment', { ...bound, deployment: 'staging' }],
    ['id', { ...bound, id: 43 }],
    ['expiry', { ...bound, expiresAt: '2026-11-20T09:10:00.001Z' }],
    ['nonce', withDocument({ nonce: 'ff' })],
    ['action type', withDocument({ action: { ...action, type: 'key.block' } })],
    ['action version', withDocument({ action: { ...action, version: 2 } })],
    ['a param', withDocument({ action: { ...action, params: { ...action.params, minutes: 4 } } })],
    ['a change', withDocument({ changes: changes.slice(1) })],
    ['the order of changes', withDocument({ changes: changes.toReversed() })],
    ['the inverse', withDocument({ inverse: [] })],
    ['the revert rule', withDocument({ revert: { kind: 'on_request' } })],
    ['when the timer fires', withDocument({ revert: { kind: 'timer', afterMinutes: 4 } })],
    [
      'a verdict',
      withDocument({
        preconditions: [{ ...firstPrecondition, holds: 'unknown' }, ...preconditions.slice(1)],
      }),
    ],
    [
      'a severity',
      withDocument({
        preconditions: [{ ...firstPrecondition, severity: 'must' }, ...preconditions.slice(1)],
      }),
    ],
    ['a precondition left out', withDocument({ preconditions: preconditions.slice(1) })],
    ['a trigger', withDocument(withReason({ code: 'freeze', detail: 'year end' }))],
    ['the policy', withDocument({ policyHash: 'sha256:other' })],
    ['τ', withDocument({ risk: { ...risk, threshold: 41 } })],
  ])('moves with %s', (_, changed) => {
    expect(proposalDigest(changed)).not.toBe(digest);
  });

  test.each<[string, Partial<RemediationDocument>]>([
    ['observed values', { preconditions: preconditions.map((one) => ({ ...one, detail: 'now 47 %' })) }],
    ['the order of evaluation', { preconditions: preconditions.toReversed() }],
    ['the score', { risk: { ...risk, score: 12.34, baselineUplift: 1 } }],
    ['the prose', { diagnosis: 'another story' }],
    ['confidence, facts and pattern', { confidence: 0.5, citedFacts: [], patternKey: 'x', predicates: [] }],
    ['settings, score and level as reasons', withReason({ code: 'score_above_threshold', detail: '40.01' })],
    ['what would flip it', { gate: { ...breakerDocument.gate, flips: [] } }],
  ])('does not move with %s', (_, change) => {
    expect(proposalDigest(withDocument(change))).toBe(digest);
  });

  test('a trigger that fires twice is one trigger; its words are not bound', () => {
    const once = proposalDigest(withDocument(withReason({ code: 'loop_guard', detail: 'a' })));
    const twice = withReason({ code: 'loop_guard', detail: 'b' }, { code: 'loop_guard', detail: 'c' });
    expect(proposalDigest(withDocument(twice))).toBe(once);
  });

  test('different params never share a digest', () => {
    const params = fc.dictionary(
      fc.string({ maxLength: 8 }),
      fc.oneof(fc.integer(), fc.string(), fc.boolean()),
    );
    fc.assert(
      fc.property(params, params, (a, b) => {
        const of = (one: typeof a) => proposalDigest(withDocument({ action: { ...action, params: one } }));
        expect(of(a) === of(b)).toBe(canonicalJson(a) === canonicalJson(b));
      }),
    );
  });

  test('a number that is none cannot be bound', () => {
    expect(() => proposalDigest(withDocument({ risk: { ...risk, threshold: Number.NaN } }))).toThrow();
  });
});

describe('the approval code', () => {
  test('is the first four hex digits', () => {
    expect(approvalCode(`sha256:9f86${'0'.repeat(60)}`)).toBe('9f86');
    expect(digest.slice(7, 11)).toBe(approvalCode(digest));
  });
  test.each([
    '',
    'sha256:',
    'sha256:9f86',
    `md5:${'0'.repeat(64)}`,
    `sha256:${'F'.repeat(64)}`,
    `sha256:${'0'.repeat(65)}`,
  ])('of `%s` is refused', (text) => {
    expect(() => approvalCode(text)).toThrow(/is not a digest/u);
  });
});

describe('same ground', () => {
  const { action, risk, changes, gate, preconditions } = breakerDocument;
  const compare = (change: Partial<RemediationDocument>) =>
    sameGround(breakerDocument, { ...breakerDocument, ...change });

  test.each<[string, Partial<RemediationDocument>]>([
    ['nothing changed', {}],
    [
      'observed values moved',
      { preconditions: preconditions.map((one) => ({ ...one, detail: 'now 47 %' })) },
    ],
    ['the score fell', { risk: { ...risk, score: risk.score - 5 } }],
    ['the score stayed', { risk: { ...risk } }],
    ['it may now run by itself', { gate: { ...gate, decision: 'auto_execute', level: 3, reasons: [] } }],
    ['auto-approve was switched', withReason({ code: 'auto_approve_off', detail: 'x' })],
  ])('%s: the digest is kept', (_, change) => {
    expect(compare(change)).toEqual({ kind: 'same' });
  });

  test.each<[string, Partial<RemediationDocument>, string]>([
    ['a param', { action: { ...action, params: { provider: 'openai', minutes: 5 } } }, 'action was '],
    [
      'a change fewer',
      { changes: changes.slice(1) },
      'change of litellm:deployment/6d0c#blocked was false → true, is now not planned',
    ],
    [
      'a change more',
      { changes: [...changes, { ...firstChange, target: 'litellm:deployment/new' } as typeof firstChange] },
      'change of litellm:deployment/new#blocked was not planned, is now false → true',
    ],
    ['the order of changes', { changes: changes.toReversed() }, 'the order of the changes is another'],
    ['the inverse', { inverse: [] }, 'what undoes it is another'],
    ['the revert rule', { revert: { kind: 'on_request' } }, 'revert rule was '],
    [
      'a verdict',
      {
        preconditions: [
          { ...firstPrecondition, holds: 'fails', detail: 'is 3 %' },
          ...preconditions.slice(1),
        ],
      },
      'precondition required `required.0` (should) was holds, is now fails: is 3 %',
    ],
    [
      'a precondition gone',
      { preconditions: preconditions.slice(1) },
      'precondition required `required.0` (should) was holds, is now absent',
    ],
    [
      'a precondition repeated',
      { preconditions: [firstPrecondition, ...preconditions] },
      'the set of preconditions is another',
    ],
    ['a new trigger', withReason({ code: 'freeze', detail: 'year end' }), 'new trigger freeze: year end'],
    ['the policy', { policyHash: 'sha256:other' }, 'policy was '],
    ['τ', { risk: { ...risk, threshold: 50 } }, 'τ was 40, is now 50'],
    ['a higher score', { risk: { ...risk, score: 17.56 } }, 'the score was 17.55, is now 17.56'],
    ['a score that is none', { risk: { ...risk, score: Number.NaN } }, 'the score was 17.55, is now NaN'],
    [
      'a refusal',
      { gate: { ...gate, decision: 'refuse' } },
      'the gate said require_approval, says now refuse',
    ],
  ])('%s: said in one line', (_, change, line) => {
    const compared = compare(change);
    expect(compared.kind).toBe('changed');
    expect(compared.kind === 'changed' ? compared.differences : []).toEqual([expect.stringContaining(line)]);
  });

  test('a trigger that no longer applies is another ground too', () => {
    const shown = { ...breakerDocument, ...withReason({ code: 'freeze', detail: 'year end' }) };
    expect(sameGround(shown, breakerDocument)).toEqual({
      kind: 'changed',
      differences: ['trigger freeze no longer applies'],
    });
  });

  test('what was refused does not become approvable in place', () => {
    const shown = { ...breakerDocument, gate: { ...gate, decision: 'assist_only' as const } };
    expect(sameGround(shown, breakerDocument).kind).toBe('changed');
  });

  test('whatever keeps the ground keeps the digest', () => {
    const verdict = fc.constantFrom('holds' as const, 'fails' as const, 'unknown' as const);
    const codes = fc.subarray(['freeze', 'novel', 'auto_approve_off', 'level'] as const);
    fc.assert(
      fc.property(
        fc.array(verdict, { minLength: 4, maxLength: 4 }),
        codes,
        fc.nat(30),
        (verdicts, fired, score) => {
          const fresh: RemediationDocument = {
            ...breakerDocument,
            preconditions: preconditions.map((one, index) => ({
              ...one,
              holds: verdicts[index] ?? one.holds,
            })),
            gate: { ...gate, reasons: fired.map((code) => ({ code, detail: code })) },
            risk: { ...risk, score },
          };
          if (sameGround(breakerDocument, fresh).kind === 'same')
            expect(proposalDigest({ ...bound, document: fresh })).toBe(digest);
          else if (score <= risk.score)
            expect(proposalDigest({ ...bound, document: fresh })).not.toBe(digest);
        },
      ),
    );
  });
});

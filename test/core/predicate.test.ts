import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { factNames } from '../../src/core/fact.ts';
import { evaluatePredicates, predicateId, predicatesMax } from '../../src/core/predicate.ts';
import type { FactPredicate } from '../../src/core/proposal.ts';
import { predicateOperators } from '../../src/core/proposal.ts';
import { sampleEvidence, withReading, withUnknown } from '../support/sample-evidence.ts';

const predicate = (
  fact: FactPredicate['fact'],
  subject: string,
  operator: FactPredicate['operator'],
  value: FactPredicate['value'],
): FactPredicate => ({ fact, subject, operator, value });

const verdictOf = (one: FactPredicate, evidence = sampleEvidence) =>
  evaluatePredicates([one], evidence, 'model')[0]?.holds;

describe('one predicate', () => {
  test.each([
    [predicate('provider.error_rate', 'anthropic', 'gte', 25), 'holds'],
    [predicate('provider.error_rate', 'anthropic', 'gt', 41.17), 'holds'],
    [predicate('provider.error_rate', 'anthropic', 'lt', 25), 'fails'],
    [predicate('provider.requests', 'anthropic', 'eq', 68), 'holds'],
    [predicate('provider.requests', 'anthropic', 'lte', 68), 'holds'],
    [predicate('provider.requests', 'anthropic', 'neq', 68), 'fails'],
    [predicate('provider.requests', 'anthropic', 'eq', '68'), 'fails'],
    [predicate('key.blocked', 'k-batch', 'eq', false), 'holds'],
    [predicate('key.blocked', 'k-batch', 'neq', true), 'holds'],
    [predicate('model_group.alias', 'smart', 'eq', 'claude'), 'holds'],
    [predicate('model_group.alias', 'claude', 'eq', null), 'holds'],
    [predicate('key.max_budget', 'k-web', 'eq', null), 'holds'],
    [predicate('key.max_budget', 'k-batch', 'neq', null), 'holds'],
    [predicate('provider.requests', 'nobody', 'gte', 1), 'unknown'],
    [predicate('provider.requests', 'anthropic', 'gt', 'many'), 'unknown'],
    [predicate('key.max_budget', 'k-web', 'gte', 5), 'unknown'],
    [predicate('key.blocked', 'k-batch', 'lt', 5), 'unknown'],
  ] as const)('%j %s', (one, holds) => {
    expect(verdictOf(one)).toBe(holds);
  });

  test.each([
    predicate('provider.error_rate', 'anthropic', 'gte', 0),
    predicate('provider.error_rate', 'anthropic', 'gt', -1),
    predicate('provider.error_rate', 'anthropic', 'lte', 100),
    predicate('provider.error_rate', 'anthropic', 'lt', 101),
    predicate('provider.error_rate', 'anthropic', 'neq', 101),
    predicate('provider.error_rate', 'anthropic', 'neq', 'x'),
    predicate('provider.error_rate', 'anthropic', 'neq', null),
    predicate('provider.requests', 'anthropic', 'neq', 2.5),
    predicate('team.spend', 'web', 'lte', 1e300),
    predicate('team.rpm_limit', 'web', 'neq', -5),
    predicate('key.blocked', 'k-batch', 'neq', 'true'),
    predicate('key.blocked', 'k-batch', 'neq', null),
    predicate('model_group.alias', 'claude', 'neq', 7),
    predicate('model_group.alias', 'claude', 'neq', ''),
  ])('cannot be false, so it proves nothing: %j', (one) => {
    const [result] = evaluatePredicates([one], sampleEvidence, 'model');
    expect(result).toMatchObject({ holds: 'unknown' });
    expect(result?.detail).toContain('no state could make this false');
  });

  test('a fact that was not read, or is no number, is unknown', () => {
    const one = predicate('provider.error_rate', 'anthropic', 'gte', 25);
    expect(verdictOf(one, withUnknown('traffic.providers'))).toBe('unknown');
    const broken = withReading('traffic.providers', (rows) =>
      rows.map((row) => ({ ...row, failed: Number.NaN })),
    );
    expect(verdictOf(one, broken)).toBe('unknown');
  });

  test('an inherited name is a group without an alias, like any other', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'no-such-group']) {
      expect(verdictOf(predicate('model_group.alias', name, 'neq', 'claude'))).toBe('holds');
      expect(verdictOf(predicate('model_group.alias', name, 'eq', 'claude'))).toBe('fails');
    }
  });
});

describe('several predicates', () => {
  const many = Array.from({ length: predicatesMax + 5 }, (_, index) =>
    predicate('provider.requests', 'anthropic', 'gte', index + 1),
  );

  test('each counts once', () => {
    const one = predicate('provider.requests', 'anthropic', 'gte', 5);
    expect(evaluatePredicates([one, { ...one }, one], sampleEvidence, 'model')).toHaveLength(1);
  });

  test('more than the limit are cut, which is said and asks a person', () => {
    const results = evaluatePredicates(many, sampleEvidence, 'auditor');
    expect(results).toHaveLength(predicatesMax + 1);
    expect(results.at(-1)).toEqual({
      id: 'auditor.predicates_cut',
      source: 'auditor',
      severity: 'should',
      holds: 'unknown',
      detail: '25 were given; only the first 20 were evaluated',
    });
    expect(evaluatePredicates(many.slice(0, predicatesMax), sampleEvidence, 'auditor')).toHaveLength(
      predicatesMax,
    );
  });

  test('are named by what they say, with foreign text made visible', () => {
    expect(predicateId(predicate('provider.error_rate', 'anthropic', 'gte', 25))).toBe(
      'provider.error_rate[anthropic] gte 25',
    );
    expect(predicateId(predicate('model_group.alias', 'a\u202eb', 'eq', 'x\n'))).toBe(
      'model_group.alias[a\\u{202E}b] eq "x\\n"',
    );
    expect(
      predicateId(predicate('model_group.alias', 'a'.repeat(512), 'eq', null)).length,
    ).toBeLessThanOrEqual(300);
  });

  test('never throw and never hold on nothing', () => {
    const any = fc.record({
      fact: fc.constantFrom(...factNames),
      subject: fc.oneof(
        fc.string(),
        fc.constantFrom('anthropic', '__proto__', 'constructor', 'web', 'claude'),
      ),
      operator: fc.constantFrom(...predicateOperators),
      value: fc.oneof(fc.double(), fc.boolean(), fc.string(), fc.constant(null)),
    });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 30 }), (predicates) => {
        for (const result of evaluatePredicates(predicates, {}, 'model'))
          expect(result.holds).toBe('unknown');
        for (const result of evaluatePredicates(predicates, sampleEvidence, 'model')) {
          expect(result.severity).toBe('should');
          expect(result.detail).not.toBe('');
        }
      }),
    );
  });
});

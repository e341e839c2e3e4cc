import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { parseProposal, proposalLimits } from '../../src/core/parse-proposal.ts';
import type { ParsedProposal } from '../../src/core/parse-proposal.ts';
import { libraryOf, smallAction, smallLibrary } from '../support/small-library.ts';

const good = {
  kind: 'remediate',
  diagnosis: 'anthropic answers 529 to most requests',
  action: { type: 'route.circuit_break', params: { provider: 'anthropic', minutes: 5 } },
  preconditions: [{ fact: 'provider.error_rate', subject: 'anthropic', operator: 'gt', value: 25 }],
  cited_facts: [{ fact: 'provider.error_rate', subject: 'anthropic' }],
  confidence: 0.91,
  rejected: [{ type: 'limit.lower', reason: 'no spender stands out' }],
};
const parse = (value: unknown, library = smallLibrary): ParsedProposal =>
  parseProposal({ text: typeof value === 'string' ? value : JSON.stringify(value), library, model: 'm-1' });
const accepted = (value: unknown) => {
  const parsed = parse(value);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.proposal;
};
const problemOf = (value: unknown) => {
  const parsed = parse(value);
  if (parsed.ok) throw new Error('was accepted');
  return parsed.problem;
};

describe('an answer that fits', () => {
  test('becomes a proposal by the model', () => {
    expect(accepted({ proposal: good })).toEqual({
      kind: 'remediate',
      proposedBy: { kind: 'model', model: 'm-1' },
      action: good.action,
      confidence: 0.91,
      preconditions: good.preconditions,
      citedFacts: good.cited_facts,
      diagnosis: good.diagnosis,
      rejected: good.rejected,
    });
  });

  test.each([
    ['without the wrapper', JSON.stringify(good)],
    ['in a fence', `\`\`\`json\n${JSON.stringify({ proposal: good }, null, 2)}\n\`\`\``],
    ['in a fence without a language', `\`\`\`\n${JSON.stringify({ proposal: good })}\n\`\`\``],
    [
      'in a fence after prose',
      `Here it is:\n\n\`\`\`json\n${JSON.stringify({ proposal: good })}\n\`\`\`\nGood luck.`,
    ],
    ['in a fence that is never closed', `\`\`\`json\r\n${JSON.stringify({ proposal: good })}`],
    ['with white space around', `\n\t ${JSON.stringify({ proposal: good })} \n`],
  ])('%s', (_, text) => {
    expect(accepted(text)).toMatchObject({ kind: 'remediate', action: good.action });
  });

  test('escalates', () => {
    const answer = { kind: 'escalate', diagnosis: 'nobody knows', reason: 'evidence contradicts itself' };
    expect(accepted({ proposal: answer })).toEqual({
      ...answer,
      proposedBy: { kind: 'model', model: 'm-1' },
    });
  });

  test('no confidence is none', () => {
    expect(accepted({ proposal: { ...good, confidence: null } })).toMatchObject({ confidence: 0 });
  });

  test('null stands for a param that is not given', () => {
    const action = { type: 'limit.lower', params: { team: null, key: 'k', percent: 20 } };
    expect(accepted({ proposal: { ...good, action } })).toMatchObject({
      action: { type: 'limit.lower', params: { key: 'k', percent: 20 } },
    });
  });

  test.each([
    ['an id that does not exist', { provider: 'no-such-provider', minutes: 1 }],
    ['a target outside the incident', { provider: 'somebody-else', minutes: 1 }],
  ])('%s is left to dry run and gate', (_, params) => {
    const action = { type: 'route.circuit_break', params };
    expect(accepted({ proposal: { ...good, action } })).toMatchObject({ action });
  });

  test('placeholders become names again, in params, predicates and prose', () => {
    const parsed = parseProposal({
      text: JSON.stringify({
        proposal: {
          ...good,
          diagnosis: '<team-1> spends too much',
          action: { type: 'limit.lower', params: { team: '<team-1>', key: null, percent: 20 } },
          preconditions: [{ fact: 'team.spend', subject: '<team-1>', operator: 'gt', value: 1 }],
          cited_facts: [{ fact: 'team.spend', subject: '<team-1>' }],
        },
      }),
      library: smallLibrary,
      model: 'm-1',
      restore: (text) => text.replaceAll('<team-1>', 'team "quoted"'),
    });
    expect(parsed).toMatchObject({
      ok: true,
      proposal: {
        diagnosis: 'team "quoted" spends too much',
        action: { params: { team: 'team "quoted"', percent: 20 } },
        preconditions: [{ subject: 'team "quoted"' }],
        citedFacts: [{ subject: 'team "quoted"' }],
      },
    });
  });

  test('prose is one visible line without secrets', () => {
    const diagnosis = `a\u202Eb\u0000c\ntype XXXX to approve sk-${'a1B2'.repeat(6)}`;
    const proposal = accepted({ proposal: { ...good, diagnosis } });
    expect(proposal.diagnosis).toBe('a\\u{202E}b\\u{0}c type XXXX to approve [redacted:api-key]');
  });

  test('a runbook is proposed as a runbook, without a confidence', () => {
    const library = libraryOf([
      smallAction('runbook.drain-cache', ['latency.spike'], { params: z.strictObject({ pool: z.string() }) }),
    ]);
    const action = { type: 'runbook.drain-cache', params: { pool: 'north' } };
    expect(parse({ proposal: { ...good, action } }, library)).toMatchObject({
      ok: true,
      proposal: { proposedBy: { kind: 'runbook', name: 'runbook.drain-cache' }, confidence: null },
    });
  });
});

describe('an answer that does not fit names what was given and what is allowed', () => {
  const withAction = (type: unknown, params: unknown) => ({
    proposal: { ...good, action: { type, params } },
  });
  test.each<[string, unknown, string]>([
    ['nothing', '', 'the answer is not one JSON object; it starts with ``'],
    ['prose', 'I would restart it.', 'it starts with `I would restart it.`'],
    ['truncated JSON', '{"proposal":{"kind":"remed', 'it starts with `{"proposal":{"kind":"remed`'],
    ['a list', '[1,2]', 'the value is `[1,2]`: invalid input: expected object'],
    ['two objects', '{} {}', 'the answer is not one JSON object'],
    ['an unknown kind', { proposal: { ...good, kind: 'execute' } }, '`proposal.kind` is `"execute"`'],
    ['no kind', { proposal: { diagnosis: 'x' } }, '`proposal.kind` is missing'],
    [
      'an action outside the library',
      withAction('db.drop', {}),
      'action type `db.drop` is not in the library; allowed: `route.circuit_break`, `limit.lower`, `alert.page_oncall`',
    ],
    ['the prototype as an action', withAction('__proto__', {}), 'is not in the library'],
    [
      'a param out of bounds',
      withAction('route.circuit_break', { provider: 'a', minutes: 60 }),
      'params of `route.circuit_break`: `minutes` is `60`: too big: expected number to be <=5',
    ],
    [
      'a param of a wrong type',
      withAction('route.circuit_break', { provider: 'a', minutes: '5' }),
      '`minutes` is `"5"`: invalid input: expected number, received string',
    ],
    ['a missing param', withAction('route.circuit_break', { provider: 'a' }), '`minutes` is missing'],
    [
      'an extra param',
      withAction('route.circuit_break', { provider: 'a', minutes: 1, force: true }),
      'unrecognized key: "force"',
    ],
    ['both of one', withAction('limit.lower', { team: 't', key: 'k', percent: 1 }), 'not both team and key'],
    ['no params', withAction('route.circuit_break', null), '`proposal.action.params` is `null`'],
    ['an extra field', { proposal: { ...good, approved: true } }, 'unrecognized key: "approved"'],
    ['an extra root field', { proposal: good, approve: true }, 'unrecognized key: "approve"'],
    [
      'a confidence above one',
      { proposal: { ...good, confidence: 1.01 } },
      '`proposal.confidence` is `1.01`',
    ],
    [
      'a confidence as text',
      { proposal: { ...good, confidence: 'high' } },
      '`proposal.confidence` is `"high"`',
    ],
    [
      'an unknown fact',
      { proposal: { ...good, cited_facts: [{ fact: 'provider.mood', subject: 'a' }] } },
      '`proposal.cited_facts.0.fact` is `"provider.mood"`: invalid option',
    ],
    [
      'an unknown operator',
      { proposal: { ...good, preconditions: [{ ...good.preconditions[0], operator: 'matches' }] } },
      '`proposal.preconditions.0.operator` is `"matches"`',
    ],
    [
      'too many preconditions',
      { proposal: { ...good, preconditions: Array.from({ length: 21 }, () => good.preconditions[0]) } },
      'expected array to have <=20 items',
    ],
    [
      'too many alternatives',
      { proposal: { ...good, rejected: Array.from({ length: 10 }, () => good.rejected[0]) } },
      'expected array to have <=9 items',
    ],
    [
      'a long diagnosis',
      { proposal: { ...good, diagnosis: 'x'.repeat(4_001) } },
      'expected string to have <=4000 characters',
    ],
    [
      'an empty reason',
      { proposal: { kind: 'escalate', diagnosis: '', reason: '' } },
      '`proposal.reason` is `""`',
    ],
    [
      'a hidden character in a param',
      withAction('route.circuit_break', { provider: 'anth\u200Bropic', minutes: 1 }),
      'param `provider` of `route.circuit_break` holds control or invisible characters',
    ],
    [
      'NUL in a param',
      withAction('route.circuit_break', { provider: 'a\u0000', minutes: 1 }),
      'holds control or invisible characters',
    ],
    ['depth', `${'{"a":'.repeat(20)}1${'}'.repeat(20)}`, 'the answer is nested deeper than 12 levels'],
    ['great depth', '['.repeat(30_000) + ']'.repeat(30_000), 'nested deeper than 12'],
    ['size', `"${'x'.repeat(proposalLimits.answerChars)}"`, 'the answer has 65538 characters; at most 65536'],
  ])('%s', (_, given, expected) => {
    expect(problemOf(given)).toContain(expected);
  });

  test('a problem is one short visible line without secrets', () => {
    const problem = problemOf(`sk-${'a1B2'.repeat(6)}\n\u001B[2J ${'x'.repeat(500)}`);
    expect(problem).toBe(
      'the answer is not one JSON object; it starts with `[redacted:api-key]\\u{A}\\u{1B}[2J xxxxxxxxxxxxxxxxxxxxxxxxxxx`',
    );
  });
});

test('whatever is accepted lies inside the library and its bounds', () => {
  const value = fc.oneof(
    fc.constantFrom('anthropic', 'x'),
    fc.integer(),
    fc.constant(null),
    fc.double(),
    fc.string(),
  );
  const action = fc.record({
    type: fc.oneof(fc.constantFrom(...smallLibrary.list.map((a) => a.type), 'toString', 'x'), fc.string()),
    params: fc.dictionary(
      fc.constantFrom('provider', 'minutes', 'team', 'key', 'percent', 'summary', 'x'),
      value,
    ),
  });
  const plausible = fc.constantFrom(
    { type: 'route.circuit_break', params: { provider: 'anthropic', minutes: 5 } },
    { type: 'limit.lower', params: { team: 'a', key: null, percent: 90 } },
  );
  const answer = fc.record({
    action: fc.oneof(action, plausible),
    confidence: fc.oneof(value, fc.double({ min: 0, max: 1, noNaN: true })),
  });
  const seen = { accepted: 0, refused: 0 };
  fc.assert(
    fc.property(answer, (random) => {
      const parsed = parse({ proposal: { ...good, ...random } });
      seen[parsed.ok ? 'accepted' : 'refused'] += 1;
      if (!parsed.ok) return parsed.problem.length > 0;
      if (parsed.proposal.kind !== 'remediate') return false;
      const definition = smallLibrary.find(parsed.proposal.action.type);
      const { confidence } = parsed.proposal;
      return (
        definition?.params.safeParse(parsed.proposal.action.params).success === true &&
        confidence !== null &&
        confidence >= 0 &&
        confidence <= 1
      );
    }),
    { numRuns: 2_000, seed: 7 },
  );
  expect(seen.accepted).toBeGreaterThan(100);
  expect(seen.refused).toBeGreaterThan(100);
});

test('no text makes it throw', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary' }), fc.json()),
      (text) => typeof parse(text).ok === 'boolean',
    ),
    { numRuns: 1_000 },
  );
});

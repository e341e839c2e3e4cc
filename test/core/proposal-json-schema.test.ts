import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { parseProposal } from '../../src/core/parse-proposal.ts';
import { paramsJsonSchema, proposalJsonSchema } from '../../src/core/proposal-json-schema.ts';
import { smallAction, smallLibrary } from '../support/small-library.ts';

type Node = Readonly<Record<string, unknown>>;
const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every schema inside a schema, with the number of objects above it. */
function walk(schema: Node, level = 1): readonly { readonly schema: Node; readonly level: number }[] {
  const properties = isNode(schema['properties']) ? Object.values(schema['properties']) : [];
  const branches = Array.isArray(schema['anyOf']) ? schema['anyOf'] : [];
  const items = isNode(schema['items']) ? [schema['items']] : [];
  return [
    { schema, level },
    ...[...branches, ...items].filter(isNode).flatMap((inner) => walk(inner, level)),
    ...properties.filter(isNode).flatMap((inner) => walk(inner, level + 1)),
  ];
}

const allowed = new Set(
  (
    'type enum const anyOf properties required additionalProperties items pattern multipleOf minimum maximum ' +
    'exclusiveMinimum exclusiveMaximum minItems maxItems description'
  ).split(' '),
);

describe('the schema of an answer', () => {
  const schema = proposalJsonSchema(smallLibrary);
  const nodes = walk(schema);

  test('keeps to the strict subset', () => {
    expect(schema['type']).toBe('object');
    for (const { schema: node } of nodes) {
      for (const key of Object.keys(node)) expect(allowed).toContain(key);
      if (!isNode(node['properties'])) continue;
      expect(node['additionalProperties']).toBe(false);
      expect(node['required']).toEqual(Object.keys(node['properties']));
    }
  });

  test('keeps to the bounds of older back ends', () => {
    const properties = nodes.flatMap(({ schema: node }) =>
      isNode(node['properties']) ? Object.keys(node['properties']) : [],
    );
    expect(properties.length).toBeLessThan(100);
    expect(Math.max(...nodes.map(({ level }) => level))).toBeLessThanOrEqual(5);
  });

  test('has one branch per action with its type as a constant', () => {
    const constants = nodes.map(({ schema: node }) => node['const']).filter((value) => value !== undefined);
    expect(constants).toEqual([
      'remediate',
      'route.circuit_break',
      'limit.lower',
      'alert.page_oncall',
      'escalate',
    ]);
  });
});

test('optional params are required ones that may be null; bounds stay', () => {
  const action = smallLibrary.find('limit.lower');
  expect(action && paramsJsonSchema(action)).toEqual({
    type: 'object',
    properties: {
      team: { anyOf: [{ type: 'string' }, { type: 'null' }] },
      key: { anyOf: [{ type: 'string' }, { type: 'null' }] },
      percent: { type: 'integer', minimum: 1, maximum: 90 },
    },
    required: ['team', 'key', 'percent'],
    additionalProperties: false,
  });
});

test('params that read text as numbers or choose between shapes are described too', () => {
  const read = smallAction('key.block', ['budget.exceeded'], {
    params: z
      .strictObject({
        n: z.preprocess((v) => (v === '1' ? 1 : v), z.int().min(1).max(3)),
        note: z.string().nullish(),
        left: z.string().optional(),
      })
      .transform(({ n }) => ({ n })),
  });
  const integer = { type: 'integer', minimum: 1, maximum: 3 };
  expect(paramsJsonSchema(read)).toMatchObject({
    properties: {
      n: integer,
      note: { type: ['string', 'null'] },
      left: { anyOf: [{ type: 'string' }, { type: 'null' }] },
    },
  });
  const either = smallAction('key.block', ['budget.exceeded'], {
    params: z.union([z.strictObject({ team: z.string() }), z.strictObject({ key: z.string() })]),
  });
  expect(paramsJsonSchema(either)).toEqual({
    anyOf: ['team', 'key'].map((name) => ({
      type: 'object',
      properties: { [name]: { type: 'string' } },
      required: [name],
      additionalProperties: false,
    })),
  });
});

test('an answer written by the schema parses', () => {
  const text = JSON.stringify({
    proposal: {
      kind: 'remediate',
      diagnosis: '',
      action: { type: 'limit.lower', params: { team: 'a', key: null, percent: 1 } },
      preconditions: [],
      cited_facts: [],
      confidence: null,
      rejected: [],
    },
  });
  expect(parseProposal({ text, library: smallLibrary, model: 'm' }).ok).toBe(true);
});

import { z } from 'zod';
import type { ActionDefinition, ActionLibrary } from './action.ts';
import { factNames } from './fact.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { proposalLimits } from './parse-proposal.ts';
import { predicateOperators } from './proposal.ts';

/**
 * The answer's shape for `response_format`, in the strict subset of structured output: the root is an object, every
 * property is required, nothing may be added, one branch per action with its type as a constant. It bounds the shape
 * where a gateway enforces it at all; `parseProposal` is what holds.
 */
export function proposalJsonSchema(library: ActionLibrary): JsonObject {
  const text = { type: 'string' };
  const fact = { type: 'string', enum: [...factNames] };
  const remediate = closedObject({
    kind: { type: 'string', const: 'remediate' },
    diagnosis: text,
    action: { anyOf: library.list.map(actionBranch) },
    preconditions: {
      type: 'array',
      maxItems: proposalLimits.preconditions,
      items: closedObject({
        fact,
        subject: text,
        operator: { type: 'string', enum: [...predicateOperators] },
        value: { anyOf: [{ type: 'number' }, { type: 'boolean' }, text, { type: 'null' }] },
      }),
    },
    cited_facts: {
      type: 'array',
      maxItems: proposalLimits.citedFacts,
      items: closedObject({ fact, subject: text }),
    },
    confidence: { anyOf: [{ type: 'number', minimum: 0, maximum: 1 }, { type: 'null' }] },
    rejected: {
      type: 'array',
      maxItems: proposalLimits.rejected,
      items: closedObject({ type: text, reason: text }),
    },
  });
  const escalate = closedObject({
    kind: { type: 'string', const: 'escalate' },
    diagnosis: text,
    reason: text,
  });
  return closedObject({ proposal: { anyOf: [remediate, escalate] } });
}

/** The params of one action as JSON Schema in the same strict subset. */
export function paramsJsonSchema(action: ActionDefinition): JsonObject {
  const schema = strictSubset(z.toJSONSchema(action.params, { io: 'input', unrepresentable: 'any' }));
  return isObject(schema) ? schema : closedObject({});
}

function actionBranch(action: ActionDefinition): JsonObject {
  return closedObject({ type: { type: 'string', const: action.type }, params: paramsJsonSchema(action) });
}

function closedObject(properties: JsonObject): JsonObject {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
}

const keptKeywords = [
  'type',
  'enum',
  'const',
  'pattern',
  'multipleOf',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'minItems',
  'maxItems',
  'description',
];

/** Keeps what the subset allows, closes objects and turns optional properties into required ones that may be null. */
function strictSubset(schema: unknown): JsonValue {
  if (!isObject(schema)) return {};
  if (isObject(schema['properties'])) return strictObject(schema, schema['properties']);
  const branches = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(branches)) return { anyOf: branches.map(strictSubset) };
  const kept = Object.entries(schema).filter(([key]) => keptKeywords.includes(key));
  return {
    ...Object.fromEntries(kept),
    ...('items' in schema ? { items: strictSubset(schema['items']) } : {}),
  };
}

function strictObject(schema: JsonObject, properties: JsonObject): JsonObject {
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  const entries = Object.entries(properties).map(([name, property]): [string, JsonValue] => {
    const strict = strictSubset(property);
    const given = required.includes(name) || acceptsNull(strict);
    return [name, given ? strict : { anyOf: [strict, { type: 'null' }] }];
  });
  return closedObject(Object.fromEntries(entries));
}

function acceptsNull(schema: JsonValue): boolean {
  if (!isObject(schema)) return false;
  const { type, anyOf } = schema;
  if (Array.isArray(anyOf)) return anyOf.some(acceptsNull);
  return type === 'null' || (Array.isArray(type) && type.includes('null'));
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

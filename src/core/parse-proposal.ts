import { z } from 'zod';
import type { ActionDefinition, ActionLibrary, ActionType } from './action.ts';
import { factNames } from './fact.ts';
import type { JsonObject } from './json.ts';
import { visibleText } from './plain-text.ts';
import type { Proposal, Proposer } from './proposal.ts';
import { factPredicateSchema } from './proposal.ts';
import { redactSecrets } from './redaction.ts';
import { describeIssues, quoted } from './schema-problem.ts';

/** Bounds of an answer; more is refused, never cut. */
export const proposalLimits = {
  answerChars: 65_536,
  depth: 12,
  diagnosisChars: 4_000,
  preconditions: 20,
  citedFacts: 60,
  rejected: 9,
} as const;

export type ParsedProposal =
  | { readonly ok: true; readonly proposal: Proposal }
  /** `problem` is one line for the repair request: what was given and what is allowed. */
  | { readonly ok: false; readonly problem: string };

const remediateSchema = z.strictObject({
  kind: z.literal('remediate'),
  diagnosis: z.string().max(proposalLimits.diagnosisChars),
  action: z.strictObject({
    type: z.string().max(128),
    params: z.record(z.string().max(64), z.json()),
  }),
  preconditions: z.array(factPredicateSchema).max(proposalLimits.preconditions),
  cited_facts: z
    .array(z.strictObject({ fact: z.enum(factNames), subject: z.string().max(512) }))
    .max(proposalLimits.citedFacts),
  confidence: z.number().min(0).max(1).nullable(),
  rejected: z
    .array(z.strictObject({ type: z.string().max(128), reason: z.string().max(1_000) }))
    .max(proposalLimits.rejected),
});
const escalateSchema = z.strictObject({
  kind: z.literal('escalate'),
  diagnosis: z.string().max(proposalLimits.diagnosisChars),
  reason: z.string().min(1).max(1_000),
});
const answerSchema = z.strictObject({
  proposal: z.discriminatedUnion('kind', [remediateSchema, escalateSchema]),
});
type RemediateAnswer = z.infer<typeof remediateSchema>;

/**
 * Reads a model's answer against the library: one JSON object, strictly typed, an action of the library with params
 * that its schema accepts. `restore` turns placeholders of the prompt back into the gateway's names. The confidence is
 * the model's own word, 0 when it gives none. Whether ids exist and lie in the incident is for dry run and gate.
 */
export function parseProposal(input: {
  readonly text: string;
  readonly library: ActionLibrary;
  readonly model: string;
  readonly restore?: (text: string) => string;
}): ParsedProposal {
  if (input.text.length > proposalLimits.answerChars)
    return problem(`the answer has ${input.text.length} characters; at most ${proposalLimits.answerChars}`);
  const json = readJson(unfence(input.text));
  if (!json.ok) return json;
  if (isDeeper(json.value, proposalLimits.depth))
    return problem(`the answer is nested deeper than ${proposalLimits.depth} levels`);
  const given = wrapped(json.value);
  const parsed = answerSchema.safeParse(given);
  if (!parsed.success) return problem(describeIssues(parsed.error.issues, given));
  const answer = parsed.data.proposal;
  const restore = input.restore ?? ((text) => text);
  if (answer.kind === 'remediate') return remediation(answer, { ...input, restore });
  return {
    ok: true,
    proposal: {
      kind: 'escalate',
      proposedBy: { kind: 'model', model: input.model },
      reason: prose(answer.reason, restore),
      diagnosis: prose(answer.diagnosis, restore),
    },
  };
}

interface Reading {
  readonly library: ActionLibrary;
  readonly model: string;
  readonly restore: (text: string) => string;
}

function remediation(answer: RemediateAnswer, { library, model, restore }: Reading): ParsedProposal {
  const definition = library.find(answer.action.type);
  if (definition === null) {
    const allowed = library.list.map((action) => `\`${action.type}\``).join(', ');
    return problem(`action type ${quoted(answer.action.type)} is not in the library; allowed: ${allowed}`);
  }
  const params = readParams(definition, answer.action.params, restore);
  if (!params.ok) return params;
  const name = (text: string) => visibleText(restore(text));
  return {
    ok: true,
    proposal: {
      kind: 'remediate',
      ...proposer(definition.type, { model, confidence: answer.confidence }),
      action: { type: definition.type, params: params.value },
      preconditions: answer.preconditions.map(({ fact, subject, operator, value }) => ({
        fact,
        subject: name(subject),
        operator,
        value: typeof value === 'string' ? name(value) : value,
      })),
      citedFacts: answer.cited_facts.map(({ fact, subject }) => ({ fact, subject: name(subject) })),
      diagnosis: prose(answer.diagnosis, restore),
      rejected: answer.rejected.map(({ type, reason }) => ({
        type: prose(type, restore),
        reason: prose(reason, restore),
      })),
    },
  };
}

/**
 * Whoever chooses a runbook, it is proposed as a runbook: supervised, without a confidence. A model that reports no
 * confidence has 0; null is for proposers that are not models.
 */
function proposer(
  type: ActionType,
  from: { readonly model: string; readonly confidence: number | null },
): { readonly proposedBy: Proposer; readonly confidence: number | null } {
  if (type.startsWith('runbook.')) return { proposedBy: { kind: 'runbook', name: type }, confidence: null };
  return { proposedBy: { kind: 'model', model: from.model }, confidence: from.confidence ?? 0 };
}

type Step<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly problem: string };

/** Null stands for "not given": strict structured output has no optional properties. */
function readParams(
  definition: ActionDefinition,
  given: RemediateAnswer['action']['params'],
  restore: (text: string) => string,
): Step<JsonObject> {
  const present = Object.entries(given)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => [name, typeof value === 'string' ? restore(value) : value] as const);
  const params = Object.fromEntries(present);
  const parsed = definition.params.safeParse(params);
  if (!parsed.success)
    return problem(`params of \`${definition.type}\`: ${describeIssues(parsed.error.issues, params)}`);
  const hidden = Object.entries(parsed.data).find(
    ([, value]) => typeof value === 'string' && isHidden(value),
  );
  if (hidden === undefined) return { ok: true, value: parsed.data };
  return problem(`param \`${hidden[0]}\` of \`${definition.type}\` holds control or invisible characters`);
}

function isHidden(text: string): boolean {
  return visibleText(text, { maxLength: proposalLimits.answerChars }) !== text;
}

/** The content of the first Markdown fence when the answer does not start with an object. */
function unfence(text: string): string {
  const trimmed = text.trim();
  if (trimmed.startsWith('{')) return trimmed;
  const opening = /^[ \t]*```[A-Za-z0-9_-]*[ \t]*\r?\n/mu.exec(trimmed);
  if (opening === null) return trimmed;
  const body = trimmed.slice(opening.index + opening[0].length);
  const end = body.search(/^[ \t]*```/mu);
  return (end < 0 ? body : body.slice(0, end)).trim();
}

function readJson(text: string): Step<unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return { ok: true, value };
  } catch {
    return problem(`the answer is not one JSON object; it starts with ${quoted(text.slice(0, 60))}`);
  }
}

/** Some models leave the wrapper out; the proposal itself is unmistakable. */
function wrapped(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'kind' in value ? { proposal: value } : value;
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((item) => isDeeper(item, levels - 1));
}

/** One line: a model's line breaks must not be able to imitate a prompt of ours on a screen. */
function prose(text: string, restore: (text: string) => string): string {
  const redacted = redactSecrets(text.replace(/[\t\n\r]+/gu, ' '));
  return visibleText(restore(redacted), { maxLength: proposalLimits.answerChars });
}

function problem(text: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem: visibleText(redactSecrets(visibleText(text))) };
}

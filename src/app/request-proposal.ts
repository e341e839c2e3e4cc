import type { ActionLibrary } from '../core/action.ts';
import type { Evidence } from '../core/evidence.ts';
import type { Incident } from '../core/incident.ts';
import { parseProposal } from '../core/parse-proposal.ts';
import { visibleText } from '../core/plain-text.ts';
import { playbook } from '../core/playbook.ts';
import { buildPrompt } from '../core/prompt.ts';
import type { Prompt } from '../core/prompt.ts';
import { promptHash } from '../core/prompt-hash.ts';
import { namesToHide } from '../core/prompt-subjects.ts';
import { proposalJsonSchema } from '../core/proposal-json-schema.ts';
import type { Proposal } from '../core/proposal.ts';
import { createPseudonyms, redactSecrets } from '../core/redaction.ts';
import type { Pseudonyms } from '../core/redaction.ts';
import type { Tempo } from '../core/tempo.ts';
import type { ModelAnswer, ModelPort, ModelRequest, Warning } from './ports.ts';

/** One model: its call, the retries of it and one repair, real time (design.md §2.7). */
export const modelDeadlineMs = 60_000;
/** Characters of evidence a model is shown. */
const promptCharsMax = 24_000;
/** Characters of an answer kept for the audit; a parsed one is never longer. */
const responseCharsMax = 65_536;
/** Characters of a wrong answer that a model gets back to repair. */
const repairCharsMax = 8_000;

export interface ProposalRequest {
  readonly incident: Incident;
  readonly evidence: Evidence;
  readonly library: ActionLibrary;
  /** In order of preference; empty when none is configured. */
  readonly models: readonly ModelPort[];
  readonly now: string;
  readonly tempo: Tempo;
  /** Models found dead in this run, shared by its incidents; added to here. */
  readonly deadModels: Set<string>;
  /** Ends with the triage: whoever has not answered by then is not asked further. */
  readonly signal: AbortSignal;
  /** Unguessable: 16 to 80 letters, digits or hyphens from a random source. */
  readonly boundary: string;
  /** Default `modelDeadlineMs`. */
  readonly modelDeadlineMs?: number;
}

/** One request and what came back, redacted as it was sent: the body of a `model_call` audit row. */
export interface ModelCallRecord {
  readonly model: string;
  readonly promptHash: string;
  readonly request: {
    readonly system: string;
    readonly user: string;
    readonly repair: ModelRequest['repair'];
  };
  readonly response: string | null;
  readonly outcome: 'accepted' | 'invalid' | 'unavailable';
  /** What was wrong; null when accepted. */
  readonly problem: string | null;
  readonly promptTokens: number | null;
  readonly completionTokens: number | null;
  readonly costUsd: number | null;
}

export interface ProposalRequestOutcome {
  readonly proposal: Proposal;
  readonly calls: readonly ModelCallRecord[];
  readonly warnings: readonly Warning[];
}

/** What one run of the chain shares. */
interface Run {
  readonly request: ProposalRequest;
  readonly prompt: Prompt;
  readonly hash: string;
  readonly schema: ModelRequest['schema'];
  readonly pseudonyms: Pseudonyms;
  readonly calls: ModelCallRecord[];
  readonly warnings: Warning[];
}

/**
 * Asks the models one after the other, each with one repair, and falls back to the playbook, which is labelled so and
 * itself escalates when no line of it fits. Never throws for what a model or gateway does, never waits past `signal`.
 */
export async function requestProposal(request: ProposalRequest): Promise<ProposalRequestOutcome> {
  const run = startRun(request);
  for (const [index, model] of request.models.entries()) {
    if (request.signal.aborted) {
      warn(run, 'model_deadline', 'the time for this triage ended before a model answered');
      break;
    }
    // The same model may stand behind two endpoints: its place in the chain is part of its name.
    const name = `${index}:${model.model}`;
    if (request.deadModels.has(name)) continue;
    const asked = await askModel(model, run);
    if (asked.kind === 'proposed')
      return { proposal: asked.proposal, calls: run.calls, warnings: run.warnings };
    if (asked.kind === 'dead' && !request.signal.aborted) request.deadModels.add(name);
  }
  return fromPlaybook(run);
}

function startRun(request: ProposalRequest): Run {
  const pseudonyms = createPseudonyms(namesToHide(request.incident, request.evidence));
  const prompt = buildPrompt({ ...request, maxChars: promptCharsMax, pseudonyms });
  const warnings: Warning[] = [];
  const cut = Object.entries(prompt.cut).map(([section, lines]) => `${lines} ${section}`);
  if (cut.length > 0 && request.models.length > 0)
    warnings.push({ code: 'prompt_cut', detail: `lines not shown to the model: ${cut.join(', ')}` });
  const schema = { name: 'proposal', jsonSchema: proposalJsonSchema(request.library) };
  return { request, prompt, hash: promptHash(prompt.hashInput), schema, pseudonyms, calls: [], warnings };
}

type Asked =
  | { readonly kind: 'proposed'; readonly proposal: Proposal }
  /** Alive, but both answers were no proposal. */
  | { readonly kind: 'invalid' }
  | { readonly kind: 'dead' };

async function askModel(model: ModelPort, run: Run): Promise<Asked> {
  const deadline = AbortSignal.timeout(run.request.modelDeadlineMs ?? modelDeadlineMs);
  const signal = AbortSignal.any([run.request.signal, deadline]);
  let repair: ModelRequest['repair'] = null;
  for (const last of [false, true]) {
    const answer = await askOnce(model, { repair, signal }, run);
    if (answer.status === 'unavailable') {
      warn(run, 'model_unavailable', `${model.model}: ${answer.reason}`);
      return { kind: 'dead' };
    }
    if (answer.status === 'accepted') return { kind: 'proposed', proposal: answer.proposal };
    if (last) warn(run, 'model_answer_invalid', `${model.model}: ${answer.problem}`);
    repair = repairOf(answer, run);
  }
  return { kind: 'invalid' };
}

type Judged =
  | { readonly status: 'accepted'; readonly proposal: Proposal }
  | { readonly status: 'invalid'; readonly text: string; readonly problem: string }
  | { readonly status: 'unavailable'; readonly reason: string };

async function askOnce(
  model: ModelPort,
  ask: { readonly repair: ModelRequest['repair']; readonly signal: AbortSignal },
  run: Run,
): Promise<Judged> {
  const { system, user } = run.prompt;
  const answer = await complete(model, { system, user, repair: ask.repair, schema: run.schema }, ask.signal);
  const judged = judge(answer, model, run);
  run.calls.push(recordOf({ model: model.model, repair: ask.repair, answer, judged }, run));
  return judged;
}

/** A port keeps its word and returns by the deadline; one that does not is left behind. */
async function complete(model: ModelPort, request: ModelRequest, signal: AbortSignal): Promise<ModelAnswer> {
  const late: ModelAnswer = { status: 'unavailable', reason: 'no answer before the deadline' };
  if (signal.aborted) return late;
  const { promise, resolve } = Promise.withResolvers<ModelAnswer>();
  const onAbort = () => resolve(late);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([model.complete(request, signal), promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function judge(answer: ModelAnswer, model: ModelPort, run: Run): Judged {
  if (answer.status === 'unavailable') return answer;
  const { text, problem } = answer;
  if (problem !== undefined) return { status: 'invalid', text, problem };
  const parsed = parseProposal({
    text,
    library: run.request.library,
    model: model.model,
    restore: run.pseudonyms.restore,
  });
  return parsed.ok
    ? { status: 'accepted', proposal: parsed.proposal }
    : { status: 'invalid', text, problem: withoutNames(parsed.problem, run) };
}

function repairOf(
  answer: { readonly text: string; readonly problem: string },
  run: Run,
): NonNullable<ModelRequest['repair']> {
  const problem = `That was not a valid answer: ${answer.problem}. Answer again with the one JSON object only.`;
  return { answer: shownAnswer(answer.text, { maxLength: repairCharsMax }, run), problem };
}

/** What a model wrote goes back to it, and into the audit, without secrets and names. */
function shownAnswer(text: string, options: { readonly maxLength: number }, run: Run): string {
  const plain = withoutNames(redactSecrets(text.slice(0, responseCharsMax)), run);
  return visibleText(plain, { ...options, keepNewlines: true });
}

/** Restored first: a placeholder that stands already would otherwise be taken for a forged one. */
function withoutNames(text: string, run: Run): string {
  return run.pseudonyms.hide(run.pseudonyms.restore(text));
}

function recordOf(
  call: {
    readonly model: string;
    readonly repair: ModelRequest['repair'];
    readonly answer: ModelAnswer;
    readonly judged: Judged;
  },
  run: Run,
): ModelCallRecord {
  const { system, user } = run.prompt;
  const answered = call.answer.status === 'answered' ? call.answer : null;
  return {
    model: call.model,
    promptHash: run.hash,
    request: { system, user, repair: call.repair },
    response: answered === null ? null : shownAnswer(answered.text, { maxLength: responseCharsMax }, run),
    outcome: call.judged.status,
    problem: problemOf(call.judged),
    promptTokens: answered?.promptTokens ?? null,
    completionTokens: answered?.completionTokens ?? null,
    costUsd: answered?.costUsd ?? null,
  };
}

function problemOf(judged: Judged): string | null {
  if (judged.status === 'accepted') return null;
  return judged.status === 'invalid' ? judged.problem : judged.reason;
}

function fromPlaybook(run: Run): ProposalRequestOutcome {
  const { incident, evidence, now, tempo, library, models } = run.request;
  if (models.length === 0) warn(run, 'model_not_configured', 'no model is configured; the playbook proposes');
  else warn(run, 'playbook_used', 'no model gave a usable proposal; the playbook proposes');
  const proposal = playbook({ incident, evidence, now, tempo, library });
  return { proposal, calls: run.calls, warnings: run.warnings };
}

function warn(run: Run, code: string, detail: string): void {
  run.warnings.push({ code, detail: visibleText(detail, { maxLength: 400 }) });
}

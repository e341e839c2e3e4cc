import type { JsonObject } from '../core/json.ts';
import type { SeededRandom } from './random.ts';
import type { RequestOutcome } from './request-outcome.ts';
import { organization, providers } from './world.ts';

/** Marks rows of the sandbox, so that it never takes a real gateway's tables for its own. */
export const requestIdPrefix = 'sandbox-';

/** The columns that are filled, with their types. */
export const spendLogColumns = {
  request_id: 'text',
  call_type: 'text',
  api_key: 'text',
  spend: 'double precision',
  total_tokens: 'integer',
  prompt_tokens: 'integer',
  completion_tokens: 'integer',
  startTime: 'timestamp',
  endTime: 'timestamp',
  request_duration_ms: 'integer',
  completionStartTime: 'timestamp',
  model: 'text',
  model_id: 'text',
  model_group: 'text',
  custom_llm_provider: 'text',
  api_base: 'text',
  user: 'text',
  metadata: 'jsonb',
  cache_hit: 'text',
  team_id: 'text',
  organization_id: 'text',
  status: 'text',
} as const;
export type SpendLogRow = { readonly [C in keyof typeof spendLogColumns]: string | number | JsonObject };

/**
 * The log row of one request. Failures start and end together, cost nothing and name the model that was asked for;
 * those the gateway made itself have no provider (facts/litellm.md A.3). `represents` scales the cost of thinned rows.
 */
export function spendLogRow(outcome: RequestOutcome, random: SeededRandom, represents: number): SpendLogRow {
  const { arrival, error } = outcome;
  const last = outcome.attempts.at(-1);
  const durationMs = error === null ? (last?.latencyMs ?? 0) : 0;
  const end = timestamp(arrival.atMs);
  const completionTokens = error === null ? outcome.completionTokens : 0;
  const promptTokens = error === null ? outcome.promptTokens : 0;
  return {
    request_id: `${requestIdPrefix}${random.hex(24)}`,
    call_type: outcome.modelGroup.startsWith('text-embedding') ? 'aembedding' : 'acompletion',
    api_key: arrival.key.token,
    spend: outcomeCostUsd(outcome) * represents,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    startTime: timestamp(arrival.atMs - durationMs),
    endTime: end,
    request_duration_ms: durationMs,
    completionStartTime: end,
    model: error === null ? (last?.deployment.model.replace(/^[^/]*\//u, '') ?? '') : outcome.modelGroup,
    model_id: last?.deployment.id ?? '',
    model_group: outcome.modelGroup,
    custom_llm_provider: last?.deployment.provider ?? '',
    api_base: last === undefined ? '' : providers[last.deployment.provider].apiBase,
    user: `svc-${arrival.key.alias}`,
    metadata: metadataOf(outcome),
    cache_hit: 'False',
    team_id: arrival.team.id,
    organization_id: organization.id,
    status: error === null ? 'success' : 'failure',
  };
}

/** What the request cost, USD; failures cost nothing. */
export function outcomeCostUsd(outcome: RequestOutcome): number {
  const last = outcome.attempts.at(-1);
  if (outcome.error !== null || last === undefined) return 0;
  const tokens = outcome.promptTokens + outcome.completionTokens;
  return (providers[last.deployment.provider].costUsd * tokens) / 1_200;
}

function metadataOf({ arrival, error, guardrails }: RequestOutcome): JsonObject {
  return {
    user_api_key: arrival.key.token,
    user_api_key_alias: arrival.key.alias,
    user_api_key_team_id: arrival.team.id,
    user_api_key_team_alias: arrival.team.alias,
    user_api_key_org_id: organization.id,
    status: error === null ? 'success' : 'failure',
    applied_guardrails: guardrails.map(({ name }) => name),
    guardrail_information: guardrails.map(({ id, name, intervened }) => ({
      guardrail_id: id,
      guardrail_name: name,
      guardrail_mode: 'pre_call',
      guardrail_status: intervened ? 'guardrail_intervened' : 'success',
      duration: 0.012,
    })),
    ...(error === null ? {} : { error_information: { ...error } }),
  };
}

/** UTC without a zone: the tables hold TIMESTAMP without time zone. */
function timestamp(atMs: number): string {
  return new Date(atMs).toISOString().replace('Z', '');
}

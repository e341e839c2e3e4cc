/** What the big triage runs on. All of it is made in SQL, by arithmetic on row numbers: the same in every run. */

export const providers = 120;
export const modelGroups = 240;
export const teams = 200;
export const keys = 400;
/** Incidents the data holds: 60 + 20 + 10 + 10. */
export const unhealthyProviders = 60;
export const slowProviders = 20;
export const teamsOverBudget = 10;
export const strikingGuardrails = 10;

/** A model group is served by two providers, 61 apart, so that a broken one always leaves another. */
const otherProvider = 61;

/** What a triage reads, and the rows beyond the moment of loading for the runs that come later. */
const dayMinutes = 25 * 60;
const minutesAhead = 20;
/** Since when things are bad. */
const badMinutes = 7;

export function entityStatements(): readonly string[] {
  return [
    `INSERT INTO "LiteLLM_TeamTable" (team_id, team_alias, spend, max_budget, rpm_limit, tpm_limit)
     SELECT 'team-' || n, 'Team ' || n, CASE WHEN n < ${teamsOverBudget} THEN 120 ELSE 20 END, 100, 1000, 100000
     FROM generate_series(0, ${teams - 1}) n`,
    `INSERT INTO "LiteLLM_VerificationToken" (token, key_alias, team_id, spend, max_budget, rpm_limit, tpm_limit)
     SELECT encode(sha256(convert_to('key' || n, 'UTF8')), 'hex'), 'key ' || n, 'team-' || (n % ${teams}), 10, 200, 500, 50000
     FROM generate_series(0, ${keys - 1}) n`,
  ];
}

/**
 * SpendLogs rows `from` to `to` of `count`; `$1` is the moment of loading. The last `inDay` of them are spread evenly over
 * the last 25 hours and a little beyond now, the others over the six days before.
 */
export function logStatement(range: { from: number; to: number; count: number; inDay: number }): string {
  const older = range.count - range.inDay;
  const daySeconds = ((dayMinutes + minutesAhead) * 60) / range.inDay;
  const olderSeconds = (6 * 24 * 3_600) / Math.max(1, older);
  const offset = `CASE WHEN n >= ${older} THEN (n - ${older}) * ${daySeconds} - ${dayMinutes * 60}
       ELSE (n - ${older}) * ${olderSeconds} - ${dayMinutes * 60} END`;
  return `INSERT INTO "LiteLLM_SpendLogs" (request_id, call_type, api_key, spend, total_tokens, "startTime", "endTime",
       model, model_id, model_group, custom_llm_provider, cache_hit, team_id, status, metadata)
     SELECT 'req-' || n, 'acompletion', k.token, 0.01 + (n % 7) * 0.001, 900, t.at,
       t.at + CASE WHEN f.failed THEN 0 WHEN f.slow THEN 5000 + n % 400 ELSE 600 + n % 400 END * interval '1 millisecond',
       'model-' || g.id, 'dep-' || g.id || '-' || p.place, 'group-' || g.id, 'provider' || p.id, 'False', k.team_id,
       CASE WHEN f.failed THEN 'failure' ELSE 'success' END,
       CASE WHEN f.failed THEN jsonb_build_object('status', 'failure', 'error_information', jsonb_build_object(
              'error_code', '503', 'error_class', 'ServiceUnavailableError', 'llm_provider', 'provider' || p.id,
              'error_message', 'the provider is overloaded', 'traceback', repeat('File "main.py", line 1; ', 20)))
            WHEN f.struck THEN jsonb_build_object('guardrail_information', jsonb_build_array(jsonb_build_object(
              'guardrail_name', 'guardrail-' || (n % ${strikingGuardrails}), 'guardrail_status', 'guardrail_intervened')))
            ELSE jsonb_build_object('user_api_key_team_id', k.team_id, 'usage_object', jsonb_build_object(
              'prompt_tokens', 700, 'completion_tokens', 200)) END
     FROM generate_series(${range.from}, ${range.to - 1}) n
     CROSS JOIN LATERAL (SELECT $1::timestamp + (${offset}) * interval '1 second' AS at) t
     CROSS JOIN LATERAL (SELECT (n::bigint * 7919) % ${keys} AS id) s
     CROSS JOIN LATERAL (SELECT encode(sha256(convert_to('key' || s.id, 'UTF8')), 'hex') AS token, 'team-' || (s.id % ${teams}) AS team_id) k
     CROSS JOIN LATERAL (SELECT (s.id * 3 + (n / 11) % 10) % ${modelGroups} AS id) g
     CROSS JOIN LATERAL (SELECT (n / 13) % 2 AS place, (g.id + ((n / 13) % 2) * ${otherProvider}) % ${providers} AS id) p
     CROSS JOIN LATERAL (SELECT t.at > $1::timestamp - interval '${badMinutes} minutes' AS bad) b
     CROSS JOIN LATERAL (SELECT b.bad AND p.id < ${unhealthyProviders} AND (n::bigint * 31) % 100 < 80 AS failed,
       b.bad AND p.id >= ${unhealthyProviders} AND p.id < ${unhealthyProviders + slowProviders} AS slow,
       b.bad AND (n::bigint * 17) % 100 < 20 AS struck) f`;
}

/** The deployments as `GET /model/info` of the admin API answers them. */
export function deploymentRows(): readonly object[] {
  return Array.from({ length: modelGroups * 2 }, (_, index) => {
    const group = Math.floor(index / 2);
    const place = index % 2;
    const provider = `provider${(group + place * otherProvider) % providers}`;
    return {
      model_name: `group-${group}`,
      litellm_params: { model: `${provider}/model-${group}`, custom_llm_provider: provider },
      model_info: { id: `dep-${group}-${place}`, db_model: true, blocked: false },
    };
  });
}

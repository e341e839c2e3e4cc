import {
  clientErrorClasses,
  gatewayErrorClasses,
  nowhereToRoutePattern,
  providerFaultStatuses,
  rateLimitClasses,
  rateLimitStatus,
} from '../../core/provider-fault.ts';
import type { GatewayLayout } from './gateway-layout.ts';

/**
 * What one logged request came to. `refused`: the gateway said no before any provider was asked. `nowhere_to_route`:
 * the gateway had no deployment left. `client_error`: the provider was well and said so.
 */
export type Outcome =
  'success' | 'provider_fault' | 'rate_limited' | 'client_error' | 'nowhere_to_route' | 'refused';

/** Longest id or name taken from a log row, in characters; longer ones are no gateway ids. */
const nameLengthMax = 512;

/**
 * A relation over SpendLogs rows with `"startTime"` in [from, until), to stand in a FROM clause. Its columns: id, at,
 * team, org, api_key, model_id, model_group, provider (lower case, '' when no provider was asked), outcome, cached,
 * latency_ms (NULL where it would not be one), spend, metadata, malformed (what decides the outcome is unreadable).
 *
 * facts/litellm.md A.3: NULL status is success; failure rows start and end together and often have no provider of
 * their own; cache hits are no provider latency; JSON may be wrapped in a JSON string, or be of any other type.
 */
export function spendLogs(
  layout: GatewayLayout,
  range: { readonly from: string; readonly until: string },
): string {
  const column = (name: string, type: string) => layout.column('LiteLLM_SpendLogs', name, type, 'l');
  const text = (name: string) => `left(btrim(coalesce(${column(name, 'text')}, '')), ${nameLengthMax})`;
  return `(
  SELECT l."request_id" AS id, l."startTime" AS at, ${text('team_id')} AS team, ${text('organization_id')} AS org,
         CASE WHEN ${text('api_key')} LIKE 'sk-%' THEN '' ELSE ${text('api_key')} END AS api_key,
         ${text('model_id')} AS model_id, ${text('model_group')} AS model_group, p.provider,
         ${outcomeSql} AS outcome, b.cached,
         CASE WHEN NOT b.failed AND NOT b.cached AND l."endTime" >= l."startTime"
              THEN (extract(epoch FROM l."endTime" - l."startTime") * 1000)::float8 END AS latency_ms,
         coalesce(${column('spend', 'float8')}, 0)::float8 AS spend,
         b.metadata,
         CASE WHEN b.failed THEN e.packed IS NULL AND (b.shape NOT IN ('object', 'null')
                                   OR b.shape = 'object' AND e.shape NOT IN ('object', 'null'))
              ELSE l."endTime" < l."startTime" END AS malformed
  FROM ${layout.table('LiteLLM_SpendLogs')} l
  CROSS JOIN LATERAL (SELECT
    ${column('metadata', 'jsonb')} AS metadata, coalesce(jsonb_typeof(${column('metadata', 'jsonb')}), 'null') AS shape,
    coalesce(lower(${column('status', 'text')}) = 'failure', false) AS failed,
    coalesce(lower(${column('cache_hit', 'text')}) = 'true', false) AS cached) b
  CROSS JOIN LATERAL (SELECT
    coalesce(jsonb_typeof(b.metadata->'error_information'), 'null') AS shape,
    CASE WHEN b.failed AND b.shape = 'string' THEN substring(b.metadata #>> '{}' FROM '"error_information"\\s*:\\s*(\\{.*)')
         WHEN b.failed AND jsonb_typeof(b.metadata->'error_information') = 'string'
           THEN substring(b.metadata->>'error_information' FROM '^\\s*(\\{.*)') END AS packed) e
  CROSS JOIN LATERAL (SELECT ${errorField('error_code')} AS code, ${errorField('error_class')} AS class,
    ${errorField('error_message')} AS message, ${errorField('llm_provider')} AS provider) f
  CROSS JOIN LATERAL (SELECT
    lower(coalesce(nullif(${nameOrNone(text('custom_llm_provider'))}, ''), ${nameOrNone('left(f.provider, 512)')}))
      AS provider, regexp_replace(f.class, '^.*[.]', '') AS class) p
  WHERE l."startTime" >= ${range.from} AND l."startTime" < ${range.until}
)`;
}

/**
 * One text field of the error, '' when it is not there. Packed JSON is read by pattern, because a cast of text that is
 * no JSON would fail the whole statement; quotes inside its strings are escaped, so none can pose as a field.
 */
function errorField(name: string): string {
  return `CASE WHEN b.failed THEN btrim(coalesce(
      CASE WHEN e.packed IS NULL THEN b.metadata->'error_information'->>'${name}'
           ELSE substring(e.packed FROM '"${name}"\\s*:\\s*"([^"\\\\]*)"') END, '')) ELSE '' END`;
}

/** LiteLLM's Python writes a missing value as the text `None`. */
function nameOrNone(sql: string): string {
  return `CASE WHEN ${sql} IN ('None', 'null') THEN '' ELSE ${sql} END`;
}

const quoted = (names: readonly string[]) => names.map((name) => `'${name}'`).join(', ');

const outcomeSql = `CASE
    WHEN NOT b.failed THEN 'success'
    WHEN f.message ~ '${nowhereToRoutePattern}' THEN 'nowhere_to_route'
    WHEN p.provider = '' OR p.class IN (${quoted(gatewayErrorClasses)}) THEN 'refused'
    WHEN f.code = '${rateLimitStatus}' THEN 'rate_limited'
    WHEN f.code ~ '^(?:${providerFaultStatuses})$' THEN 'provider_fault'
    WHEN f.code NOT IN ('', 'None') THEN 'client_error'
    WHEN p.class IN (${quoted(rateLimitClasses)}) THEN 'rate_limited'
    WHEN p.class IN (${quoted(clientErrorClasses)}) THEN 'client_error'
    ELSE 'provider_fault' END`;

/** A relation of team_id and organization_id, for rows that name no organization themselves. */
export function teamOrganizations(layout: GatewayLayout): string {
  return `(SELECT team_id, ${layout.column('LiteLLM_TeamTable', 'organization_id', 'text')} AS organization_id
           FROM ${layout.table('LiteLLM_TeamTable')})`;
}

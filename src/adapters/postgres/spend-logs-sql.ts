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

/**
 * A relation over SpendLogs rows with `"startTime"` in [from, until), to stand in a FROM clause. Its columns: id, at,
 * team, org, api_key, model_id, model_group, provider (lower case, '' when no provider was asked), outcome, class (the
 * error's, '' where there is none), cached,
 * latency_ms (NULL where it would not be one), spend, metadata, malformed (what decides the outcome is unreadable).
 *
 * facts/litellm.md A.3: NULL status is success; failure rows start and end together and often have no provider of
 * their own; cache hits are no provider latency; JSON may be wrapped in a JSON string, or be of any other type.
 */
export function spendLogs(
  layout: GatewayLayout,
  range: { readonly from: string; readonly until: string; readonly only?: 'failures' },
): string {
  return `(
  SELECT id, at, team, org, CASE WHEN api_key LIKE 'sk-%' THEN '' ELSE api_key END AS api_key, model_id, model_group,
         provider, ${outcomeSql} AS outcome, class, cached, spend, metadata,
         CASE WHEN NOT failed AND NOT cached AND ended >= at
              THEN (extract(epoch FROM ended - at) * 1000)::float8 END AS latency_ms,
         CASE WHEN failed THEN unreadable ELSE ended < at END AS malformed
  FROM (${withErrorFields(loggedRows(layout, range))}) fields)`;
}

// Each level ends with OFFSET 0, which keeps the planner from copying its expressions into every place that uses them:
// metadata would be unpacked a dozen times a row, and compiling the statement would take longer than running it.

function withErrorFields(rows: string): string {
  return `
  SELECT *, ${errorField('error_code')} AS code, ${errorField('error_message')} AS message,
         regexp_replace(${errorField('error_class')}, '^.*[.]', '') AS class,
         coalesce(nullif(${providerName('logged_provider')}, ''), ${providerName(errorField('llm_provider'))}) AS provider,
         packed IS NULL AND (shape NOT IN ('object', 'null')
           OR shape = 'object' AND coalesce(jsonb_typeof(error), 'null') NOT IN ('object', 'null')) AS unreadable
  FROM (SELECT *, CASE WHEN shape = 'string' THEN substring(metadata #>> '{}' FROM '"error_information"\\s*:\\s*(\\{.*)')
                       WHEN jsonb_typeof(error) = 'string' THEN substring(error #>> '{}' FROM '^\\s*(\\{.*)') END AS packed
        FROM (${rows}) logged OFFSET 0) packed OFFSET 0`;
}

/** The rows as they are; `error` and `shape` (the JSON type of metadata) are filled for failures only. */
function loggedRows(layout: GatewayLayout, range: Parameters<typeof spendLogs>[1]): string {
  const column = (name: string, type: string) => layout.column('LiteLLM_SpendLogs', name, type, 'l');
  const text = (name: string) => `coalesce(${column(name, 'text')}, '')`;
  const failed = `coalesce(${column('status', 'text')} = 'failure', false)`;
  const metadata = column('metadata', 'jsonb');
  return `
  SELECT l."request_id" AS id, l."startTime" AS at, l."endTime" AS ended, ${text('team_id')} AS team,
         ${text('organization_id')} AS org, ${text('api_key')} AS api_key, ${text('model_id')} AS model_id,
         ${text('model_group')} AS model_group, l.custom_llm_provider AS logged_provider, ${failed} AS failed,
         coalesce(${column('cache_hit', 'text')} = 'True', false) AS cached,
         coalesce(${column('spend', 'float8')}, 0) AS spend, ${metadata} AS metadata,
         CASE WHEN ${failed} THEN ${metadata}->'error_information' END AS error,
         CASE WHEN ${failed} THEN coalesce(jsonb_typeof(${metadata}), 'null') END AS shape
  FROM ${layout.table('LiteLLM_SpendLogs')} l
  WHERE l."startTime" >= ${range.from} AND l."startTime" < ${range.until}
    ${range.only === 'failures' ? `AND ${column('status', 'text')} = 'failure'` : ''} OFFSET 0`;
}

/** A provider's name in lower case, '' where there is none; LiteLLM's Python writes a missing value as `None`. */
export function providerName(sql: string): string {
  return `coalesce(nullif(lower(btrim(${sql})), 'none'), '')`;
}

/**
 * One text field of the error, '' when it is not there. Packed JSON is read by pattern, because a cast of text that is
 * no JSON would fail the whole statement; quotes inside its strings are escaped, so none can pose as a field.
 */
function errorField(name: string): string {
  return `CASE WHEN failed THEN btrim(left(coalesce(
      CASE WHEN packed IS NULL THEN error->>'${name}'
           ELSE substring(packed FROM '"${name}"\\s*:\\s*"([^"\\\\]*)"') END, ''), 512)) ELSE '' END`;
}

const quoted = (names: readonly string[]) => names.map((name) => `'${name}'`).join(', ');

const outcomeSql = `CASE
    WHEN NOT failed THEN 'success'
    WHEN message ~ '${nowhereToRoutePattern}' THEN 'nowhere_to_route'
    WHEN provider = '' OR class IN (${quoted(gatewayErrorClasses)}) THEN 'refused'
    WHEN code = '${rateLimitStatus}' THEN 'rate_limited'
    WHEN code ~ '^(?:${providerFaultStatuses})$' THEN 'provider_fault'
    WHEN code NOT IN ('', 'None') THEN 'client_error'
    WHEN class IN (${quoted(rateLimitClasses)}) THEN 'rate_limited'
    WHEN class IN (${quoted(clientErrorClasses)}) THEN 'client_error'
    ELSE 'provider_fault' END`;

/** A relation of team_id and organization_id, for rows that name no organization themselves. */
export function teamOrganizations(layout: GatewayLayout): string {
  return `(SELECT team_id, ${layout.column('LiteLLM_TeamTable', 'organization_id', 'text')} AS organization_id
           FROM ${layout.table('LiteLLM_TeamTable')})`;
}

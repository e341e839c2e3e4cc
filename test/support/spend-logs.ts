import type { GatewayReads } from '../../src/adapters/postgres/gateway-reads.ts';
import { createGatewayReads } from '../../src/adapters/postgres/gateway-reads.ts';
import { createGatewaySource } from '../../src/adapters/postgres/gateway-source.ts';
import type { Detection } from '../../src/app/ports.ts';
import { defaultDetectionSettings, type DetectionSettings } from '../../src/core/detection.ts';
import type { SlaContract } from '../../src/core/evidence.ts';
import type { JsonValue } from '../../src/core/json.ts';
import type { SqlValue } from '../../src/adapters/postgres/database.ts';

/** One row of LiteLLM_SpendLogs as the proxy writes it; what is left out is a quick success of team t1 at openai. */
export interface LogRow {
  readonly id?: string;
  /** Seconds before the database's now. Default 120. */
  readonly ago?: number;
  /** null where it is NULL on old rows. */
  readonly status?: string | null;
  readonly durationMs?: number;
  readonly provider?: string | null;
  readonly team?: string | null;
  readonly org?: string | null;
  readonly key?: string;
  readonly modelGroup?: string | null;
  readonly modelId?: string | null;
  readonly cacheHit?: string | null;
  readonly spend?: number;
  readonly metadata?: JsonValue;
}

/** Metadata of a failure as LiteLLM writes it. */
export function failure(error: {
  readonly code?: JsonValue;
  readonly class?: string;
  readonly provider?: string;
  readonly message?: string;
}): Pick<LogRow, 'status' | 'metadata' | 'durationMs'> {
  return {
    status: 'failure',
    durationMs: 0,
    metadata: {
      status: 'failure',
      error_information: {
        error_code: error.code ?? '',
        error_class: error.class ?? '',
        llm_provider: error.provider ?? '',
        error_message: error.message ?? '',
        traceback: 'Traceback (most recent call last): ...',
      },
    },
  };
}

export type Run = (text: string, params: readonly SqlValue[]) => Promise<readonly unknown[]>;

let serial = 0;

/** Inserts rows in one statement; times are relative to the database's clock, in UTC. */
export async function insertLogs(
  run: Run,
  rows: readonly LogRow[],
  table = '"LiteLLM_SpendLogs"',
): Promise<void> {
  const values = rows.map((row) => ({
    id: `chatcmpl-${serial++}`,
    ago: 120,
    status: 'success',
    durationMs: 400,
    provider: 'openai',
    team: 't1',
    org: null,
    key: 'a'.repeat(64),
    modelGroup: 'gpt-4o',
    modelId: 'dep-1',
    cacheHit: 'False',
    spend: 0.01,
    metadata: {},
    ...row,
  }));
  await run(
    `INSERT INTO ${table} (request_id, call_type, "startTime", "endTime", status, custom_llm_provider,
       team_id, organization_id, api_key, model_group, model_id, cache_hit, spend, metadata)
     SELECT v->>'id', 'acompletion', t.at, t.at + (v->>'durationMs')::float8 * interval '1 millisecond', v->>'status',
       v->>'provider', v->>'team', v->>'org', v->>'key', v->>'modelGroup', v->>'modelId', v->>'cacheHit',
       (v->>'spend')::float8, v->'metadata'
     FROM jsonb_array_elements($1::jsonb) v
     CROSS JOIN LATERAL (SELECT (clock_timestamp() AT TIME ZONE 'UTC') - (v->>'ago')::float8 * interval '1 second' AS at) t`,
    [JSON.stringify(values)],
  );
}

/** The same row `count` times. */
export function times(count: number, row: LogRow = {}): readonly LogRow[] {
  return Array.from({ length: count }, () => row);
}

/** Fresh reads as a triage makes them. */
export function readsOver(
  query: Run,
  options: { readonly slas?: readonly SlaContract[]; readonly settings?: DetectionSettings } = {},
): GatewayReads {
  return createGatewayReads({
    query,
    settings: options.settings ?? defaultDetectionSettings,
    listSlas: () => Promise.resolve(options.slas ?? []),
  });
}

/** What the gateway source sees right now. */
export function detectOver(query: Run, options: Parameters<typeof readsOver>[1] = {}): Promise<Detection> {
  return createGatewaySource({ reads: readsOver(query, options) }).detect(AbortSignal.timeout(10_000));
}

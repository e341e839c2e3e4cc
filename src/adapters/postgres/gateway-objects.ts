import { z } from 'zod';
import type { FactReader } from '../../app/ports.ts';
import type {
  Aliases,
  Deployment,
  GatewayCapabilities,
  GatewayIdentity,
  Guardrail,
  Reading,
  ReadingName,
  Readings,
} from '../../core/evidence.ts';
import { visibleText } from '../../core/plain-text.ts';
import { readLayout, type GatewayLayout, type RowQuery } from './gateway-layout.ts';
import { optionalName, shownName } from './gateway-rows.ts';

const rowsMax = 5_000;
const source = 'gateway_tables';

const deploymentRow = z.object({
  id: shownName,
  group: shownName,
  provider: optionalName,
  blocked: z.boolean().nullable(),
});
const guardrailRow = z.object({ id: shownName, name: shownName, default_on: z.boolean() });
const settingsRow = z.object({ value: z.string().nullable() });

/**
 * What the tables alone tell of deployments, aliases and guardrails: used where the admin API is not configured, so that
 * an action can be proposed although it cannot run. Providers come from the requests a deployment served in 24 h, for the
 * stored parameters are encrypted (facts/litellm.md A.2); what config.yaml defines is not in the tables.
 */
export function createTableObjects(query: RowQuery): FactReader {
  const loaders: { readonly [N in ReadingName]?: (layout: GatewayLayout) => Promise<Readings[N]> } = {
    'gateway.capabilities': async (layout) => capabilities(layout),
    'gateway.identity': () => Promise.resolve(identity),
    'gateway.deployments': (layout) => deployments(query, layout),
    'gateway.aliases': (layout) => aliases(query, layout),
    'gateway.guardrails': (layout) => guardrails(query, layout),
  };
  return {
    name: source,
    provides: Object.keys(loaders) as readonly ReadingName[],
    read: async <N extends ReadingName>(name: N): Promise<Reading<Readings[N]>> => {
      const load = loaders[name];
      if (load === undefined)
        return { status: 'unknown', reason: 'not a reading of the gateway tables', source };
      try {
        const layout = await readLayout(query);
        return { status: 'known', value: await load(layout), source, observedAt: layout.now };
      } catch (error) {
        const reason = visibleText(error instanceof Error ? error.message : String(error), {
          maxLength: 300,
        });
        return { status: 'unknown', reason, source };
      }
    },
  };
}

const identity: GatewayIdentity = {
  match: 'not_logged',
  detail: 'no admin API is configured; everything was read from the tables',
};

function capabilities(layout: GatewayLayout): GatewayCapabilities {
  return {
    version: null,
    canBlockDeployments: layout.has('LiteLLM_ProxyModelTable', 'blocked'),
    storesModelsInDb: null,
    canPatchGuardrails: layout.has('LiteLLM_GuardrailsTable'),
  };
}

async function deployments(query: RowQuery, layout: GatewayLayout): Promise<readonly Deployment[]> {
  if (!layout.has('LiteLLM_ProxyModelTable', 'model_id'))
    throw new Error('this release has no table of deployments');
  const blocked = layout.column('LiteLLM_ProxyModelTable', 'blocked', 'boolean', 'm');
  const rows = await query(
    `SELECT m.model_id AS id, m.model_name AS "group", ${blocked} AS blocked, s.provider
     FROM ${layout.table('LiteLLM_ProxyModelTable')} m
     LEFT JOIN (
       SELECT model_id, mode() WITHIN GROUP (ORDER BY custom_llm_provider) AS provider
       FROM ${layout.table('LiteLLM_SpendLogs')}
       WHERE "startTime" >= (now() AT TIME ZONE 'UTC') - interval '24 hours'
         AND model_id <> '' AND custom_llm_provider <> ''
       GROUP BY model_id
     ) s USING (model_id)
     ORDER BY m.model_id LIMIT ${rowsMax + 1}`,
    [],
  );
  if (rows.length > rowsMax) throw new Error(`more than ${rowsMax} deployments`);
  return z
    .array(deploymentRow)
    .parse(rows)
    .map((row) => ({
      id: row.id,
      modelGroup: row.group,
      // Served nothing in 24 h: nobody can say whose it is.
      provider: row.provider ?? '',
      inDatabase: true,
      blocked: row.blocked,
      wildcard: row.group.includes('*'),
    }));
}

async function aliases(query: RowQuery, layout: GatewayLayout): Promise<Aliases> {
  if (!layout.has('LiteLLM_Config', 'param_value')) throw new Error('this release has no table of settings');
  const rows = await query(
    `SELECT (CASE jsonb_typeof(param_value) WHEN 'string' THEN (param_value #>> '{}')::jsonb ELSE param_value END
             -> 'model_group_alias')::text AS value
     FROM ${layout.table('LiteLLM_Config')} WHERE param_name = 'router_settings' LIMIT 1`,
    [],
  );
  const value = z.array(settingsRow).parse(rows)[0]?.value ?? null;
  const target = z.union([z.string(), z.looseObject({ model: z.string() }).transform(({ model }) => model)]);
  const map = z
    .record(z.string(), target)
    .nullable()
    .parse(value === null ? null : JSON.parse(value));
  return { map: map ?? {} };
}

async function guardrails(query: RowQuery, layout: GatewayLayout): Promise<readonly Guardrail[]> {
  if (!layout.has('LiteLLM_GuardrailsTable', 'litellm_params'))
    throw new Error('this release has no table of guardrails');
  const rows = await query(
    `SELECT guardrail_id AS id, guardrail_name AS name,
            coalesce((CASE jsonb_typeof(litellm_params) WHEN 'string' THEN (litellm_params #>> '{}')::jsonb
                      ELSE litellm_params END ->> 'default_on') = 'true', false) AS default_on
     FROM ${layout.table('LiteLLM_GuardrailsTable')} ORDER BY guardrail_id LIMIT ${rowsMax + 1}`,
    [],
  );
  if (rows.length > rowsMax) throw new Error(`more than ${rowsMax} guardrails`);
  return z
    .array(guardrailRow)
    .parse(rows)
    .map((row) => ({ id: row.id, name: row.name, defaultOn: row.default_on, inDatabase: true }));
}

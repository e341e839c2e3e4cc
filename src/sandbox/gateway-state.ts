import type { JsonObject } from '../core/json.ts';
import {
  initialBudgets,
  initialDeployments,
  initialGuardrails,
  initialKeys,
  initialTeams,
  organization,
  yamlRouterSettings,
  type SimulatedBudget,
  type SimulatedDeployment,
  type SimulatedGuardrail,
  type SimulatedKey,
  type SimulatedTeam,
} from './world.ts';

/** What the gateway knows right now, by id. Records are replaced, never changed in place. */
export interface GatewayState {
  readonly deployments: Map<string, SimulatedDeployment>;
  readonly teams: Map<string, SimulatedTeam>;
  readonly keys: Map<string, SimulatedKey>;
  readonly budgets: Map<string, SimulatedBudget>;
  readonly guardrails: Map<string, SimulatedGuardrail>;
  organizationSpend: number;
  /** Row `router_settings` of the config table; null while there is none. */
  storedRouterSettings: JsonObject | null;
}

/** A gateway as it is before anybody touched it. */
export function createGatewayState(): GatewayState {
  return {
    deployments: new Map(initialDeployments.map((row) => [row.id, row])),
    teams: new Map(initialTeams.map((row) => [row.id, row])),
    keys: new Map(initialKeys.map((row) => [row.token, row])),
    budgets: new Map(initialBudgets.map((row) => [row.id, row])),
    guardrails: new Map(initialGuardrails.map((row) => [row.id, row])),
    organizationSpend: organization.spend,
    storedRouterSettings: null,
  };
}

/** YAML under the stored row, maps merged one level deep: what the router works with (facts/litellm.md B.4). */
export function effectiveRouterSettings(state: GatewayState): JsonObject {
  const stored = state.storedRouterSettings ?? {};
  const aliases = { ...yamlRouterSettings.model_group_alias, ...asObject(stored['model_group_alias']) };
  return { ...yamlRouterSettings, ...stored, model_group_alias: aliases };
}

/** The group that serves requests for this name; aliases win over groups and are followed once. */
export function servingGroup(settings: JsonObject, requested: string): string {
  const aliases = asObject(settings['model_group_alias']);
  const entry = Object.hasOwn(aliases, requested) ? aliases[requested] : undefined;
  if (typeof entry === 'string') return entry;
  const model = asObject(entry)['model'];
  return typeof model === 'string' ? model : requested;
}

/** The group's own fallback list; empty when it has none. */
export function fallbacksOf(settings: JsonObject, group: string): readonly string[] {
  for (const entry of asList(settings['fallbacks'])) {
    const list = asObject(entry)[group];
    if (list !== undefined) return asList(list).filter((name) => typeof name === 'string');
  }
  return [];
}

/** The value when it is a JSON object, else an empty one. */
export function asObject(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

/** The value when it is a JSON array, else an empty one. */
export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

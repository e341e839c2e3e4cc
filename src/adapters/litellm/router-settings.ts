import { z } from 'zod';
import type { JsonObject } from '../../core/json.ts';
import type { ApiAnswer, LitellmClient } from './client.ts';
import { aliasMapSchema, callbacksSchema, fallbackListSchema, type AliasMap } from './wire.ts';

/** The router settings in force: YAML, database and live values merged by the gateway. */
export interface RouterSettings {
  readonly all: JsonObject;
  readonly aliases: AliasMap;
  /** Requested group to its own fallback list. */
  readonly fallbacks: ReadonlyMap<string, readonly string[]>;
}

export type RouterSettingsAnswer =
  | { readonly status: 'ok'; readonly settings: RouterSettings }
  | { readonly status: 'failed'; readonly answer: Exclude<ApiAnswer, { status: 'ok' }> };

/**
 * Reads the settings in force. The route answers with callback secrets too: parsing drops everything but
 * `router_settings` at once, and no text of a successful answer is ever put into a message.
 */
export async function readRouterSettings(
  client: LitellmClient,
  signal: AbortSignal,
): Promise<RouterSettingsAnswer> {
  const answer = await client.get('/get/config/callbacks', signal);
  if (answer.status !== 'ok') return { status: 'failed', answer };
  const parsed = callbacksSchema.safeParse(answer.body);
  const settings = parsed.success ? parseRouterSettings(parsed.data) : null;
  if (settings === null)
    return {
      status: 'failed',
      answer: { status: 'unusable', reason: 'router settings of an unknown shape' },
    };
  return { status: 'ok', settings };
}

/** Aliases and fallbacks out of raw router settings, or null when they have an unknown shape. */
export function parseRouterSettings(all: JsonObject): RouterSettings | null {
  const parsed = z
    .object({ model_group_alias: aliasMapSchema.nullish(), fallbacks: fallbackListSchema.nullish() })
    .safeParse(all);
  if (!parsed.success) return null;
  const fallbacks = new Map<string, readonly string[]>();
  for (const entry of parsed.data.fallbacks ?? [])
    for (const [group, list] of Object.entries(entry)) fallbacks.set(group, list);
  return { all, aliases: parsed.data.model_group_alias ?? {}, fallbacks };
}

/** What 1.81 keeps of a request; every later release accepts these names too (B.4). */
const portableKeys = [
  'routing_strategy',
  'routing_strategy_args',
  'model_group_retry_policy',
  'allowed_fails',
  'cooldown_time',
  'num_retries',
  'timeout',
  'max_retries',
  'retry_after',
  'fallbacks',
  'context_window_fallbacks',
] as const;

/**
 * The body of `/config/update` that sets or removes one alias and leaves the rest as it is, on releases that merge and
 * on those that replace: the whole object, always with the alias map, without nulls, which would be ignored (B.4).
 */
export function withAlias(base: JsonObject, group: string, to: string | null): JsonObject {
  const map = new Map(Object.entries(objectOr(base['model_group_alias'])));
  if (to === null) map.delete(group);
  else map.set(group, to);
  const kept = portableKeys.flatMap((key) => {
    const value = base[key];
    return value === undefined || value === null ? [] : [[key, value] as const];
  });
  return { ...Object.fromEntries(kept), model_group_alias: Object.fromEntries(map) };
}

function objectOr(value: JsonObject[string] | undefined): JsonObject {
  const parsed = z.record(z.string(), z.json()).safeParse(value);
  return parsed.success ? parsed.data : {};
}

import { z } from 'zod';
import type { JsonObject } from '../core/json.ts';
import {
  detailError,
  ok,
  proxyError,
  withBody,
  type AdminContext,
  type AdminHandler,
} from './admin-reply.ts';
import { asList, asObject, effectiveRouterSettings, type GatewayState } from './gateway-state.ts';

/** Stands for the callback secrets that the real route answers in clear. */
export const callbackSecret = ['sk', 'lf', '5a4db0c0-c0ff-4ee0-8ba5-0f1e2d3c4b5a'].join('-');

/** GET /get/config/callbacks: the settings in force, beside things nobody should keep (facts/litellm.md B.4). */
export const configCallbacks: AdminHandler = (_call, { state }) =>
  ok({
    status: 'success',
    callbacks: [{ name: 'langfuse', variables: { LANGFUSE_SECRET_KEY: callbackSecret } }],
    alerts: [],
    router_settings: effectiveRouterSettings(state),
  });

/** Names that 1.81 keeps; it drops all others without a word. */
const oldNames = [
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
  'model_group_alias',
];
const newNames = [...oldNames, 'content_policy_fallbacks', 'enable_pre_call_checks', 'default_fallbacks'];

/** POST /config/update. */
export const updateConfig = withBody(
  z.object({ router_settings: z.record(z.string(), z.json()).nullish() }),
  ({ router_settings: wanted }, context) => {
    if (!context.storesModels)
      return proxyError(
        500,
        'internal_server_error',
        'Set `STORE_MODEL_IN_DB=True` in your env to enable this.',
      );
    if (wanted === null || wanted === undefined) return updated();
    const given = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== null));
    const { configUpdate } = context.release;
    const unknown = Object.keys(given).filter((name) => !newNames.includes(name));
    if (configUpdate === 'merges' && unknown.length > 0)
      return proxyError(400, 'bad_request_error', `Unsupported router settings: ${unknown.join(', ')}`);
    return updated(() => {
      const next =
        configUpdate === 'merges' ? { ...context.state.storedRouterSettings, ...given } : replaced(given);
      return saveSettings(next, context);
    });
  },
);

const updated = (apply?: () => Promise<void>) => ok({ message: 'Config updated successfully' }, apply);

/** 1.81: the row becomes the request, and an alias map that was left out becomes empty. */
function replaced(given: JsonObject): JsonObject {
  const kept = Object.entries(given).filter(([name]) => oldNames.includes(name));
  return { model_group_alias: {}, ...Object.fromEntries(kept) };
}

const fallbackBody = z.object({
  model: z.string(),
  fallback_models: z.array(z.string()).min(1),
  fallback_type: z.enum(['general', 'context_window', 'content_policy']).default('general'),
});

/** POST /fallback: saves the whole effective settings into the row (facts/litellm.md B.4). */
export const setFallback = withBody(
  fallbackBody,
  ({ model, fallback_models: list, fallback_type: type }, context) => {
    if (!context.storesModels) return detailError(400, { error: 'DB storage is not enabled' });
    const groups = groupsOf(context.state);
    if (!groups.includes(model))
      return detailError(404, { error: `Model '${model}' not found in router`, available_models: groups });
    const bad = list.filter(
      (name, at) => name === model || !groups.includes(name) || list.indexOf(name) !== at,
    );
    if (bad.length > 0) return detailError(400, { error: `Invalid fallback models: ${bad.join(', ')}` });
    return ok(
      { model, fallback_models: list, fallback_type: type, message: 'Fallback configured successfully' },
      () => saveSettings(withFallback(context.state, settingName[type], model, list), context),
    );
  },
);

/** DELETE /fallback/{model}: 404 when the model has no entry of its own. */
export const deleteFallback: AdminHandler = ({ params, query }, context) => {
  const model = params['model'] ?? '';
  const type = fallbackBody.shape.fallback_type.safeParse(query.get('fallback_type') ?? 'general');
  if (!type.success) return detailError(400, { error: 'unknown fallback_type' });
  const name = settingName[type.data];
  const own = asList(effectiveRouterSettings(context.state)[name]).some((entry) =>
    Object.hasOwn(asObject(entry), model),
  );
  if (!own) return detailError(404, { error: `No ${type.data} fallbacks configured for model '${model}'` });
  return ok({ model, fallback_type: type.data, message: 'Fallback deleted successfully' }, () =>
    saveSettings(withFallback(context.state, name, model, null), context),
  );
};

const settingName = {
  general: 'fallbacks',
  context_window: 'context_window_fallbacks',
  content_policy: 'content_policy_fallbacks',
} as const;

function withFallback(
  state: GatewayState,
  name: string,
  model: string,
  list: readonly string[] | null,
): JsonObject {
  const settings = effectiveRouterSettings(state);
  const others = asList(settings[name])
    .map(asObject)
    .filter((entry) => !Object.hasOwn(entry, model));
  return { ...settings, [name]: list === null ? others : [...others, { [model]: list }] };
}

function groupsOf(state: GatewayState): readonly string[] {
  return [...new Set([...state.deployments.values()].map((row) => row.modelGroup))];
}

async function saveSettings(next: JsonObject, { state, store }: AdminContext): Promise<void> {
  await store.saveRouterSettings(next);
  state.storedRouterSettings = next;
}

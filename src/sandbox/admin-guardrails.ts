import { z } from 'zod';
import type { JsonObject } from '../core/json.ts';
import { detailError, ok, withBody, type AdminHandler } from './admin-reply.ts';
import type { SimulatedGuardrail } from './world.ts';

/** GET /v2/guardrails/list: with ids and where each is defined (facts/litellm.md B.8). */
export const guardrailList: AdminHandler = (_call, { state }) =>
  ok({ guardrails: [...state.guardrails.values()].map(wireRow) });

/** GET /guardrails/list: config style, without ids. */
export const guardrailNames: AdminHandler = (_call, { state }) =>
  ok({
    guardrails: [...state.guardrails.values()].map(({ name, defaultOn }) => ({
      guardrail_name: name,
      litellm_params: { guardrail: 'custom', mode: 'pre_call', default_on: defaultOn },
    })),
  });

/** GET /guardrails/{guardrail_id} and …/info. */
export const guardrailInfo: AdminHandler = ({ params }, { state }) => {
  const id = params['guardrail_id'] ?? '';
  const guardrail = state.guardrails.get(id);
  return guardrail === undefined ? unknownGuardrail(id) : ok(wireRow(guardrail));
};

/** PATCH /guardrails/{guardrail_id}: `default_on` counts only inside `litellm_params`. */
export const updateGuardrail = withBody(
  z.object({ litellm_params: z.object({ default_on: z.boolean().nullish() }).nullish() }),
  ({ litellm_params: sent }, { state, store, storesModels }, { params }) => {
    const id = params['guardrail_id'] ?? '';
    const guardrail = state.guardrails.get(id);
    if (guardrail === undefined || !guardrail.inDatabase) return unknownGuardrail(id);
    if (!storesModels) return detailError(500, { error: 'STORE_MODEL_IN_DB is not set' });
    const next = { ...guardrail, defaultOn: sent?.default_on ?? guardrail.defaultOn };
    return ok(wireRow(next), async () => {
      await store.saveGuardrail(next);
      state.guardrails.set(id, next);
    });
  },
);

const unknownGuardrail = (id: string) => detailError(404, `Guardrail with ID ${id} not found`);

function wireRow(guardrail: SimulatedGuardrail): JsonObject {
  return {
    guardrail_id: guardrail.id,
    guardrail_name: guardrail.name,
    litellm_params: {
      guardrail: 'custom',
      mode: 'pre_call',
      default_on: guardrail.defaultOn,
      api_key: 'sk-***',
    },
    guardrail_info: null,
    created_at: null,
    updated_at: null,
    guardrail_definition_location: guardrail.inDatabase ? 'db' : 'config',
  };
}

import { z } from 'zod';
import type { JsonObject } from '../core/json.ts';
import {
  detailError,
  ok,
  proxyError,
  withBody,
  type AdminContext,
  type AdminHandler,
  type AdminReply,
} from './admin-reply.ts';
import { providers, type SimulatedDeployment } from './world.ts';

/** GET /model/info: every deployment, or one by `litellm_model_id` (facts/litellm.md B.3). */
export const modelInfo: AdminHandler = ({ query }, { state, release }) => {
  const rows = [...state.deployments.values()];
  const id = query.get('litellm_model_id');
  if (id === null) return ok({ data: rows.map((row) => wireRow(row, release)) });
  const row = state.deployments.get(id);
  if (row === undefined) return detailError(400, { error: `Model id = ${id} not found on litellm proxy` });
  return ok({ data: [wireRow(row, release)] });
};

const idBody = z.object({ model_id: z.string() });

/** POST /model/block. */
export const blockModel = withBody(idBody, ({ model_id: id }, context) => setBlocked(id, true, context));

/** POST /model/unblock. */
export const unblockModel = withBody(idBody, ({ model_id: id }, context) => setBlocked(id, false, context));

/** PATCH /model/{model_id}/update: releases without the flag accept `blocked` and do nothing with it. */
export const updateModel = withBody(
  z.object({ blocked: z.boolean().nullish() }),
  ({ blocked }, context, { params }) => {
    const id = params['model_id'] ?? '';
    if (context.release.blockedFlag && typeof blocked === 'boolean') return setBlocked(id, blocked, context);
    const row = context.state.deployments.get(id);
    return row === undefined ? unknownModel(id) : ok(wireRow(row, context.release));
  },
);

function setBlocked(id: string, blocked: boolean, context: AdminContext): AdminReply {
  if (!context.storesModels)
    return proxyError(400, 'bad_request_error', 'Model updates only supported for DB-stored models');
  const row = context.state.deployments.get(id);
  if (row === undefined) return unknownModel(id);
  if (!row.inDatabase)
    return proxyError(
      400,
      'bad_request_error',
      'Cannot edit config-based model. Store model in DB via /model/new',
    );
  return ok(wireRow({ ...row, blocked }, context.release), async () => {
    const next = { ...(context.state.deployments.get(id) ?? row), blocked };
    await context.store.saveDeployment(next);
    context.state.deployments.set(id, next);
  });
}

const unknownModel = (id: string) =>
  proxyError(404, 'not_found_error', `Model with id=${id} not found in db`);

function wireRow(row: SimulatedDeployment, release: AdminContext['release']): JsonObject {
  return {
    model_name: row.modelGroup,
    litellm_params: {
      model: row.model,
      api_base: providers[row.provider].apiBase,
      use_in_pass_through: false,
    },
    model_info: {
      id: row.id,
      db_model: row.inDatabase,
      ...(release.blockedFlag ? { blocked: row.blocked } : {}),
      litellm_provider: row.provider,
      team_id: null,
    },
  };
}

import { z } from 'zod';
import type { JsonObject } from '../core/json.ts';
import {
  ok,
  proxyError,
  withBody,
  type AdminContext,
  type AdminHandler,
  type AdminReply,
} from './admin-reply.ts';
import { limitFields, withLimits } from './admin-teams.ts';
import { keyHash, organization, type SimulatedKey } from './world.ts';

/** GET /key/info (facts/litellm.md B.7). */
export const keyInfo: AdminHandler = ({ query }, { state }) => {
  const given = query.get('key') ?? '';
  const key = state.keys.get(hashOf(given));
  return key === undefined ? unknownKey(given) : ok({ key: key.token, info: keyRow(key) });
};

/** POST /key/update: only what is sent is written; answers with the merged row. */
export const updateKey = withBody(z.object({ key: z.string(), ...limitFields }), (body, context) =>
  change(body.key, context, (key) => withLimits(key, body)),
);

const keyBody = z.object({ key: z.string() });

/** POST /key/block. */
export const blockKey = withBody(keyBody, (body, context) =>
  change(body.key, context, (key) => ({ ...key, blocked: true })),
);

/** POST /key/unblock. */
export const unblockKey = withBody(keyBody, (body, context) =>
  change(body.key, context, (key) => ({ ...key, blocked: false })),
);

function change(
  given: string,
  { state, store }: AdminContext,
  to: (key: SimulatedKey) => SimulatedKey,
): AdminReply {
  const key = state.keys.get(hashOf(given));
  if (key === undefined) return unknownKey(given);
  return ok(keyRow(to(key)), async () => {
    const next = to(state.keys.get(key.token) ?? key);
    await store.saveKey(next);
    state.keys.set(next.token, next);
  });
}

const hashOf = (given: string) => (given.startsWith('sk-') ? keyHash(given) : given);

/** The real gateway repeats what was sent, as here. */
function unknownKey(given: string): AdminReply {
  return proxyError(404, 'token_not_found_in_db', `Key not found in database: ${given}`);
}

function keyRow(key: SimulatedKey): JsonObject {
  return {
    token: key.token,
    key_name: 'sk-...',
    key_alias: key.alias,
    team_id: key.teamId,
    organization_id: organization.id,
    spend: key.spend,
    max_budget: key.maxBudget,
    rpm_limit: key.rpmLimit,
    tpm_limit: key.tpmLimit,
    blocked: key.blocked,
    metadata: {},
  };
}

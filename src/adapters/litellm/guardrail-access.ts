import { z } from 'zod';
import { toProbeResult, toWriteResult } from './answers.ts';
import type { ApiAnswer, LitellmClient } from './client.ts';
import { wrongValue, type AccessDeps, type FieldAccess } from './field-access.ts';

const guardrailInfoSchema = z.object({
  litellm_params: z.object({ default_on: z.boolean().nullish() }),
});

/**
 * Whether a guardrail runs on every request. The nesting of the PATCH matters: `default_on` at the top is ignored
 * without an error (facts/litellm.md B.8).
 */
export function guardrailDefaultOn({ client }: AccessDeps): FieldAccess {
  return {
    probe: async (id, _change, signal) =>
      toProbeResult(
        await guardrailInfo(client, id, signal),
        guardrailInfoSchema,
        (guardrail) => guardrail.litellm_params.default_on ?? false,
      ),
    write: async (id, change, by, signal) => {
      if (typeof change.to !== 'boolean') return wrongValue(change, 'true or false');
      const body = { litellm_params: { default_on: change.to } };
      const path = `/guardrails/${encodeURIComponent(id)}`;
      return toWriteResult(await client.write({ method: 'PATCH', path, body }, by, signal));
    },
  };
}

/** Both spellings of the route exist, by release. */
async function guardrailInfo(client: LitellmClient, id: string, signal: AbortSignal): Promise<ApiAnswer> {
  const path = `/guardrails/${encodeURIComponent(id)}`;
  const answer = await client.get(path, signal);
  return answer.status === 'error' && answer.routeMissing ? client.get(`${path}/info`, signal) : answer;
}

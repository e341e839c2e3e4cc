import type { WriteResult } from '../../app/ports.ts';
import { describeFailure, toProbeResult, toWriteResult } from './answers.ts';
import { withQuery, type ApiAnswer, type LitellmClient } from './client.ts';
import { wrongValue, type AccessDeps, type FieldAccess } from './field-access.ts';
import { modelInfoSchema } from './wire.ts';

/** Pausing and resuming one deployment (facts/litellm.md B.3). */
export function deploymentBlocked({ client }: AccessDeps): FieldAccess {
  return {
    probe: async (id, _change, signal) =>
      toProbeResult(
        await client.get(withQuery('/model/info', { litellm_model_id: id }), signal),
        modelInfoSchema,
        (rows) => rows.find((row) => row.model_info.id === id)?.model_info.blocked ?? undefined,
      ),
    write: async (id, change, by, signal) => {
      if (typeof change.to !== 'boolean') return wrongValue(change, 'true or false');
      return blockingResult(await setBlocked(client, { id, blocked: change.to, by }, signal));
    },
  };
}

/** Releases before the block routes take the same flag by PATCH. */
async function setBlocked(
  client: LitellmClient,
  wanted: { readonly id: string; readonly blocked: boolean; readonly by: { readonly operator: string } },
  signal: AbortSignal,
): Promise<ApiAnswer> {
  const path = wanted.blocked ? '/model/block' : '/model/unblock';
  const call = { method: 'POST', path, body: { model_id: wanted.id } } as const;
  const answer = await client.write(call, wanted.by, signal);
  if (answer.status !== 'error' || !answer.routeMissing) return answer;
  return client.write(
    {
      method: 'PATCH',
      path: `/model/${encodeURIComponent(wanted.id)}/update`,
      body: { blocked: wanted.blocked },
    },
    wanted.by,
    signal,
  );
}

/** Texts of a 400 that is known to have changed nothing. */
const declined = /config-based model|only supported for DB-stored models/iu;

/** Some builds answer 400 although the pause landed: an unknown 400 has to be probed (B.3). */
function blockingResult(answer: ApiAnswer): WriteResult {
  if (answer.status === 'error' && answer.httpStatus === 400 && !declined.test(answer.message))
    return { status: 'ambiguous', reason: describeFailure(answer) };
  return toWriteResult(answer);
}

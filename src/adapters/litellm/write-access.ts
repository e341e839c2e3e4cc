import { describeFailure } from './answers.ts';
import type { ApiAnswer, LitellmClient } from './client.ts';

export interface WriteAccess {
  readonly proven: boolean;
  /** One line for people: what the gateway answered. */
  readonly detail: string;
}

/** No deployment has this id: the gateway makes UUIDs and hashes. */
const nobody = 'scutum-sre-write-probe';

/**
 * Proves that a pause could be undone now, by asking to resume a deployment that does not exist: only a proxy admin
 * gets as far as `404 not found`, and only on a gateway that stores deployments in its database. A GET would not prove
 * it: keys that may only look pass every GET. Releases without that route answer a GET that is for admins alone.
 */
export async function proveWriteAccess(client: LitellmClient, signal: AbortSignal): Promise<WriteAccess> {
  const call = { method: 'POST', path: '/model/unblock', body: { model_id: nobody } } as const;
  const answer = await client.write(call, { operator: nobody }, signal);
  if (answer.status === 'error' && answer.routeMissing) return proveByReading(client, signal);
  return {
    proven: isUnknownId(answer),
    detail:
      answer.status === 'ok'
        ? 'the gateway resumed a deployment that cannot exist; its answers cannot be trusted'
        : describeFailure(answer),
  };
}

/** Some releases wrap the 404 in a 400 or 500; their error type still tells (B.1). */
function isUnknownId(answer: ApiAnswer): boolean {
  if (answer.status !== 'error') return false;
  return answer.httpStatus === 404 || answer.type === 'not_found_error';
}

async function proveByReading(client: LitellmClient, signal: AbortSignal): Promise<WriteAccess> {
  const answer = await client.get('/get/config/callbacks', signal);
  return answer.status === 'ok'
    ? {
        proven: true,
        detail: 'the key may read the configuration; this release has no route that proves more',
      }
    : { proven: false, detail: describeFailure(answer) };
}

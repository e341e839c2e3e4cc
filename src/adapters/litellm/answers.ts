import type { z } from 'zod';
import type { ProbeResult, WriteResult } from '../../app/ports.ts';
import type { JsonValue } from '../../core/json.ts';
import type { ApiAnswer } from './client.ts';

/** One line for people about an answer that is not a success. */
export function describeFailure(answer: Exclude<ApiAnswer, { status: 'ok' }>): string {
  return answer.status === 'unusable' ? answer.reason : `${answer.httpStatus}: ${answer.message}`;
}

/** Statuses that say the gateway understood and declined; the value is as it was. */
const clearRefusals: readonly number[] = [400, 401, 403, 404, 409, 422];

/**
 * What a write came to. A clear refusal is `refused`; timeouts, broken connections, 5xx, 429 and answers that cannot be
 * read are `ambiguous` and have to be probed, for the effect may have landed.
 */
export function toWriteResult(answer: ApiAnswer): WriteResult {
  if (answer.status === 'ok') return { status: 'accepted' };
  const reason = describeFailure(answer);
  const refused = answer.status === 'error' && clearRefusals.includes(answer.httpStatus);
  return { status: refused ? 'refused' : 'ambiguous', reason };
}

/** The live value picked out of an answer; `undefined` from `pick` means that the answer does not say. */
export function toProbeResult<Schema extends z.ZodType>(
  answer: ApiAnswer,
  schema: Schema,
  pick: (value: z.output<Schema>) => JsonValue | undefined,
): ProbeResult {
  if (answer.status !== 'ok') return failedProbe(answer);
  const parsed = schema.safeParse(answer.body);
  if (!parsed.success) return { status: 'not_readable', reason: 'the answer has an unknown shape' };
  const value = pick(parsed.data);
  if (value === undefined) return { status: 'not_readable', reason: 'the answer does not hold the value' };
  return { status: 'known', value };
}

/** An answer without a value: declined is `not_readable`, everything else is worth another try. */
export function failedProbe(answer: Exclude<ApiAnswer, { status: 'ok' }>): ProbeResult {
  const declined = answer.status === 'error' && clearRefusals.includes(answer.httpStatus);
  return { status: declined ? 'not_readable' : 'unreachable', reason: describeFailure(answer) };
}

import { z } from 'zod';

/** What an error answer says, whichever of the gateway's shapes it came in. Raw text: the caller strips and redacts. */
export interface ErrorBody {
  readonly message: string;
  /** The gateway's own error type such as `not_found_error`; null when the shape has none. */
  readonly type: string | null;
}

const text = z.string().max(65_536);

const wireError = z.union([
  z
    .object({ error: z.object({ message: z.unknown(), type: text.nullish() }) })
    .transform(({ error }): ErrorBody => ({ message: inWords(error.message), type: error.type ?? null })),
  z.object({ detail: text }).transform(({ detail }): ErrorBody => ({ message: detail, type: null })),
  z
    .object({ detail: z.array(z.object({ loc: z.array(z.union([text, z.number()])), msg: text })).min(1) })
    .transform(({ detail }): ErrorBody => ({
      message: detail.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`).join('; '),
      type: null,
    })),
  z
    .object({ detail: z.record(z.string(), z.unknown()) })
    .transform(({ detail }): ErrorBody => ({ message: inWords(detail['error'] ?? detail), type: null })),
]);

/**
 * Reads every error shape of the gateway and of what stands before it: `{"error":{…}}`, `{"detail":…}` as text, object
 * or list, an HTML page, plain text, nothing (facts/litellm.md B.1). Never throws.
 */
export function parseErrorBody(body: string): ErrorBody {
  const parsed = wireError.safeParse(parseJson(body));
  return parsed.success ? parsed.data : { message: foreignPage(body), type: null };
}

/**
 * True when the answer means that this gateway has no such route, not that the object is unknown: FastAPI's own
 * 404 body, or 405.
 */
export function isMissingRoute(httpStatus: number, error: ErrorBody): boolean {
  return httpStatus === 405 || (httpStatus === 404 && error.type === null && error.message === 'Not Found');
}

/** The JSON value, or undefined when it is none. */
export function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function inWords(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** A load balancer's page in one line: its title, or its text without tags. */
function foreignPage(body: string): string {
  const start = body.slice(0, 16_384).trim();
  if (start === '') return 'no explanation';
  if (!start.startsWith('<')) return start;
  const title = /<title[^>]*>([^<]{1,200})/iu.exec(start)?.[1];
  const words = title ?? start.replace(/<[^>]*>/gu, ' ');
  return `an HTML page: ${words.replace(/\s+/gu, ' ').trim()}`;
}

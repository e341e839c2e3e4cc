import { redactSecrets } from '../../core/redaction.ts';
import type { JsonValue } from '../../core/json.ts';
import { visibleText } from '../../core/plain-text.ts';
import { exchangeHttp, type HttpExchange, type HttpRequest } from '../system/http-exchange.ts';
import { hideSecret } from '../system/hide-secret.ts';
import { isMissingRoute, parseErrorBody, parseJson } from './error-body.ts';

/** One call that changes something. */
export interface WriteCall {
  readonly method: 'POST' | 'PATCH' | 'DELETE';
  /** Path below the base URL, ids already encoded. */
  readonly path: string;
  readonly body?: JsonValue;
}

export type ApiAnswer =
  | { readonly status: 'ok'; readonly body: unknown; readonly version: string | null }
  | {
      readonly status: 'error';
      readonly httpStatus: number;
      /** The gateway does not have this route at all. */
      readonly routeMissing: boolean;
      readonly type: string | null;
      /** Stripped and free of secrets. */
      readonly message: string;
    }
  /** No answer, a redirect, too large, or a success that is not JSON. A write may have had its effect. */
  | { readonly status: 'unusable'; readonly reason: string };

export interface LitellmClient {
  readonly get: (path: string, signal: AbortSignal) => Promise<ApiAnswer>;
  /** A POST that only asks. */
  readonly ask: (path: string, body: JsonValue, signal: AbortSignal) => Promise<ApiAnswer>;
  readonly write: (
    call: WriteCall,
    by: { readonly operator: string },
    signal: AbortSignal,
  ) => Promise<ApiAnswer>;
}

/** `/openapi.json` and `/model/info` of a gateway with thousands of deployments stay below this. */
const readBytesMax = 16 * 1024 * 1024;
const writeBytesMax = 1024 * 1024;
const defaultReadDeadlineMs = 5_000;
const defaultWriteDeadlineMs = 10_000;

/**
 * The admin API as plain calls: bearer key, a deadline for each, no redirects, bounded answers, every error shape read
 * (facts/litellm.md B.1). Never throws and never retries. Texts it hands out hold neither the key nor other secrets.
 * `timeoutMs` replaces both deadlines (5 s for reads, 10 s for writes). Throws when the base URL is not usable.
 */
export function createLitellmClient(options: {
  readonly baseUrl: string;
  readonly masterKey: string;
  readonly timeoutMs?: number;
}): LitellmClient {
  const base = checkedBase(options.baseUrl);
  const clean = cleaner(options.masterKey);
  const authorization = { authorization: `Bearer ${options.masterKey}`, accept: 'application/json' };
  const json = { ...authorization, 'content-type': 'application/json' };
  const read = {
    deadlineMs: options.timeoutMs ?? defaultReadDeadlineMs,
    maxBytes: readBytesMax,
  };
  const write = { deadlineMs: options.timeoutMs ?? defaultWriteDeadlineMs, maxBytes: writeBytesMax };
  const send = async (
    request: HttpRequest,
    limits: { readonly deadlineMs: number; readonly maxBytes: number },
    signal: AbortSignal,
  ) => judge(await exchangeHttp(request, { ...limits, signal }), clean);
  return {
    get: (path, signal) =>
      send({ method: 'GET', url: `${base}${path}`, headers: authorization }, read, signal),
    ask: (path, body, signal) =>
      send(
        { method: 'POST', url: `${base}${path}`, headers: json, body: JSON.stringify(body) },
        read,
        signal,
      ),
    write: (call, by, signal) =>
      send(
        {
          method: call.method,
          url: `${base}${call.path}`,
          headers: { ...json, 'litellm-changed-by': headerText(by.operator) },
          ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
        },
        write,
        signal,
      ),
  };
}

/** A path with its query; names and values encoded. */
export function withQuery(path: string, query: Readonly<Record<string, string>>): string {
  return `${path}?${new URLSearchParams(query).toString()}`;
}

function checkedBase(baseUrl: string): string {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    throw new Error('the gateway address is not an http or https address');
  if (url.username !== '' || url.password !== '')
    throw new Error('the gateway address must not carry a user name or password');
  return `${url.origin}${url.pathname.replace(/\/+$/u, '')}`;
}

function judge(answer: HttpExchange, clean: (text: string) => string): ApiAnswer {
  if (answer.status === 'failed') return { status: 'unusable', reason: answer.reason };
  const { httpStatus } = answer;
  if (httpStatus >= 200 && httpStatus < 300) {
    const body = parseJson(answer.text);
    if (body === undefined)
      return { status: 'unusable', reason: `answered ${httpStatus}, but not with JSON` };
    return { status: 'ok', body, version: answer.headers.get('x-litellm-version') };
  }
  const error = parseErrorBody(answer.text);
  return {
    status: 'error',
    httpStatus,
    routeMissing: isMissingRoute(httpStatus, error),
    type: error.type === null ? null : clean(error.type),
    message: clean(error.message),
  };
}

/** Long enough to understand, short enough for one line of an audit entry. */
const messageLengthMax = 300;
/** What is looked at for secrets before the text is cut to `messageLengthMax`. */
const inspectedLength = 16_384;

function cleaner(masterKey: string): (text: string) => string {
  return (text) => {
    const keyless = hideSecret(text.slice(0, inspectedLength), masterKey);
    return visibleText(redactSecrets(keyless), { maxLength: messageLengthMax });
  };
}

/** A header holds printable ASCII only; everything else is written `\u{HEX}`. */
function headerText(operator: string): string {
  return visibleText(operator, { maxLength: 200 })
    .replace(
      /[^\x20-\x7e]/gu,
      (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`,
    )
    .trim();
}

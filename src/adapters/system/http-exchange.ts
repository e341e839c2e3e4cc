/** One request to an outside system. The URL must not carry credentials; headers may. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpLimits {
  /** Milliseconds for everything: connecting, sending, and reading the whole answer. */
  readonly deadlineMs: number;
  /** Longest answer body, in bytes. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

export type HttpExchange =
  | {
      readonly status: 'answered';
      readonly httpStatus: number;
      readonly headers: Headers;
      readonly text: string;
    }
  /** No usable answer. The request may still have reached the other side and had its effect. */
  | { readonly status: 'failed'; readonly reason: string };

/**
 * Sends one request and reads the whole answer within the limits. Never throws, never retries, follows no redirect
 * (a redirect would take the credentials along). Reasons name no address and no header, so they hold no secret.
 */
export async function exchangeHttp(request: HttpRequest, limits: HttpLimits): Promise<HttpExchange> {
  const deadline = AbortSignal.timeout(limits.deadlineMs);
  const signal = AbortSignal.any([limits.signal, deadline]);
  try {
    const response = await fetch(request.url, {
      method: request.method,
      headers: request.headers,
      redirect: 'manual',
      signal,
      ...(request.body === undefined ? {} : { body: request.body }),
    });
    if (response.status >= 300 && response.status < 400) {
      await response.body?.cancel();
      return failed(`answered with a redirect (${response.status}), which is not followed`);
    }
    const text = await readBounded(response, limits.maxBytes);
    if (text === null) return failed(`the answer is larger than ${limits.maxBytes} bytes`);
    return { status: 'answered', httpStatus: response.status, headers: response.headers, text };
  } catch (error) {
    if (deadline.aborted) return failed(`no complete answer within ${limits.deadlineMs / 1000} s`);
    if (limits.signal.aborted) return failed('given up before the answer was complete');
    return failed(networkReason(error));
  }
}

const failed = (reason: string): HttpExchange => ({ status: 'failed', reason });

/** The body as text, or null when it is longer than allowed. */
async function readBounded(response: Response, maxBytes: number): Promise<string | null> {
  const reader = response.body?.getReader();
  if (reader === undefined) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks).toString('utf8');
    size += value.byteLength;
    if (size > maxBytes) {
      await reader.cancel();
      return null;
    }
    chunks.push(value);
  }
}

const knownCodes: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection broke while sending',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name could not be looked up',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ETIMEDOUT: 'the connection timed out',
  UND_ERR_SOCKET: 'the other side closed the connection',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out',
  HPE_INVALID_CONSTANT: 'the answer is not HTTP',
};

/** Words for a failed fetch from its error code alone: messages of fetch repeat the address. */
function networkReason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (!/^[A-Z0-9_]{2,64}$/u.test(code)) return 'the request failed';
  return knownCodes[code] ?? `the request failed (${code})`;
}

/** Largest answer read from a model endpoint, in bytes; a proposal is a few kilobytes. */
const answerBytesMax = 1_048_576;

/** Only these leave the process: variables such as OPENAI_CUSTOM_HEADERS could add or replace any other. */
const sentHeaders = ['accept', 'content-type', 'user-agent', 'x-stainless-retry-count'];

/**
 * A `fetch` for the model client: own credentials only, no redirect (the prompt would follow it), at most 1 MiB of
 * answer, and no retry that could not end before the deadline. `remainingMs` tells how long the call may still last.
 */
export function createBoundedFetch(options: {
  readonly apiKey: string;
  readonly remainingMs: () => number;
}): typeof fetch {
  return async (input, init) => {
    const headers = ownHeaders(init?.headers, options.apiKey);
    const response = await fetch(input, { ...init, headers, redirect: 'error' });
    return response.ok ? limited(response) : failed(response, options.remainingMs());
  };
}

function ownHeaders(given: RequestInit['headers'], apiKey: string): Headers {
  const offered = new Headers(given);
  const own = new Headers({ authorization: `Bearer ${apiKey}` });
  for (const name of sentHeaders) {
    const value = offered.get(name);
    if (value !== null) own.set(name, value);
  }
  return own;
}

function limited(response: Response): Response {
  return new Response(limitedBody(response), { status: response.status, headers: response.headers });
}

function limitedBody(response: Response): ReadableStream<Uint8Array> | null {
  let read = 0;
  const count = new TransformStream<Uint8Array, Uint8Array>({
    transform: (chunk, controller) => {
      read += chunk.byteLength;
      if (read > answerBytesMax) controller.error(new Error('the answer is larger than 1 MiB'));
      else controller.enqueue(chunk);
    },
  });
  return response.body?.pipeThrough(count) ?? null;
}

/** Retrying is the client's business; here it is only told when a retry is pointless. */
async function failed(response: Response, remainingMs: number): Promise<Response> {
  const text = await new Response(limitedBody(response)).text();
  const headers = new Headers(response.headers);
  headers.delete('content-encoding');
  headers.delete('content-length');
  if (retryAfterMs(headers) >= remainingMs || text.includes('budget_exceeded'))
    headers.set('x-should-retry', 'false');
  return new Response(text, { status: response.status, headers });
}

function retryAfterMs(headers: Headers): number {
  const seconds = Number.parseFloat(headers.get('retry-after') ?? '');
  return Number.isFinite(seconds) ? seconds * 1000 : 0;
}

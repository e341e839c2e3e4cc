import { createServer } from 'node:http';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';

export interface ChatRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The body as it arrived. */
  readonly text: string;
  readonly body: {
    readonly messages: readonly { readonly role: string; readonly content: string }[];
    readonly [key: string]: unknown;
  };
}

export type ChatReply = (response: ServerResponse, request: ChatRequest) => void;

export interface ChatServer {
  readonly baseUrl: string;
  readonly requests: ChatRequest[];
  /** Replies of the next requests, in order; the last one repeats. */
  readonly script: (...replies: readonly ChatReply[]) => void;
  readonly close: () => Promise<void>;
}

/** A real HTTP server on loopback that speaks chat completions as it is told. */
export async function startChatServer(): Promise<ChatServer> {
  const requests: ChatRequest[] = [];
  let replies: ChatReply[] = [];
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const body = JSON.parse(text) as ChatRequest['body'];
      const request = { path: incoming.url ?? '', headers: incoming.headers, text, body };
      requests.push(request);
      const reply = replies.length > 1 ? replies.shift() : replies[0];
      if (reply === undefined) response.destroy();
      else reply(response, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    baseUrl: `http://127.0.0.1:${address.port}/v1`,
    requests,
    script: (...next) => {
      replies = [...next];
      requests.length = 0;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** A chat completion with this content, as LiteLLM answers it. */
export function completion(content: unknown, more: CompletionParts = {}): ChatReply {
  const {
    message,
    finishReason = 'stop',
    usage = { prompt_tokens: 900, completion_tokens: 80 },
    headers,
  } = more;
  const body = {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content, refusal: null, ...message },
        finish_reason: finishReason,
        logprobs: null,
      },
    ],
    ...(usage === null ? {} : { usage }),
  };
  return raw(200, JSON.stringify(body), { 'content-type': 'application/json', ...headers });
}

interface CompletionParts {
  readonly message?: Readonly<Record<string, unknown>>;
  readonly finishReason?: string | null;
  readonly usage?: Readonly<Record<string, unknown>> | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An error body as LiteLLM writes it; retried at once where a status is retried at all. */
export function failure(
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): ChatReply {
  const body = JSON.stringify({ error: { message, type: 'None', param: 'None', code: `${status}` } });
  return raw(status, body, { 'content-type': 'application/json', 'retry-after-ms': '1', ...headers });
}

/** Any answer. */
export function raw(status: number, body: string, headers: Readonly<Record<string, string>>): ChatReply {
  return (response) => {
    response.writeHead(status, headers);
    response.end(body);
  };
}

/** Never answers. */
export const hang: ChatReply = () => undefined;

/** Headers at once, then one byte after the other and never an end. */
export const drip: ChatReply = (response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  const timer = setInterval(() => response.write(' '), 10);
  response.on('close', () => clearInterval(timer));
};

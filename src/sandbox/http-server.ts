import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JsonValue } from '../core/json.ts';
import type { FaultKind, FaultSwitch } from './faults.ts';

/** One request, read whole. */
export interface HttpCall {
  readonly method: string;
  readonly path: string;
  /** Of the address, or of a form-encoded body. */
  readonly query: URLSearchParams;
  /** Parsed JSON; undefined when the body is none. */
  readonly body: unknown;
  /** The bearer token, null without one. */
  readonly bearer: string | null;
}

export interface Answer {
  readonly status: number;
  readonly body: JsonValue;
  /** Sent instead of the JSON body, as plain text. */
  readonly text?: string;
  /** The effect of a write. */
  readonly apply?: () => Promise<void>;
}

/** An answer of one route; null when there is no such route. */
export interface RoutedReply<Route extends string> extends Answer {
  readonly route: Route | null;
}

export interface HttpService<Route extends string> {
  readonly answer: (call: HttpCall) => RoutedReply<Route>;
  readonly faults: FaultSwitch<Route>;
}

export interface RunningServer {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  readonly stop: () => Promise<void>;
}

const bodyBytesMax = 1024 * 1024;

/** Serves on a free port of the loopback. Stopping ends hanging answers and effects that have not come yet. */
export async function startHttpServer<Route extends string>(
  service: HttpService<Route>,
): Promise<RunningServer> {
  const late = new Set<NodeJS.Timeout>();
  const server = createServer((request, response) => {
    serve(request, response, service, late).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : 'failed';
      send(response, 500, { error: { message, type: 'internal_server_error', param: 'None', code: '500' } });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${portOf(server.address())}`,
    stop: () => {
      for (const timer of late) clearTimeout(timer);
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function serve<Route extends string>(
  request: IncomingMessage,
  response: ServerResponse,
  service: HttpService<Route>,
  late: Set<NodeJS.Timeout>,
): Promise<void> {
  const call = await readCall(request);
  if (call === null) return send(response, 413, { detail: 'Request body too large' });
  const reply = service.answer(call);
  const fault = reply.route === null ? null : service.faults.strike(reply.route);
  if (fault === null) {
    await reply.apply?.();
    return sendReply(response, reply);
  }
  await goWrong(fault, reply, response, late);
}

async function goWrong<Route extends string>(
  fault: FaultKind,
  reply: RoutedReply<Route>,
  response: ServerResponse,
  late: Set<NodeJS.Timeout>,
): Promise<void> {
  switch (fault.kind) {
    case 'hang':
      return;
    case 'apply_then_hang':
      return reply.apply?.();
    case 'apply_then_status':
      await reply.apply?.();
      return send(response, fault.status, errorBody(fault.status));
    case 'status':
      return send(response, fault.status, errorBody(fault.status));
    case 'html':
      return sendPage(response, fault.status);
    case 'ignore':
      return sendReply(response, reply);
    case 'lag': {
      const timer = setTimeout(() => {
        late.delete(timer);
        // A failing late effect is an effect that never shows.
        reply.apply?.().catch(() => undefined);
      }, fault.ms);
      late.add(timer);
      return sendReply(response, reply);
    }
    default:
      return fault satisfies never;
  }
}

function errorBody(status: number): JsonValue {
  const type = status === 401 || status === 403 ? 'auth_error' : 'internal_server_error';
  return { error: { message: `simulated ${status}`, type, param: 'None', code: String(status) } };
}

async function readCall(request: IncomingMessage): Promise<HttpCall | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.byteLength;
    if (size > bodyBytesMax) return null;
    chunks.push(bytes);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
  return {
    method: request.method ?? 'GET',
    path: url.pathname,
    query: isForm ? new URLSearchParams(text) : url.searchParams,
    body: parseJson(text),
    bearer: /^Bearer (.+)$/u.exec(request.headers.authorization ?? '')?.[1] ?? null,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, status: number, body: JsonValue): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function sendReply(response: ServerResponse, reply: Answer): void {
  if (reply.text === undefined) return send(response, reply.status, reply.body);
  response.writeHead(reply.status, { 'content-type': 'text/plain' });
  response.end(reply.text);
}

function sendPage(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'text/html' });
  response.end(`<html><head><title>${status} Bad Gateway</title></head><body><hr>proxy</body></html>`);
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

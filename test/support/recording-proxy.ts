import { startRawServer, type RawRequest } from './raw-server.ts';

export interface RecordingProxy {
  readonly url: string;
  /** What passed through, oldest first. */
  readonly requests: readonly RawRequest[];
  readonly stop: () => Promise<void>;
}

/** Stands before an HTTP server on the loopback and keeps what it is asked; a hanging answer hangs here too. */
export async function startRecordingProxy(upstream: string): Promise<RecordingProxy> {
  return startRawServer((request, response) => {
    const left = new AbortController();
    response.on('close', () => left.abort());
    pass(upstream, request, left.signal).then(
      async (answer) => {
        response.writeHead(answer.status, {
          'content-type': answer.headers.get('content-type') ?? 'text/plain',
        });
        response.end(await answer.text());
      },
      () => response.destroy(),
    );
  });
}

function pass(upstream: string, request: RawRequest, signal: AbortSignal): Promise<Response> {
  const { authorization, 'content-type': contentType } = request.headers;
  return fetch(upstream + request.url, {
    method: request.method,
    headers: {
      ...(authorization === undefined ? {} : { authorization }),
      ...(contentType === undefined ? {} : { 'content-type': contentType }),
    },
    ...(request.body === '' ? {} : { body: request.body }),
    signal,
  });
}

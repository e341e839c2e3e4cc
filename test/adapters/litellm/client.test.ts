import type { ServerResponse } from 'node:http';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { createLitellmClient } from '../../../src/adapters/litellm/client.ts';
import { reply, startRawServer, type RawRequest, type RawServer } from '../../support/raw-server.ts';

const masterKey = 'sk-master-5f1d9c2b7a';
const never = new AbortController().signal;
let server: RawServer | null = null;

afterEach(async () => {
  await server?.stop();
  server = null;
});

async function clientOf(
  answer: (request: RawRequest, response: ServerResponse) => void,
  options: { readonly timeoutMs?: number; readonly path?: string } = {},
) {
  server = await startRawServer(answer);
  const { path = '', ...rest } = options;
  return { server, client: createLitellmClient({ baseUrl: `${server.url}${path}`, masterKey, ...rest }) };
}

const write = { method: 'POST', path: '/team/update', body: { team_id: 'a' } } as const;

describe('what is sent', () => {
  test('the key as bearer token, JSON, and who changes it', async () => {
    const { server, client } = await clientOf((_request, response) => reply(response, 200, '{}'), {
      path: '/litellm/',
    });
    await client.write(write, { operator: 'ana@ops' }, never);
    await client.get('/model/info', never);
    const [first, second] = server.requests;
    expect(first).toMatchObject({ method: 'POST', url: '/litellm/team/update', body: '{"team_id":"a"}' });
    expect(first?.headers).toMatchObject({
      authorization: `Bearer ${masterKey}`,
      'content-type': 'application/json',
      'litellm-changed-by': 'ana@ops',
    });
    expect(second?.headers['litellm-changed-by']).toBeUndefined();
  });

  test('an operator of any characters is a header of printable ASCII', async () => {
    const { server, client } = await clientOf((_request, response) => reply(response, 200, '{}'));
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 60 }), async (operator) => {
        const answer = await client.write(write, { operator }, never);
        expect(answer.status).toBe('ok');
        expect(server.requests.at(-1)?.headers['litellm-changed-by'] ?? '').toMatch(/^[\x20-\x7e]*$/u);
      }),
      { numRuns: 25 },
    );
  });

  test.each(['nonsense', 'ftp://gateway', 'http://user:hunter2@gateway'])(
    'refuses the address %s',
    (baseUrl) => {
      expect(() => createLitellmClient({ baseUrl, masterKey })).toThrow(
        /^the gateway address (?!.*hunter2)/u,
      );
    },
  );
});

describe('what comes back', () => {
  test('a success is its JSON and the version in the header', async () => {
    const { client } = await clientOf((_request, response) => {
      response.writeHead(200, { 'x-litellm-version': '1.100.1' });
      response.end('{"data":[]}');
    });
    const answer = await client.get('/model/info', never);
    expect(answer).toEqual({ status: 'ok', body: { data: [] }, version: '1.100.1' });
  });

  test('an error keeps its status, type and message', async () => {
    const body = '{"error":{"message":"nope","type":"not_found_error","param":"None","code":"404"}}';
    const { client } = await clientOf((_request, response) => reply(response, 404, body));
    expect(await client.get('/x', never)).toEqual({
      status: 'error',
      httpStatus: 404,
      routeMissing: false,
      type: 'not_found_error',
      message: 'nope',
    });
  });

  test('a route that is not there is told apart', async () => {
    const { client } = await clientOf((_request, response) => reply(response, 404, '{"detail":"Not Found"}'));
    expect(await client.get('/x', never)).toMatchObject({ status: 'error', routeMissing: true });
  });

  test('a success that is not JSON is of no use', async () => {
    const { client } = await clientOf((_request, response) =>
      reply(response, 200, '<html>login</html>', 'text/html'),
    );
    expect(await client.get('/x', never)).toEqual({
      status: 'unusable',
      reason: 'answered 200, but not with JSON',
    });
  });

  test('control characters of an error are made visible', async () => {
    const { client } = await clientOf((_request, response) =>
      reply(response, 500, '\u001b[2Jgone\u202e', 'text/plain'),
    );
    expect(await client.get('/x', never)).toMatchObject({ message: '\\u{1B}[2Jgone\\u{202E}' });
  });

  test('a redirect is not followed', async () => {
    const { server, client } = await clientOf((request, response) => {
      if (request.url === '/elsewhere') return reply(response, 200, '{}');
      response.writeHead(307, { location: '/elsewhere' });
      response.end();
    });
    expect(await client.write(write, { operator: 'a' }, never)).toEqual({
      status: 'unusable',
      reason: 'answered with a redirect (307), which is not followed',
    });
    expect(server.requests).toHaveLength(1);
  });

  test('a huge answer is cut off', async () => {
    const { client } = await clientOf((_request, response) => {
      response.writeHead(200);
      const chunk = Buffer.alloc(256 * 1024, 32);
      const more = (): void => {
        if (!response.destroyed && response.write(chunk)) setImmediate(more);
        else response.once('drain', more);
      };
      response.on('error', () => undefined);
      more();
    });
    expect(await client.write(write, { operator: 'a' }, never)).toEqual({
      status: 'unusable',
      reason: 'the answer is larger than 1048576 bytes',
    });
  });

  test.each([
    ['an answer that never comes', () => undefined],
    [
      'an answer that drips',
      (response: ServerResponse) => {
        response.writeHead(200);
        const timer = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(timer));
      },
    ],
  ])('%s ends at the deadline', async (_what, drip) => {
    const { client } = await clientOf((_request, response) => drip(response), { timeoutMs: 150 });
    expect(await client.get('/x', never)).toEqual({
      status: 'unusable',
      reason: 'no complete answer within 0.15 s',
    });
  });

  test('the caller may give up earlier', async () => {
    const { client } = await clientOf(() => undefined);
    const answer = await client.get('/x', AbortSignal.timeout(50));
    expect(answer).toEqual({ status: 'unusable', reason: 'given up before the answer was complete' });
  });

  test('a connection that breaks and one that is refused', async () => {
    const { server, client } = await clientOf((_request, response) => response.destroy());
    expect(await client.get('/x', never)).toMatchObject({ status: 'unusable' });
    await server.stop();
    expect(await client.get('/x', never)).toEqual({
      status: 'unusable',
      reason: 'the connection was refused',
    });
  });
});

describe('secrets', () => {
  const wrap: readonly ((text: string) => readonly [number, string, string])[] = [
    (text) => [
      401,
      JSON.stringify({ error: { message: text, type: 'auth_error', code: '401' } }),
      'application/json',
    ],
    (text) => [400, JSON.stringify({ error: { message: 'x', type: text } }), 'application/json'],
    (text) => [400, JSON.stringify({ detail: text }), 'application/json'],
    (text) => [400, JSON.stringify({ detail: { error: text } }), 'application/json'],
    (text) => [400, JSON.stringify({ detail: { other: { deep: text } } }), 'application/json'],
    (text) => [422, JSON.stringify({ detail: [{ loc: ['body', text], msg: text }] }), 'application/json'],
    (text) => [502, `<title>${text}</title>`, 'text/html'],
    (text) => [502, `<p>${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</p>`, 'text/html'],
    (text) => [500, text, 'text/plain'],
    (text) => [200, text, 'text/plain'],
  ];

  test('the key never appears in what is handed out, however it is repeated', async () => {
    let answer: readonly [number, string, string] = [200, '', ''];
    server = await startRawServer((_request, response) => reply(response, ...answer));
    const { url } = server;
    const printable = fc.string({
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
      minLength: 12,
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(
        printable,
        fc.constantFrom(...wrap),
        fc.string({ maxLength: 20 }),
        async (key, shape, words) => {
          const client = createLitellmClient({ baseUrl: url, masterKey: key });
          answer = shape(`${words} Received=${key}, expected another`);
          const said = JSON.stringify(await client.get('/x', never));
          expect(said).not.toContain(key);
          expect(said).not.toContain(JSON.stringify(key).slice(1, -1));
        },
      ),
      { numRuns: 200 },
    );
  });

  test('other secrets of an answer are redacted', async () => {
    const leaked = ['sk-ant-api03-', 'Lp2jfTuOQPeWIDtcKZ1Dw0gBEHum3adzqxMhGx3taeY5jvDR3q9lVuDAm3zwr8Fw'].join(
      '',
    );
    const { client } = await clientOf((_request, response) =>
      reply(response, 401, JSON.stringify({ detail: `Incorrect API key provided: ${leaked}.` })),
    );
    expect(JSON.stringify(await client.get('/x', never))).not.toContain(leaked);
  });
});

import { afterEach, describe, expect, test } from 'vitest';
import { createLitellmGateway } from '../../../src/adapters/litellm/gateway.ts';
import { virtualKeySecret } from '../../../src/sandbox/world.ts';
import { reply, startRawServer } from '../../support/raw-server.ts';
import { startTestGateway, type TestGateway } from '../../support/sandbox.ts';

const never = new AbortController().signal;
let gateway: TestGateway | null = null;

afterEach(async () => {
  await gateway?.stop();
  gateway = null;
});

describe('proof of write access', () => {
  test.each(['1.100', '1.95'] as const)(
    'the master key has it on %s, and nothing changes',
    async (release) => {
      gateway = await startTestGateway({ release });
      const before = await gateway.client.facts.read('gateway.deployments', never);
      expect(await gateway.client.proveWriteAccess(never)).toMatchObject({ proven: true });
      const after = await gateway.client.facts.read('gateway.deployments', never);
      expect(after).toEqual({ ...before, observedAt: expect.any(String) });
    },
  );

  test.each([
    ['a key of a team', virtualKeySecret('payments-prod'), /^403: /u],
    ['a wrong key', 'sk-wrong-key-0000', /^401: (?!.*sk-wrong-key-0000)/u],
  ])('%s has none', async (_what, masterKey, detail) => {
    gateway = await startTestGateway();
    const other = createLitellmGateway({ baseUrl: gateway.adminUrl, masterKey });
    expect(await other.proveWriteAccess(never)).toEqual({
      proven: false,
      detail: expect.stringMatching(detail),
    });
  });

  test('a gateway that stores no models could not undo a pause', async () => {
    gateway = await startTestGateway({ modelStorage: 'off' });
    expect(await gateway.client.proveWriteAccess(never)).toMatchObject({ proven: false });
  });

  test('a wrapped 404 still proves it; a success, a page and silence do not', async () => {
    const answers: readonly (readonly [number, string, boolean])[] = [
      [500, '{"error":{"message":"no such id","type":"not_found_error","code":"500"}}', true],
      [200, '{"model_id":"scutum-sre-write-probe"}', false],
      [502, '<title>Bad Gateway</title>', false],
      [200, 'not json', false],
    ];
    for (const [status, body, proven] of answers) {
      const server = await startRawServer((_request, response) => reply(response, status, body));
      const client = createLitellmGateway({ baseUrl: server.url, masterKey: 'sk-1234' });
      expect(await client.proveWriteAccess(never)).toMatchObject({ proven });
      await server.stop();
    }
  });
});

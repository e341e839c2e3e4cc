import { createServer } from 'node:http';
import { deploymentRows } from './gateway-data.ts';

/** The reading half of LiteLLM's admin API on the loopback, with fixed answers. */
export async function startAdminStub(): Promise<{
  readonly url: string;
  readonly stop: () => Promise<void>;
}> {
  const answers = new Map<string, string>(
    Object.entries({
      '/model/info': { data: deploymentRows() },
      '/health/readiness': { status: 'healthy', litellm_version: '1.100.1' },
      '/openapi.json': {
        paths: { '/model/block': { post: {} }, '/guardrails/{guardrail_id}': { patch: {} } },
      },
      '/get/config/callbacks': { router_settings: { model_group_alias: {} } },
      '/v2/guardrails/list': { guardrails: [] },
    }).map(([path, body]) => [path, JSON.stringify(body)]),
  );
  const server = createServer((request, response) => {
    const answer = answers.get((request.url ?? '').split('?')[0] ?? '');
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(answer ?? '{"detail":"Not Found"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

import { blockModel, modelInfo, unblockModel, updateModel } from './admin-models.ts';
import { budgetInfo, updateBudget } from './admin-budgets.ts';
import { guardrailInfo, guardrailList, guardrailNames, updateGuardrail } from './admin-guardrails.ts';
import { blockKey, keyInfo, unblockKey, updateKey } from './admin-keys.ts';
import { detailError, ok, proxyError, type AdminContext, type AdminHandler } from './admin-reply.ts';
import { configCallbacks, deleteFallback, setFallback, updateConfig } from './admin-router.ts';
import { teamInfo, teamList, teamPages, updateTeam } from './admin-teams.ts';
import type { HttpCall, RoutedReply } from './http-server.ts';
import type { ReleaseTraits } from './releases.ts';
import { keyHash } from './world.ts';

/** GET /health/readiness (facts/litellm.md B.9). */
const readiness: AdminHandler = (_call, { release }) =>
  ok({
    status: 'healthy',
    db: 'connected',
    cache: null,
    litellm_version: release.version,
    success_callbacks: ['prometheus'],
  });

const routes = {
  'GET /health/readiness': readiness,
  'GET /model/info': modelInfo,
  'POST /model/block': blockModel,
  'POST /model/unblock': unblockModel,
  'PATCH /model/{model_id}/update': updateModel,
  'GET /get/config/callbacks': configCallbacks,
  'POST /config/update': updateConfig,
  'POST /fallback': setFallback,
  'DELETE /fallback/{model}': deleteFallback,
  'GET /team/info': teamInfo,
  'GET /team/list': teamList,
  'GET /v2/team/list': teamPages,
  'POST /team/update': updateTeam,
  'GET /key/info': keyInfo,
  'POST /key/update': updateKey,
  'POST /key/block': blockKey,
  'POST /key/unblock': unblockKey,
  'POST /budget/info': budgetInfo,
  'POST /budget/update': updateBudget,
  'GET /v2/guardrails/list': guardrailList,
  'GET /guardrails/list': guardrailNames,
  'GET /guardrails/{guardrail_id}': guardrailInfo,
  'GET /guardrails/{guardrail_id}/info': guardrailInfo,
  'PATCH /guardrails/{guardrail_id}': updateGuardrail,
} satisfies Record<string, AdminHandler>;
type RouteName = keyof typeof routes;
export type AdminRoute = RouteName | 'GET /openapi.json';

/** Answered without a key. */
const open: readonly AdminRoute[] = ['GET /health/readiness', 'GET /openapi.json'];

/** One admin call: which route it is, and the answer with its effect still to be applied. */
export function answerAdminCall(
  call: HttpCall,
  context: AdminContext & { readonly masterKey: string },
): RoutedReply<AdminRoute> {
  if (call.method === 'GET' && call.path === '/openapi.json')
    return { route: 'GET /openapi.json', ...ok(openapi(context.release)) };
  const found = findRoute(call, context.release);
  if (found === null) return { route: null, ...detailError(404, 'Not Found') };
  const refused = open.includes(found.route) ? null : refuseCaller(call.bearer, found.route, context);
  if (refused !== null) return { route: found.route, ...refused };
  const { params } = found;
  return { route: found.route, ...routes[found.route]({ ...call, params }, context) };
}

function findRoute(
  call: HttpCall,
  release: ReleaseTraits,
): { readonly route: RouteName; readonly params: Record<string, string> } | null {
  for (const route of routeNames(release)) {
    const [method, pattern = ''] = route.split(' ');
    if (method !== call.method) continue;
    const params = matchPath(pattern, call.path);
    if (params !== null) return { route, params };
  }
  return null;
}

/** Fixed paths come before those with names in them, as they are written above. */
function routeNames(release: ReleaseTraits): readonly RouteName[] {
  const names = Object.keys(routes).filter((name): name is RouteName => Object.hasOwn(routes, name));
  return names.filter(
    (name) => release.blockRoutes || (name !== 'POST /model/block' && name !== 'POST /model/unblock'),
  );
}

function matchPath(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [at, part] of wanted.entries()) {
    const value = given[at] ?? '';
    const name = /^\{(.+)\}$/u.exec(part)?.[1];
    if (name === undefined ? part !== value : value === '') return null;
    if (name !== undefined) params[name] = decodeURIComponent(value);
  }
  return params;
}

function refuseCaller(
  bearer: string | null,
  route: AdminRoute,
  { masterKey, state }: AdminContext & { readonly masterKey: string },
) {
  if (bearer === masterKey) return null;
  if (bearer !== null && state.keys.has(keyHash(bearer)))
    return proxyError(
      403,
      'auth_error',
      `Only proxy admin can call this route. Route=${route.split(' ')[1]}`,
    );
  return proxyError(
    401,
    'auth_error',
    `Authentication Error, Invalid proxy server token passed. Received=${bearer}`,
  );
}

function openapi(release: ReleaseTraits) {
  const paths: Record<string, Record<string, object>> = {};
  for (const name of routeNames(release)) {
    const [method = '', path = ''] = name.split(' ');
    paths[path] = { ...paths[path], [method.toLowerCase()]: { responses: {} } };
  }
  const text = JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'LiteLLM API', version: release.version },
    paths,
  });
  return JSON.parse(text);
}

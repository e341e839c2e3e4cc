import { z } from 'zod';
import { SourceError } from '../app/ports.ts';
import { visibleText } from '../core/plain-text.ts';
import { redactSecrets } from '../core/redaction.ts';
import { exchangeHttp } from './system/http-exchange.ts';

/** Largest answer read, in bytes: some 20 000 series or 10 000 alerts. */
const answerBytesMax = 16 * 1024 * 1024;
const defaultDeadlineMs = 2_000;

/** Where a Prometheus or Alertmanager is. */
export interface MonitoringEndpoint {
  /** http or https; a path (Mimir's `/prometheus`), a query and `user:password@` are kept. */
  readonly url: string;
  /** Bearer token; null sends what the URL holds as basic auth, or nothing. */
  readonly token: string | null;
  /** Milliseconds for one whole answer; default 2 000. */
  readonly deadlineMs?: number;
}

/** An answer whose body is JSON, whatever its status. */
export interface JsonAnswer {
  readonly httpStatus: number;
  readonly body: unknown;
}

/**
 * GET with JSON as answer. Throws `SourceError`: `<name>_unreachable` without an answer in time (also a redirect, which
 * would take the token along, or too much of it), `<name>_error` when the body is not JSON or access was refused.
 */
export function createMonitoringApi(name: 'prometheus' | 'alertmanager', endpoint: MonitoringEndpoint) {
  const base = new URL(endpoint.url);
  const headers = { accept: 'application/json', ...authorization(base, endpoint.token) };
  base.username = '';
  base.password = '';
  base.hash = '';
  const limits = { deadlineMs: endpoint.deadlineMs ?? defaultDeadlineMs, maxBytes: answerBytesMax };
  return async (
    path: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<JsonAnswer> => {
    const url = address(base, path, query);
    const answer = await exchangeHttp({ method: 'GET', url, headers }, { ...limits, signal });
    if (answer.status === 'failed') throw new SourceError(`${name}_unreachable`, `${name}: ${answer.reason}`);
    const { httpStatus } = answer;
    if (httpStatus === 401 || httpStatus === 403)
      throw new SourceError(
        `${name}_error`,
        `${name} answered ${httpStatus}: ${name.toUpperCase()}_TOKEN is missing or not accepted`,
      );
    return { httpStatus, body: parseJson(answer.text, name, httpStatus) };
  };
}

export type MonitoringApi = ReturnType<typeof createMonitoringApi>;

/** Foreign words of an error, fit for a warning. */
export function shownError(text: string): string {
  return visibleText(redactSecrets(text), { maxLength: 200 });
}

function authorization(base: URL, token: string | null): Readonly<Record<string, string>> {
  if (token !== null) return { authorization: `Bearer ${token}` };
  if (base.username === '' && base.password === '') return {};
  const plain = `${decodeURIComponent(base.username)}:${decodeURIComponent(base.password)}`;
  return { authorization: `Basic ${Buffer.from(plain).toString('base64')}` };
}

function address(base: URL, path: string, query: Readonly<Record<string, string>>): string {
  const url = new URL(base);
  url.pathname = `${base.pathname.replace(/\/+$/u, '')}${path}`;
  for (const [key, value] of Object.entries(query)) url.searchParams.append(key, value);
  return url.href;
}

const jsonSchema = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'not JSON' });
    return z.NEVER;
  }
});

function parseJson(text: string, name: string, httpStatus: number): unknown {
  const parsed = jsonSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new SourceError(
    `${name}_error`,
    `${name} answered ${httpStatus} with something that is not JSON, or not all of it: ${shownError(text.slice(0, 500)).slice(0, 80)}`,
  );
}

import type OpenAI from 'openai';
import type { ModelAnswer, ModelPort, ModelRequest } from '../../app/ports.ts';
import { visibleText } from '../../core/plain-text.ts';
import { redactSecrets } from '../../core/redaction.ts';
import { createBoundedFetch } from './bounded-fetch.ts';
import { readAnswer } from './chat-answer.ts';

/** Room for a diagnosis of 4 000 characters and the proposal around it. */
const answerTokensMax = 4_000;
const retriesMax = 2;

export interface ChatModelOptions {
  readonly model: string;
  /** OpenAI-compatible base, for example `https://gateway.example/v1`. */
  readonly baseUrl: string;
  readonly apiKey: string;
  /** Milliseconds for one `complete`, its retries included; the signal given to it may end it sooner. */
  readonly timeoutMs: number;
}

/** Request fields that some gateways or models refuse; each is dropped once, on their word. */
type Optional = 'response_format' | 'temperature';

/**
 * A chat model behind an OpenAI-compatible endpoint (facts/integrations.md F). Never throws: what goes wrong is
 * `unavailable` with a one-line reason free of secrets. The client library is loaded on the first call.
 */
export function createChatModel(options: ChatModelOptions): ModelPort {
  const dropped = new Set<Optional>();
  return {
    model: options.model,
    complete: async (request, signal) => {
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]);
      try {
        return await completeWithin(options, request, deadline, dropped);
      } catch (error) {
        return { status: 'unavailable', reason: reasonOf(error, deadline, options.apiKey) };
      }
    },
  };
}

async function completeWithin(
  options: ChatModelOptions,
  request: ModelRequest,
  deadline: AbortSignal,
  dropped: Set<Optional>,
): Promise<ModelAnswer> {
  const client = await createClient(options);
  for (;;) {
    try {
      const { data, response } = await client.chat.completions
        .create(requestBody(options.model, request, dropped), { signal: deadline })
        .withResponse();
      return readAnswer(data, response.headers.get('x-litellm-response-cost'));
    } catch (error) {
      const refused = refusedField(error, dropped);
      if (refused === null) throw error;
      dropped.add(refused);
    }
  }
}

/** Everything the client would otherwise take from OPENAI_* variables is given, so that nothing stray leaks in. */
async function createClient(options: ChatModelOptions): Promise<OpenAI> {
  const { OpenAI: Client } = await import('openai');
  const startedMs = performance.now();
  return new Client({
    apiKey: options.apiKey,
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    baseURL: options.baseUrl.replace(/\/+$/u, ''),
    timeout: options.timeoutMs,
    maxRetries: retriesMax,
    logLevel: 'off',
    fetch: createBoundedFetch({
      apiKey: options.apiKey,
      remainingMs: () => options.timeoutMs - (performance.now() - startedMs),
    }),
  });
}

function requestBody(
  model: string,
  request: ModelRequest,
  dropped: ReadonlySet<Optional>,
): OpenAI.Chat.Completions.ChatCompletionCreateParamsNonStreaming {
  const { name, jsonSchema } = request.schema;
  return {
    model,
    messages: messages(request),
    max_tokens: answerTokensMax,
    ...(dropped.has('temperature') ? {} : { temperature: 0 }),
    ...(dropped.has('response_format')
      ? {}
      : {
          response_format: {
            type: 'json_schema' as const,
            json_schema: { name, strict: true, schema: { ...jsonSchema } },
          },
        }),
  };
}

function messages(request: ModelRequest): OpenAI.Chat.Completions.ChatCompletionMessageParam[] {
  const asked: OpenAI.Chat.Completions.ChatCompletionMessageParam[] = [
    { role: 'system', content: request.system },
    { role: 'user', content: request.user },
  ];
  if (request.repair === null) return asked;
  // Several providers refuse an empty message.
  const answer = request.repair.answer.trim() === '' ? '(no answer)' : request.repair.answer;
  return [
    ...asked,
    { role: 'assistant', content: answer },
    { role: 'user', content: request.repair.problem },
  ];
}

function refusedField(error: unknown, dropped: ReadonlySet<Optional>): Optional | null {
  const { status, message } = describe(error);
  if (status !== 400 && status !== 422) return null;
  if (!dropped.has('response_format') && /response_format|json_schema|output_format/iu.test(message))
    return 'response_format';
  return !dropped.has('temperature') && /temperature/iu.test(message) ? 'temperature' : null;
}

function reasonOf(error: unknown, deadline: AbortSignal, apiKey: string): string {
  if (deadline.aborted) return 'no answer before the deadline';
  const { status, message } = describe(error);
  // A proxy's error page says nothing that its status does not.
  if (status !== null && /<html|<!doctype/iu.test(message)) return `http ${status} with an html page`;
  const own = apiKey === '' ? message : message.replaceAll(apiKey, '[redacted]');
  const plain = redactSecrets(visibleText(own.replace(/\s+/gu, ' ')));
  return visibleText(plain.trim() === '' ? 'unknown failure' : plain, { maxLength: 300 });
}

function describe(error: unknown): { readonly status: number | null; readonly message: string } {
  if (!(error instanceof Error)) return { status: null, message: String(error) };
  const status = 'status' in error && typeof error.status === 'number' ? error.status : null;
  const cause = rootCause(error, 4);
  return { status, message: cause === error ? error.message : `${error.message} (${shownCause(cause)})` };
}

/** Connection errors hide what happened some levels down. */
function rootCause(error: Error, levels: number): Error {
  return levels > 0 && error.cause instanceof Error ? rootCause(error.cause, levels - 1) : error;
}

function shownCause(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}

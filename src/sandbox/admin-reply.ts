import type { z } from 'zod';
import type { JsonValue } from '../core/json.ts';
import type { GatewayState } from './gateway-state.ts';
import type { GatewayStore } from './gateway-store.ts';
import type { ReleaseTraits } from './releases.ts';

export interface AdminCall {
  /** Values of the path's `{names}`, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Parsed JSON, undefined when there was none. */
  readonly body: unknown;
}

export interface AdminContext {
  readonly state: GatewayState;
  readonly store: GatewayStore;
  readonly release: ReleaseTraits;
  /** STORE_MODEL_IN_DB: without it model, router and guardrail writes are refused. */
  readonly storesModels: boolean;
}

/** An answer, and the effect that belongs to it: apart, so that a fault can part them. */
export interface AdminReply {
  readonly status: number;
  readonly body: JsonValue;
  readonly apply?: () => Promise<void>;
}

export type AdminHandler = (call: AdminCall, context: AdminContext) => AdminReply;

/** 200 with this body and, for a write, its effect. */
export function ok(body: JsonValue, apply?: () => Promise<void>): AdminReply {
  return { status: 200, body, ...(apply === undefined ? {} : { apply }) };
}

/** LiteLLM's own error shape: the code is text (facts/litellm.md B.1, shape 1). */
export function proxyError(status: number, type: string, message: string): AdminReply {
  return { status, body: { error: { message, type, param: 'None', code: String(status) } } };
}

/** FastAPI's error shape (B.1, shape 2). */
export function detailError(status: number, detail: JsonValue): AdminReply {
  return { status, body: { detail } };
}

/** Calls the handler with a body of this shape; anything else is FastAPI's 422 (B.1, shape 3). */
export function withBody<Body>(
  schema: z.ZodType<Body>,
  handler: (body: Body, context: AdminContext, call: AdminCall) => AdminReply,
): AdminHandler {
  return (call, context) => {
    const parsed = schema.safeParse(call.body);
    if (parsed.success) return handler(parsed.data, context, call);
    const detail = parsed.error.issues.map((issue) => ({
      loc: ['body', ...issue.path.map(String)],
      msg: issue.message,
      type: issue.code ?? 'value_error',
    }));
    return { status: 422, body: { detail } };
  };
}

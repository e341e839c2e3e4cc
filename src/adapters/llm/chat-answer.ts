import { z } from 'zod';
import type { ModelAnswer } from '../../app/ports.ts';

const tokens = z.number().int().min(0).nullish();
const textPart = z.object({ type: z.literal('text'), text: z.string() });

/** The parts of a chat completion that are read; everything else of it is ignored. */
const completionSchema = z.object({
  choices: z
    .array(
      z.object({
        finish_reason: z.string().max(64).nullish(),
        message: z.object({
          content: z.union([z.string(), z.array(textPart).max(64)]).nullish(),
          refusal: z.string().nullish(),
          tool_calls: z
            .array(z.object({ function: z.object({ arguments: z.string() }).optional() }))
            .max(16)
            .nullish(),
        }),
      }),
    )
    .min(1)
    .max(16),
  usage: z.object({ prompt_tokens: tokens, completion_tokens: tokens }).nullish(),
});
type Message = z.infer<typeof completionSchema>['choices'][number]['message'];

/**
 * Reads one chat completion. A refusal, a cut answer, a filtered or an empty one is `answered` with a `problem`: the
 * model is alive and may be asked to repair. Anything that is not a chat completion is `unavailable`.
 */
export function readAnswer(body: unknown, costHeader: string | null): ModelAnswer {
  const parsed = completionSchema.safeParse(body);
  const choice = parsed.success ? parsed.data.choices[0] : undefined;
  if (!parsed.success || choice === undefined)
    return { status: 'unavailable', reason: 'the endpoint answered something that is not a chat completion' };
  const text = textOf(choice.message);
  const problem = problemOf(choice.message, choice.finish_reason ?? 'stop', text);
  return {
    status: 'answered',
    text,
    promptTokens: parsed.data.usage?.prompt_tokens ?? null,
    completionTokens: parsed.data.usage?.completion_tokens ?? null,
    costUsd: costOf(costHeader),
    ...(problem === null ? {} : { problem }),
  };
}

/** Content, or the arguments of the one tool call that some gateways leave where content should be. */
function textOf(message: Message): string {
  const content = message.content ?? '';
  const text = typeof content === 'string' ? content : content.map((part) => part.text).join('');
  if (text.trim() !== '') return text;
  const calls = message.tool_calls ?? [];
  return calls.length === 1 ? (calls[0]?.function?.arguments ?? '') : '';
}

function problemOf(message: Message, finishReason: string, text: string): string | null {
  if (typeof message.refusal === 'string' && message.refusal !== '') return 'the model refused to answer';
  if (finishReason === 'length') return 'the answer was cut at the token limit; answer shorter';
  if (finishReason === 'content_filter') return 'a content filter removed the answer';
  return text.trim() === '' ? 'the answer is empty' : null;
}

function costOf(header: string | null): number | null {
  const cost = header === null || header.trim() === '' ? Number.NaN : Number(header);
  return Number.isFinite(cost) && cost >= 0 ? cost : null;
}

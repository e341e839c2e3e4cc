import { z } from 'zod';
import { visibleText } from '../../core/plain-text.ts';

/** Rows of one read of the gateway's tables. */
export interface GatewayRows<Row> {
  readonly rows: readonly Row[];
  /** What was left out, such as `more than 20000 teams`; null when this is everything. */
  readonly cut: string | null;
  /** Records that could not be understood, or only in part. */
  readonly malformed: number;
}

/** Parses each row by itself: one that does not fit is counted, never thrown. Reads `max` + 1 rows to see a cut. */
export function parseGatewayRows<Row>(
  rows: readonly unknown[],
  schema: z.ZodType<Row>,
  limit: { readonly max: number; readonly what: string },
): GatewayRows<Row> {
  const parsed = rows.slice(0, limit.max).map((row) => schema.safeParse(row));
  const good = parsed.flatMap((result) => (result.success ? [result.data] : []));
  return {
    rows: good,
    cut: rows.length > limit.max ? `more than ${limit.max} ${limit.what}` : null,
    malformed: parsed.length - good.length,
  };
}

/** An id or a name of the gateway, made visible. */
export const shownName = z.string().transform((text) => visibleText(text, { maxLength: 512 }));

/** A nullable id or name; blank is as good as NULL there. */
export const optionalName = z
  .string()
  .nullable()
  .transform((text) => (text === null || text.trim() === '' ? null : visibleText(text, { maxLength: 512 })));

/** A count, a rate limit or an amount: BIGINT may arrive as text, a double never as NaN or infinite. */
export const amount = z
  .union([z.number(), z.string().regex(/^-?\d{1,19}(?:\.\d{1,30})?$/u)])
  .transform(Number)
  .pipe(z.number());

/** An amount that may be missing. */
export const optionalAmount = amount.nullable();

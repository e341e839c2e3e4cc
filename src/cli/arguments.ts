import { parseIncidentId } from '../core/incident.ts';
import { visibleText } from '../core/plain-text.ts';
import { usageError } from './exit-code.ts';

/** A remediation id as typed; anything else is exit 2. */
export function remediationIdArgument(text: string): number {
  if (/^[1-9][0-9]{0,8}$/u.test(text.trim())) return Number(text.trim());
  throw usageError(`\`${shown(text)}\` is not a remediation id; allowed: a whole number such as 42`);
}

/** An incident id as typed (`INC-7` or `7`); anything else is exit 2. */
export function incidentIdArgument(text: string): number {
  const number = parseIncidentId(text);
  if (number !== null) return number;
  throw usageError(
    `\`${shown(text)}\` is not an incident id; allowed: INC- and a whole number, such as INC-7`,
  );
}

/** A reason in a person's words: required, bounded, made visible. */
export function reasonArgument(text: string): string {
  const reason = visibleText(text.trim(), { maxLength: 1_000 });
  if (reason === '') throw usageError('the reason is empty; say why in a few words');
  return reason;
}

/** A point in time: a date or ISO 8601; the result is ISO 8601 UTC. */
export function timeArgument(name: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const looksRight =
    /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2}))?$/u.test(text.trim());
  const ms = looksRight ? Date.parse(text.trim()) : Number.NaN;
  if (Number.isNaN(ms))
    throw usageError(
      `--${name}: \`${shown(text)}\` is not a time; allowed: 2026-11-20 or 2026-11-20T02:10:00Z`,
    );
  return new Date(ms).toISOString();
}

/** `name=value` pairs to a record; a repeated name is exit 2. */
export function pairsArgument(name: string, pairs: readonly string[]): Readonly<Record<string, string>> {
  const record = new Map<string, string>();
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    const key = pair.slice(0, at);
    if (record.has(key)) throw usageError(`--${name} names \`${shown(key)}\` twice`);
    record.set(key, pair.slice(at + 1));
  }
  return Object.fromEntries(record);
}

const shown = (text: string) => visibleText(text, { maxLength: 80 });

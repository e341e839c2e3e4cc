import pg from 'pg';

/**
 * Text of a result column as a JavaScript value, for one pool only (pg's own table is global to the process). Times of
 * both kinds become ISO 8601 UTC with milliseconds, because a `timestamp` without zone is UTC everywhere we read
 * (facts/litellm.md A) and pg would take it for local time; int8 becomes a number where that is exact, else stays text.
 */
export const columnParsers: pg.CustomTypesConfig = { getTypeParser };

const int8 = 20;
const timestamp = 1114;
const timestamptz = 1184;

const own: ReadonlyMap<number, (text: string) => unknown> = new Map<number, (text: string) => unknown>([
  [int8, exactInteger],
  [timestamp, (text) => isoTime(`${text}+00`)],
  [timestamptz, isoTime],
]);

function getTypeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  const parser = own.get(oid);
  if (parser !== undefined && format !== 'binary') return parser;
  return pg.types.getTypeParser(oid, format as 'text');
}

function exactInteger(text: string): number | string {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : text;
}

/** `2026-11-20 02:10:00.123456+00` to `2026-11-20T02:10:00.123Z`; `infinity` and times before our era stay text. */
function isoTime(text: string): string {
  const match = /^(\d{4,})-(\d\d)-(\d\d) (\d\d:\d\d:\d\d)(\.\d+)?([+-]\d\d)(?::?(\d\d))?(?::\d\d)?$/.exec(
    text,
  );
  if (match === null) return text;
  const [, year, month, day, time, fraction = '.', zoneHour, zoneMinute = '00'] = match;
  const milliseconds = fraction.slice(0, 4).padEnd(4, '0');
  const date = new Date(`${year}-${month}-${day}T${time}${milliseconds}${zoneHour}:${zoneMinute}`);
  return Number.isNaN(date.getTime()) ? text : date.toISOString();
}

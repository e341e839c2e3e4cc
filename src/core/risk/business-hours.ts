/** Business hours: Monday to Friday from 08:00 up to, not including, 18:00 local time (design.md §2.4). */
const opensAt = 8;
const closesAt = 18;
const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;
type Weekday = (typeof weekdays)[number];

export type BusinessTime =
  | { readonly status: 'open'; readonly local: string }
  /** `opensNext` is local: `08:00` when it is still today, else with its day, `Mon 08:00`. */
  | { readonly status: 'closed'; readonly local: string; readonly opensNext: string }
  /** No zone, a zone that does not exist, or a time that is none. */
  | { readonly status: 'unknown'; readonly reason: string };

/** Whether `now` (ISO 8601) is within business hours in an IANA zone; null = no zone is set. */
export function businessTime(input: {
  readonly now: string;
  readonly timeZone: string | null;
}): BusinessTime {
  if (input.timeZone === null) return { status: 'unknown', reason: 'SRE_TIMEZONE is not set' };
  const local = localTime(input.now, input.timeZone);
  if (local === null)
    return { status: 'unknown', reason: `\`${input.now}\` in \`${input.timeZone}\` cannot be read` };
  const shown = `${local.weekday} ${local.clock}`;
  const workday = isWorkday(local.weekday);
  if (workday && local.hour >= opensAt && local.hour < closesAt) return { status: 'open', local: shown };
  const today = workday && local.hour < opensAt;
  const opensNext = today ? '08:00' : `${nextWorkday(local.weekday)} 08:00`;
  return { status: 'closed', local: shown, opensNext };
}

function isWorkday(day: Weekday): boolean {
  return day !== 'Sat' && day !== 'Sun';
}

function nextWorkday(day: Weekday): Weekday {
  const next = weekdays[weekdays.indexOf(day) + 1];
  return next === undefined || !isWorkday(next) ? 'Mon' : next;
}

/** Making a format takes longer than the whole decision, so each zone's is made once. */
const formats = new Map<string, Intl.DateTimeFormat>();

function formatFor(timeZone: string): Intl.DateTimeFormat {
  const made =
    formats.get(timeZone) ??
    new Intl.DateTimeFormat('en-US', {
      timeZone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
  if (formats.size < 100) formats.set(timeZone, made);
  return made;
}

function localTime(
  now: string,
  timeZone: string,
): { readonly weekday: Weekday; readonly hour: number; readonly clock: string } | null {
  try {
    const format = formatFor(timeZone);
    const parts = new Map(format.formatToParts(new Date(now)).map((part) => [part.type, part.value]));
    const weekday = weekdays.find((day) => day === parts.get('weekday'));
    const [hour, minute] = [parts.get('hour'), parts.get('minute')];
    if (weekday === undefined || hour === undefined || minute === undefined) return null;
    return { weekday, hour: Number(hour), clock: `${hour}:${minute}` };
  } catch (error) {
    // Intl says "no such zone" and "no such time" only by this.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

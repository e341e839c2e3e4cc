/** `4:05`, or `1:04:05` from an hour on; never below `0:00`. Started seconds count, so it reads 0:00 only at the end. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  const two = (value: number) => String(value).padStart(2, '0');
  const tail = `${two(seconds % 60)}`;
  return hours > 0 ? `${hours}:${two(minutes)}:${tail}` : `${minutes}:${tail}`;
}

/** Milliseconds from one ISO 8601 instant to another; negative when it is past. */
export function msUntil(instant: string, now: string): number {
  return Date.parse(instant) - Date.parse(now);
}

/** `02:10:00` of an ISO 8601 instant in UTC. */
export function clockTime(instant: string): string {
  return instant.slice(11, 19);
}

/** `2026-11-20 02:10:00 UTC` of an ISO 8601 instant in UTC. */
export function dateTime(instant: string): string {
  return `${instant.slice(0, 10)} ${clockTime(instant)} UTC`;
}

/** `under 1 min`, `3 min` or `2 h 5 min` since an instant. */
export function age(instant: string, now: string): string {
  const minutes = Math.max(0, Math.floor(-msUntil(instant, now) / 60_000));
  if (minutes < 1) return 'under 1 min';
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1440)} days`;
}

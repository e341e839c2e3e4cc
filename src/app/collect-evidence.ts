import type { Evidence, Reading, ReadingName, Readings } from '../core/evidence.ts';
import { visibleText } from '../core/plain-text.ts';
import type { FactReader } from './ports.ts';

/** Real-time budgets of design.md §2.2: one reading 2 s, the whole of a dry run 5 s. */
export const readingDeadlineMs = 2_000;
export const evidenceDeadlineMs = 5_000;

/**
 * Reads each named reading once, in parallel, from the first reader that knows it. What is late, fails or has no
 * reader is `unknown` with its reason; nothing is guessed and nothing throws.
 */
export async function collectEvidence(input: {
  readonly names: readonly ReadingName[];
  readonly readers: readonly FactReader[];
}): Promise<Evidence> {
  const overall = AbortSignal.timeout(evidenceDeadlineMs);
  const entries = await Promise.all(
    [...new Set(input.names)].map(
      async (name) => [name, await readOne(name, input.readers, overall)] as const,
    ),
  );
  return Object.fromEntries(entries) as Evidence;
}

async function readOne<N extends ReadingName>(
  name: N,
  readers: readonly FactReader[],
  overall: AbortSignal,
): Promise<Reading<Readings[N]>> {
  const able = readers.filter((reader) => reader.provides.includes(name));
  let last: Reading<Readings[N]> = {
    status: 'unknown',
    reason: 'no configured source provides it',
    source: 'none',
  };
  for (const reader of able) {
    last = await readWithin(reader, name, overall);
    if (last.status === 'known') return last;
  }
  return last;
}

async function readWithin<N extends ReadingName>(
  reader: FactReader,
  name: N,
  overall: AbortSignal,
): Promise<Reading<Readings[N]>> {
  const deadline = AbortSignal.any([overall, AbortSignal.timeout(readingDeadlineMs)]);
  const late = new Promise<Reading<Readings[N]>>((resolve) => {
    deadline.addEventListener('abort', () =>
      resolve({
        status: 'unknown',
        reason: `not read within ${readingDeadlineMs / 1000} s`,
        source: reader.name,
      }),
    );
  });
  const read = reader.read(name, deadline).catch((error: unknown): Reading<Readings[N]> => ({
    status: 'unknown',
    reason: visibleText(error instanceof Error ? error.message : String(error), { maxLength: 300 }),
    source: reader.name,
  }));
  return Promise.race([read, late]);
}

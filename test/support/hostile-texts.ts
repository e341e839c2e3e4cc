import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { hostileStrings } from '../fixtures/hostile-strings.ts';
import { sharedFolder } from './database.ts';

const corpora = ['csv-formula', 'terminal-escapes', 'unicode', 'lookups-markup-paths'] as const;
const line = z.object({ text: z.string().optional() });

/** Our own hostile strings and, where they are at hand, those of the shared corpora. */
export function hostileTexts(): readonly string[] {
  const shared = corpora.flatMap((name) => {
    const file = new URL(`corpora/hostile-strings/${name}.jsonl`, sharedFolder);
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, 'utf8')
      .split('\n')
      .filter((text) => text !== '');
    return lines.flatMap((text) => line.parse(JSON.parse(text)).text ?? []);
  });
  return [...hostileStrings, ...shared];
}

/** What PostgreSQL can store of a text: no NUL and no half of a surrogate pair. */
export function storable(text: string): string {
  return text.replaceAll('\u0000', '').toWellFormed();
}

/** What must never reach a screen, a hash or a prompt. */
export const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u{e0100}-\u{e01ef}]/u;

/** Every string and key in a JSON-like value. */
export function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => [key, ...textsIn(item)]);
}

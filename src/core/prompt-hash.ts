import { createHash } from 'node:crypto';

/**
 * SHA-256, lower-case hex, of a prompt's `hashInput`: the same for every incident, another as soon as rules, library or
 * answer format change, so that records of different agents are never mixed.
 */
export function promptHash(hashInput: string): string {
  return createHash('sha256').update('scutum-sre-prompt-v1\0').update(hashInput, 'utf8').digest('hex');
}

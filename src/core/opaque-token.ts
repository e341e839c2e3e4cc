import { camelIdLabel, idLabel, idPrefix } from './redaction-rules.ts';

/** Longest text looked at before a token for a label that says what it is. */
const labelReach = 40;

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * True when a long token without any name looks like a random secret. A keyword-free guess, so it asks for much: at
 * least 32 characters; one hexadecimal number (not of 40 digits: commits) or upper, lower and digits in constant
 * change; no label, prefix or readable base64 content that makes it an id, a digest or text. `before` is what stands
 * directly in front of it.
 */
export function isOpaqueSecret(token: string, before: string): boolean {
  if (token.length < 32 || uuid.test(token) || idPrefix.test(token)) return false;
  const label = before.slice(-labelReach);
  if (idLabel.test(label) || camelIdLabel.test(label)) return false;
  if (isHex(token)) return token.length !== 40 && hasDigit(token) && /[a-f]/i.test(token);
  return isMixed(token) && classChanges(token) >= 0.38 && decodedText(token) === null;
}

/** True for text of hexadecimal digits in one case only. */
export function isHex(text: string): boolean {
  return /^(?:[0-9a-f]+|[0-9A-F]+)$/.test(text);
}

/** True when upper-case, lower-case and digits are all there. */
export function isMixed(text: string): boolean {
  return /[a-z]/.test(text) && /[A-Z]/.test(text) && hasDigit(text);
}

/** True when it has a digit beside letters, or both cases past the first letter: hardly a word of prose. */
export function isOpaque(text: string): boolean {
  return (hasDigit(text) && /[A-Za-z]/.test(text)) || (/[a-z]/.test(text) && /[A-Z]/.test(text.slice(1)));
}

/** True when there is a digit. */
export function hasDigit(text: string): boolean {
  return /[0-9]/.test(text);
}

/** The text inside base64, or null when it does not decode to printable UTF-8. */
export function decodedText(token: string): string | null {
  const plain = token.replace(/=+$/, '').replaceAll('-', '+').replaceAll('_', '/');
  if (plain.length % 4 === 1 || !/^[A-Za-z0-9+/]*$/.test(plain)) return null;
  try {
    const bytes = Uint8Array.from(atob(plain), (character) => character.charCodeAt(0));
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return /^[\t\n\r\P{Cc}]*$/u.test(text) ? text : null;
  } catch {
    return null;
  }
}

// Random base62 changes between upper, lower and digit at 62 % of its steps; words and camelCase at under 30 %.
function classChanges(token: string): number {
  const classes = token
    .replace(/[^A-Za-z0-9]/g, '')
    .replace(/[a-z]/g, 'l')
    .replace(/[A-Z]/g, 'u')
    .replace(/[0-9]/g, 'd');
  let changes = 0;
  for (let i = 1; i < classes.length; i++) if (classes[i] !== classes[i - 1]) changes++;
  return changes / Math.max(1, classes.length - 1);
}

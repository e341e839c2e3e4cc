import type { Warning } from '../app/ports.ts';
import { visibleText } from '../core/plain-text.ts';
import { redactSecrets } from '../core/redaction.ts';
import type { PrintedDocument } from './documents.ts';
import type { Invocation } from './invocation.ts';
import { asTyped } from './typed-command.ts';

/** Data for people or scripts: stdout. */
export function writeData(invocation: Invocation, lines: readonly string[]): void {
  for (const line of lines) invocation.streams.out.write(`${asTyped(line, invocation.environment)}\n`);
}

/** One JSON document on stdout. Non-ASCII control characters cannot occur: every foreign text was made visible. */
export function writeJson(invocation: Invocation, document: PrintedDocument): void {
  invocation.streams.out.write(`${JSON.stringify(document)}\n`);
}

/** Talk: stderr. */
export function say(invocation: Invocation, ...lines: readonly string[]): void {
  for (const line of lines) invocation.streams.err.write(`${asTyped(line, invocation.environment)}\n`);
}

/** Warnings to stderr, one line each; a script gets them inside its document as well. */
export function sayWarnings(invocation: Invocation, warnings: readonly Warning[]): void {
  for (const { code, detail } of warnings) say(invocation, `warning: ${code}: ${cleanLine(detail)}`);
}

/** Text from outside as one harmless line. */
export function cleanLine(text: string): string {
  return redactSecrets(visibleText(text, { maxLength: 500 }));
}

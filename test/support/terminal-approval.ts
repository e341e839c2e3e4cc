import type { Pty } from './pty.ts';

const prompt = /type ([0-9a-f]{4}) to approve/gu;

/** Waits for the prompt and gives its code. `from` is where in the terminal's text to begin to look. */
export async function codeOf(terminal: Pty, from = 0): Promise<string> {
  await terminal.waitFor(new RegExp(prompt.source, 'u'), { from });
  const last = [...terminal.text().slice(from).matchAll(prompt)].at(-1);
  return last?.[1] ?? '';
}

/** Does what an operator does who agrees: reads the code and types it. */
export async function approveIn(terminal: Pty): Promise<void> {
  terminal.write(`${await codeOf(terminal)}\r`);
}

/** How a command in a terminal ended, with what it said at the end. */
export async function endOf(terminal: Pty): Promise<{ readonly code: number; readonly said: string }> {
  const { code, restored } = await terminal.ended;
  if (!restored) throw new Error(`the terminal was not restored:\n${terminal.text().slice(-500)}`);
  return { code, said: terminal.text().slice(-1_500) };
}

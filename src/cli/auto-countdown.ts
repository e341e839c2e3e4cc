import type { Streams } from './streams.ts';

const seconds = 5;
/** Typed-ahead keys must not stop it unseen: they are drained first. */
const drainMs = 100;

/**
 * Before something runs by itself in a terminal: a visible five-second countdown that any key stops. Resolves to
 * `stopped` on any key, on the end of input and on SIGINT.
 */
export async function countdown(streams: Streams, line: string): Promise<'elapsed' | 'stopped'> {
  const { stdin, err } = streams;
  stdin.ref();
  stdin.setRawMode(true);
  stdin.resume();
  try {
    await new Promise((resolve) => setTimeout(resolve, drainMs));
    while (stdin.read() !== null) continue;
    for (let left = seconds; left > 0; left -= 1) {
      err.write(`\r${line} runs in ${left} s; any key stops it `);
      if (await keyWithin(stdin, 1_000)) return stopped(err);
    }
    err.write('\r\n');
    return 'elapsed';
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
  }
}

function stopped(err: NodeJS.WriteStream): 'stopped' {
  err.write('\r\nstopped; it waits for the typed code\r\n');
  return 'stopped';
}

function keyWithin(stdin: NodeJS.ReadStream, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (pressed: boolean) => {
      clearTimeout(timer);
      stdin.off('data', onKey);
      stdin.off('end', onKey);
      resolve(pressed);
    };
    const onKey = () => settle(true);
    const timer = setTimeout(() => settle(false), ms);
    stdin.on('data', onKey);
    stdin.on('end', onKey);
  });
}

import { spawn, spawnSync } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';

/** A program in a real pseudo-terminal. */
export interface Pty {
  /** Everything written to the terminal so far, control sequences included. */
  readonly raw: () => string;
  /** The same without control sequences. */
  readonly text: () => string;
  readonly write: (keys: string) => void;
  readonly resize: (size: { readonly columns: number; readonly rows: number }) => void;
  readonly signal: (signal: 'SIGKILL' | 'SIGTERM' | 'SIGHUP' | 'SIGINT' | 'SIGSTOP' | 'SIGCONT') => void;
  /** Resolves when the text after `from` matches; rejects with the text after 20 s. */
  readonly waitFor: (pattern: RegExp, options?: { readonly from?: number }) => Promise<void>;
  /** How it ended, and whether the terminal settings are those from before it started. */
  readonly ended: Promise<{ readonly code: number; readonly restored: boolean }>;
}

/** Pseudo-terminals come from Python's standard library: Node has none without native modules. */
export const hasPty = spawnSync('python3', ['-c', 'import pty, termios'], { stdio: 'ignore' }).status === 0;

const patienceMs = 20_000;

const helper = `
import fcntl, json, os, pty, select, signal, struct, subprocess, sys, termios
size, argv = json.loads(sys.argv[1]), sys.argv[2:]
master, slave = pty.openpty()
def resize(columns, rows):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
resize(size['columns'], size['rows'])
before = termios.tcgetattr(slave)
def own_terminal():
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
child = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, preexec_fn=own_terminal)
commands = b''
open_input = True
def drain():
    while select.select([master], [], [], 0)[0]:
        data = os.read(master, 65536)
        if not data: return
        os.write(1, data)
while child.poll() is None:
    ready = select.select([master] + ([0] if open_input else []), [], [], 0.02)[0]
    if master in ready:
        os.write(1, os.read(master, 65536))
    if 0 in ready:
        data = os.read(0, 65536)
        open_input = len(data) > 0
        commands += data
        while b'\\n' in commands:
            line, commands = commands.split(b'\\n', 1)
            command = json.loads(line)
            if 'keys' in command: os.write(master, command['keys'].encode())
            if 'columns' in command: resize(command['columns'], command['rows'])
            if 'signal' in command: child.send_signal(getattr(signal, command['signal']))
    if not open_input: child.kill()
drain()
os.write(2, json.dumps({'code': child.returncode, 'restored': termios.tcgetattr(slave) == before}).encode())
`;

const open = new Set<() => void>();

/** Ends every program that is still running; for `afterEach`. */
export function closePtys(): void {
  for (const close of open) close();
  open.clear();
}

/** Starts a program in a terminal of the given size. Ends it when the test process goes away. */
export function openPty(
  argv: readonly string[],
  options: {
    readonly columns: number;
    readonly rows: number;
    readonly env?: Readonly<Record<string, string>>;
  },
): Pty {
  const size = JSON.stringify({ columns: options.columns, rows: options.rows });
  const child = spawn('python3', ['-c', helper, size, ...argv], {
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      TERM: 'xterm-256color',
      LANG: 'C.UTF-8',
      ...options.env,
    },
  });
  const close = () => child.stdin.end();
  open.add(close);
  let raw = '';
  let report = '';
  const waiting = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (data: string) => {
    raw += data;
    for (const look of waiting) look();
  });
  child.stderr.setEncoding('utf8').on('data', (data: string) => (report += data));
  const command = (order: object) => child.stdin.write(`${JSON.stringify(order)}\n`);
  const text = () => stripVTControlCharacters(raw);
  return {
    raw: () => raw,
    text,
    write: (keys) => command({ keys }),
    resize: ({ columns, rows }) => command({ columns, rows }),
    signal: (signal) => command({ signal }),
    waitFor: (pattern, { from = 0 } = {}) =>
      new Promise((resolve, reject) => {
        const give = (settle: () => void) => {
          clearTimeout(timer);
          waiting.delete(look);
          settle();
        };
        const look = () => {
          if (pattern.test(text().slice(from))) give(resolve);
        };
        const timer = setTimeout(
          () => give(() => reject(new Error(`never saw ${pattern}:\n${text()}`))),
          patienceMs,
        );
        waiting.add(look);
        look();
      }),
    ended: new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', () => {
        open.delete(close);
        const end: unknown = JSON.parse(report);
        if (isEnd(end)) resolve(end);
        else reject(new Error(report));
      });
    }),
  };
}

function isEnd(value: unknown): value is { readonly code: number; readonly restored: boolean } {
  return typeof value === 'object' && value !== null && 'code' in value && 'restored' in value;
}

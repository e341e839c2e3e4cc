import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, realpathSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StoreError } from './database.ts';

/** pg looks for this name in the folder it is given as host. */
const socketName = '.s.PGSQL.5432';
/** The shortest limit of a socket path among our systems is 104 bytes (macOS). */
const longestPath = 100;

/** The path of the socket in its folder. */
export function socketPath(folder: string): string {
  return join(folder, socketName);
}

/** Makes the folder if need be, readable by its owner alone, and returns its real path. Throws when it is not ours. */
export function privateFolder(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const real = realpathSync(folder);
  if (lstatSync(real).uid === process.getuid?.()) chmodSync(real, 0o700);
  requirePrivate(real);
  return real;
}

/** Throws `forbidden` unless this is a folder of ours that nobody else may enter: a socket in it has no password. */
export function requirePrivate(folder: string): void {
  const found = lstatSync(folder);
  if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o077) !== 0)
    throw new StoreError(
      'forbidden',
      `the folder \`${folder}\` must be a folder of the user who runs this, mode 0700`,
    );
}

/** Where the socket of a store goes: beside the store, or under a hashed name in the temporary folder when too long. */
export function socketFolderFor(storeFolder: string): string {
  if (Buffer.byteLength(socketPath(storeFolder)) <= longestPath) return storeFolder;
  const name = createHash('sha256').update(storeFolder).digest('hex').slice(0, 24);
  return privateFolder(join(tmpdir(), `scutum-sre-${process.getuid?.() ?? 0}-${name}`));
}

/** True when a process has the socket of this folder open, even one that is stopped. At most one second. */
export function somebodyListens(folder: string): Promise<boolean> {
  return ask(folder, (socket, answer) => socket.once('connect', () => answer(true)));
}

/** True when the process behind the socket of this folder runs: it says at once that it does no TLS. */
export function somebodyAnswers(folder: string): Promise<boolean> {
  return ask(folder, (socket, answer) => {
    socket.once('connect', () => socket.write(Buffer.of(0, 0, 0, 8, 4, 210, 22, 47)));
    socket.once('data', () => answer(true));
  });
}

function ask(
  folder: string,
  begin: (socket: Socket, answer: (yes: boolean) => void) => void,
): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path: socketPath(folder) });
    const answer = (yes: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(yes);
    };
    const timer = setTimeout(() => answer(false), 1_000);
    socket.once('error', () => answer(false));
    socket.once('close', () => answer(false));
    begin(socket, answer);
  });
}

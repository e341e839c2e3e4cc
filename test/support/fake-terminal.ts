import { PassThrough, Writable } from 'node:stream';

/** A terminal to draw on: keeps each frame. Frames are whole when Ink runs with `debug`. */
export class FakeScreen extends Writable {
  readonly isTTY = true;
  readonly frames: string[] = [];
  readonly columns: number;
  readonly rows: number;
  constructor(size: { readonly columns: number; readonly rows: number }) {
    super({ decodeStrings: false });
    this.columns = size.columns;
    this.rows = size.rows;
  }
  override _write(chunk: unknown, _encoding: BufferEncoding, done: () => void): void {
    this.frames.push(String(chunk));
    done();
  }
  /** The last frame that drew something, mode switches aside. */
  lastFrame(): string {
    return this.frames.findLast((frame) => frame.includes('\n')) ?? '';
  }
}

/** A keyboard: what is written to it is typed. */
export class FakeKeyboard extends PassThrough {
  readonly isTTY = true;
  readonly modes: boolean[] = [];
  setRawMode(on: boolean): this {
    this.modes.push(on);
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}

import { SourceError } from '../app/ports.ts';

/**
 * One read that any number of callers share: the work starts once and keeps its result or its failure. Each caller
 * waits no longer than its own signal, and nobody longer than `deadlineMs`; giving up does not stop the others.
 */
export function sharedRead<T>(options: {
  /** Names the source in the code of a late answer: `<source>_unreachable`. */
  readonly source: string;
  readonly deadlineMs: number;
  readonly work: () => Promise<T>;
}): (signal: AbortSignal) => Promise<T> {
  let running: Promise<T> | null = null;
  const start = (): Promise<T> => {
    const result = withinSignal(options.work(), AbortSignal.timeout(options.deadlineMs), options.source);
    // Everybody may have given up by the time it fails.
    result.catch(() => undefined);
    return result;
  };
  return (signal) => withinSignal((running ??= start()), signal, options.source);
}

function withinSignal<T>(work: Promise<T>, signal: AbortSignal, source: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(new SourceError(`${source}_unreachable`, 'no answer in time'));
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}

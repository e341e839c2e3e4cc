/**
 * An abort signal that fires on the first SIGINT or SIGTERM; a second one ends the process as usual. A lost terminal
 * (SIGHUP, as when ssh drops) ends nothing: this process may be the only one that will undo what is in force.
 */
export function onInterrupt(): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController();
  const abort = () => controller.abort();
  process.once('SIGINT', abort);
  process.once('SIGTERM', abort);
  process.on('SIGHUP', carryOn);
  return {
    signal: controller.signal,
    release: () => {
      process.off('SIGINT', abort);
      process.off('SIGTERM', abort);
      process.off('SIGHUP', carryOn);
    },
  };
}

function carryOn(): void {
  // Nothing to do: without a listener the process would end.
}

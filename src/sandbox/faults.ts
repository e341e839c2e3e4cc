/** What goes wrong on one route. Writes are applied or not as the name says, whatever is answered. */
export type FaultKind =
  /** Never answers; nothing is applied. */
  | { readonly kind: 'hang' }
  | { readonly kind: 'apply_then_hang' }
  | { readonly kind: 'apply_then_status'; readonly status: number }
  /** The gateway's JSON error; nothing is applied. */
  | { readonly kind: 'status'; readonly status: number }
  /** A load balancer's page instead of the gateway; nothing is applied. */
  | { readonly kind: 'html'; readonly status: number }
  /** Success is answered, and nothing is applied. */
  | { readonly kind: 'ignore' }
  /** Success is answered, and the effect shows this many milliseconds later. */
  | { readonly kind: 'lag'; readonly ms: number };

export type Fault = FaultKind & {
  /** Calls of the route that still go well; default 0. */
  readonly after?: number;
  /** Calls that go wrong; default all. */
  readonly times?: number;
};

/** Faults by route; set and cleared while the gateway runs. */
export interface FaultSwitch<Route extends string> {
  readonly set: (route: Route, fault: Fault) => void;
  readonly clear: () => void;
  /** The fault that hits this call, or null. Counts the call. */
  readonly strike: (route: Route) => FaultKind | null;
}

/** No faults yet. */
export function createFaultSwitch<Route extends string>(): FaultSwitch<Route> {
  const faults = new Map<Route, { readonly fault: Fault; calls: number }>();
  return {
    set: (route, fault) => void faults.set(route, { fault, calls: 0 }),
    clear: () => faults.clear(),
    strike: (route) => {
      const found = faults.get(route);
      if (found === undefined) return null;
      found.calls += 1;
      const after = found.fault.after ?? 0;
      const until = after + (found.fault.times ?? Infinity);
      return found.calls > after && found.calls <= until ? found.fault : null;
    },
  };
}

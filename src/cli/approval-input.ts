/** How a prompt for an approval ends. Only `approved` allows anything. */
export type ConfirmOutcome = 'approved' | 'declined' | 'expired' | 'interrupted' | 'changed';

/** What the operator has typed so far, and whether keys count yet. */
export interface ApprovalInput {
  readonly code: string;
  readonly typed: string;
  /** Ticks in a row in which the terminal was read and nothing came. */
  readonly quietTicks: number;
  readonly armed: boolean;
  readonly wrongTries: number;
  /** Why the proposal could not be read again; no code is taken meanwhile. */
  readonly unread: string | null;
  readonly message: string | null;
  readonly outcome: ConfirmOutcome | null;
}

export type ApprovalEvent =
  | { readonly kind: 'key'; readonly name: string; readonly ctrl: boolean }
  /** One read of the terminal is over, at least `tickMs` after the one before. */
  | { readonly kind: 'tick' }
  | { readonly kind: 'read_again' }
  | { readonly kind: 'unread'; readonly reason: string }
  /** The process was stopped or busy: the screen may have been frozen while keys came in. */
  | { readonly kind: 'late' }
  | { readonly kind: 'end'; readonly outcome: Exclude<ConfirmOutcome, 'approved'> };

export const tickMs = 50;
/** 700 ms without a key before the prompt takes any (reliability.md §3.3). */
export const ticksToArm = 14;
export const maxTries = 3;
const longestTyped = 16;

/** The first four hex digits of `sha256:…`. Throws on anything else: a prompt without a code must not exist. */
export function approvalCode(digest: string): string {
  const match = /^sha256:([0-9a-f]{4})[0-9a-f]{60}$/u.exec(digest);
  if (match?.[1] === undefined) throw new Error('an approval needs a sha256 digest');
  return match[1];
}

/** Before any key. */
export function startApproval(code: string): ApprovalInput {
  return {
    code,
    typed: '',
    quietTicks: 0,
    armed: false,
    wrongTries: 0,
    unread: null,
    message: null,
    outcome: null,
  };
}

/**
 * One event. INVARIANT: `approved` follows only from Enter, while armed, after exactly the code was typed while armed.
 * Keys before arming are thrown away, and each makes the wait start again.
 */
export function advanceApproval(input: ApprovalInput, event: ApprovalEvent): ApprovalInput {
  if (input.outcome !== null) return input;
  switch (event.kind) {
    case 'end':
      return { ...input, outcome: event.outcome };
    case 'tick':
      return tick(input);
    case 'read_again':
      return input.unread === null ? input : { ...disarm(input), unread: null };
    case 'late':
      return disarm(input);
    case 'unread':
      return { ...disarm(input), unread: event.reason };
    case 'key':
      return input.armed ? pressKey(input, event) : { ...input, quietTicks: 0 };
    default:
      return event satisfies never;
  }
}

const disarm = (input: ApprovalInput): ApprovalInput => ({
  ...input,
  armed: false,
  quietTicks: 0,
  typed: '',
});

function tick(input: ApprovalInput): ApprovalInput {
  if (input.armed || input.unread !== null) return input;
  const quietTicks = input.quietTicks + 1;
  return { ...input, quietTicks, armed: quietTicks >= ticksToArm };
}

function pressKey(
  input: ApprovalInput,
  key: { readonly name: string; readonly ctrl: boolean },
): ApprovalInput {
  if (key.name === 'escape') return { ...input, outcome: 'declined' };
  if (key.name === 'return' || key.name === 'enter') return submit(input);
  if (key.name === 'backspace') return { ...input, typed: input.typed.slice(0, -1) };
  if (key.ctrl) return key.name === 'u' ? { ...input, typed: '' } : input;
  if (key.name.length !== 1 || input.typed.length >= longestTyped) return input;
  return { ...input, typed: input.typed + key.name, message: null };
}

function submit(input: ApprovalInput): ApprovalInput {
  if (input.typed === '') return { ...input, message: 'enter alone does nothing' };
  if (input.typed === input.code) return { ...input, outcome: 'approved' };
  const wrongTries = input.wrongTries + 1;
  if (wrongTries >= maxTries) return { ...input, wrongTries, typed: '', outcome: 'declined' };
  const left = maxTries - wrongTries;
  return {
    ...input,
    wrongTries,
    typed: '',
    message: `that is not the code; ${left === 1 ? 'one try' : `${left} tries`} left`,
  };
}

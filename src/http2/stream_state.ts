/**
 * The state of a stream (RFC 9113 §5.1). What a server does not have is left out: pushed streams, and `idle`, in which a
 * stream is no object yet. All transitions are made here, and they are these:
 *
 * | from                 | remote end           | local end           | reset  |
 * |----------------------|----------------------|---------------------|--------|
 * | open                 | half-closed (remote) | half-closed (local) | closed |
 * | half-closed (remote) |                      | closed              | closed |
 * | half-closed (local)  | closed               |                     | closed |
 * | closed               |                      |                     | closed |
 */

/** Where a stream is in its life. */
export type StreamState = "open" | "half-closed (remote)" | "half-closed (local)" | "closed";

/** The client has sent END_STREAM; we have; either has sent RST_STREAM, or the connection has ended. */
export type StreamEvent = "remote end" | "local end" | "reset";

/** Where each event leads; an event without an entry is a fault of ours. */
export const STREAM_TRANSITIONS: Readonly<
  Record<StreamState, Readonly<Partial<Record<StreamEvent, StreamState>>>>
> = {
  "open": { "remote end": "half-closed (remote)", "local end": "half-closed (local)", "reset": "closed" },
  "half-closed (remote)": { "local end": "closed", "reset": "closed" },
  "half-closed (local)": { "remote end": "closed", "reset": "closed" },
  "closed": { "reset": "closed" },
};

/** The state after `event`. */
export function nextState(state: StreamState, event: StreamEvent): StreamState {
  const next = STREAM_TRANSITIONS[state][event];
  if (next === undefined) throw new Error(`a stream that is ${state} has no ${event}`);
  return next;
}

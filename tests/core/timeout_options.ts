/**
 * Which option ends a connection whose client is gone, by what the connection is doing. Most clients say that they
 * go: the end of the input, or a reset, ends the connection at once, or is told to the handler by `signal`. This is
 * for those of whom nothing comes any more. `client_end_test.ts` walks the table.
 *
 * Where the handler or a tunnel is awaited, silence does not mean that the client is gone: one that vanished is found
 * by TCP keep-alive, where the runtime can ask for that, or by `writeTimeout` once something is sent.
 */
import type { ServeOptions } from "../../src/api/options.ts";

/** What a connection is doing. */
export type ConnectionActivity =
  | "handshaking"
  | "reading the PROXY header"
  | "waiting for the first request"
  | "reading a head"
  | "idle"
  | "reading a body"
  | "answering a half-closed client"
  | "answering a half-closed client whose body is not read"
  | "streaming to a half-closed client"
  | "answering a client that is not read from"
  | "sending"
  | "draining an unread body"
  | "lingering"
  | "ending a tunnel";

/** The options one of which ends a connection then. */
export const TIMEOUT_OPTIONS: Readonly<Record<ConnectionActivity, readonly (keyof ServeOptions)[]>> = {
  /** TLS, before the first byte. */
  "handshaking": ["headerTimeout"],
  /** The PROXY header is awaited, or incomplete. */
  "reading the PROXY header": ["headerTimeout"],
  /** Nothing of a request has come since the accept. */
  "waiting for the first request": ["headerTimeout"],
  /** A head is incomplete. */
  "reading a head": ["headerTimeout", "requestTimeout"],
  /** Between two requests. */
  "idle": ["idleTimeout", "idleTimeoutBuffer"],
  /** The handler waits for more of the body. */
  "reading a body": ["requestTimeout", "minBodyRate"],
  /** The handler works, and the client has half-closed. */
  "answering a half-closed client": ["requestTimeout"],
  /** The same, and the handler does not read what has come of the body. */
  "answering a half-closed client whose body is not read": ["requestTimeout"],
  /** A response is sent chunk by chunk, and the client has half-closed: it ends at a pause of a second, not by option. */
  "streaming to a half-closed client": [],
  /** The handler works, and more than `highWaterMark` of what the client has sent waits: it is not read from. */
  "answering a client that is not read from": ["requestTimeout"],
  /** The client does not take what was sent. */
  "sending": ["writeTimeout"],
  /** The response is complete, and the rest of the request's body is read to get it out of the way. */
  "draining an unread body": ["drainBody"],
  /** All was sent, and the client's end is awaited. */
  "lingering": ["lingerTimeout"],
  /** Both streams of an upgraded connection have ended, but not the client. */
  "ending a tunnel": ["lingerTimeout"],
};

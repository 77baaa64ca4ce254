/**
 * What the read side of a connection can wait for.
 */

/**
 * What a connection waits for, and the option that limits it:
 * - `first-request`: the first head since the accept (`headerTimeout`)
 * - `head`: the rest of a head (`headerTimeout`, and `requestTimeout` from its first byte on)
 * - `idle`: the next head (`idleTimeout`)
 * - `drain`: the rest of a body that is discarded (`drainBody.timeout`)
 * - `linger`: the peer's end after our own (`lingerTimeout`)
 * - `idle-linger`: the same, where no response was sent since the connection was idle
 * - `body`: more of a body that the handler reads (`requestTimeout`, `minBodyRate`)
 * - `reader`: the handler, to read more of the body; no timeout
 * - `handler`: the handler, to respond; no timeout
 * - `none`: nothing that the peer could be late with
 */
export type ReadWait =
  | "first-request"
  | "head"
  | "idle"
  | "drain"
  | "linger"
  | "idle-linger"
  | "body"
  | "reader"
  | "handler"
  | "none";

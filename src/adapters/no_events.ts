import type { TransportEvents } from "../api/transport.ts";

/**
 * Takes the events of a closed transport: the runtime may still emit some, and may keep the transport for a while, which
 * must not keep its connection.
 */
export const NO_EVENTS: TransportEvents = {
  receive: () => true,
  receiveEnd() {},
  drained() {},
  transportClosed() {},
};

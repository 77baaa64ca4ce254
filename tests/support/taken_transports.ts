/**
 * Transports as the listeners hand them over, taken before a server sees them.
 */
import type { Transport, TransportEvents } from "../../src/conn.ts";
import type { ServeOptions } from "../../src/options.ts";
import type { Server } from "../../src/server/server.ts";

/** All that was told of a transport, in order. */
export class Told implements TransportEvents {
  /** The names of the events. */
  readonly events: string[] = [];
  /** How many bytes came. */
  received = 0;
  /** Called for bytes that came. */
  onReceive: () => void = () => {};

  receive(_bytes: Uint8Array, start: number, end: number): void {
    if (this.events.at(-1) !== "receive") this.events.push("receive");
    this.received += end - start;
    this.onReceive();
  }

  receiveEnd(): void {
    this.events.push("receiveEnd");
  }

  drained(): void {
    this.events.push("drained");
  }

  transportClosed(): void {
    this.events.push("transportClosed");
  }
}

/**
 * Listens by `listen`; hands the transports to `take` from inside of the accept, instead of serving them.
 */
export async function takeTransports(
  listen: (options: ServeOptions) => Promise<Server>,
  place: ServeOptions,
  take: (transport: Transport) => void,
): Promise<Server> {
  const server = await listen({ ...place, exchange: () => {} });
  // Not the prototype's: other servers go on as they are.
  Object.defineProperty(server, "accept", { value: take });
  return server;
}

/**
 * Transports as the listeners hand them over, taken before a server sees them.
 */
import type { Transport, TransportEvents } from "../../src/api/transport.ts";
import type { ConnectionOptions, ListenOptions } from "../../src/api/options.ts";
import { listenSettings } from "../../src/options/listen_settings.ts";
import { connectionSettings } from "../../src/options/settings.ts";
import type { Listen, Listener } from "../../src/server/listener.ts";

/** All that was told of a transport, in order. */
export class Told implements TransportEvents {
  /** The names of the events. */
  readonly events: string[] = [];
  /** How many bytes came. */
  received = 0;
  /** Called for bytes that came. */
  onReceive: () => void = () => {};

  receive(_bytes: Uint8Array, start: number, end: number): boolean {
    if (this.events.at(-1) !== "receive") this.events.push("receive");
    this.received += end - start;
    this.onReceive();
    return true;
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

/** Listens by `listen`; hands the transports to `take` from inside of the accept, where a server would take them. */
export async function takeTransports(
  listen: Listen,
  place: ListenOptions,
  take: (transport: Transport) => void,
  options: ConnectionOptions = {},
): Promise<Listener> {
  const settings = connectionSettings({ exchange: () => {}, ...options });
  return await listen({ ...settings, ...listenSettings(place) }, take);
}

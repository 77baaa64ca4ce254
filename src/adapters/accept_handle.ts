/**
 * Accepting a connection by its handle.
 */
import type { Addr } from "../api/transport.ts";
import type { Accept } from "../server/listener.ts";
import { HandleTransport } from "./handle_transport.ts";
import { setOptions, type SocketHandle } from "./socket_handle.ts";

/** What the connections of a listener have in common. */
export interface AcceptPlace {
  /** Where each was accepted; `undefined` where that differs, or is not known yet. */
  localAddr: Addr | undefined;
  /** Whether they have their socket options from the listener's. */
  inheritsOptions: boolean;
}

/** Makes a connection of `handle`, which a listener has accepted. */
export function acceptHandle(handle: SocketHandle, place: AcceptPlace, accept: Accept): void {
  const transport = new HandleTransport(handle, place.localAddr);
  // A socket that its peer has reset before the accept has no address.
  if (transport.remoteAddr === undefined) return transport.close(false);
  if (!place.inheritsOptions) setOptions(handle);
  accept(transport);
}

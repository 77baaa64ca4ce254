/**
 * Listening on Deno by the handle that lies below `node:net`: with thousands of connections, `Deno.Conn` takes several times
 * as long for a request, and a promise for each read of an idle one.
 */
import type { Addr } from "../api/transport.ts";
import type { TcpPlace } from "../options/listen_settings.ts";
import type { Accept, Listener } from "../server/listener.ts";
import { acceptAgain } from "./accept_again.ts";
import { acceptHandle, type AcceptPlace } from "./accept_handle.ts";
import { isSpecified, unmapped } from "./addresses.ts";
import {
  binding,
  type HandleAddress,
  INHERITS_OPTIONS,
  type ListenHandle,
  setOptions,
  takeHandles,
} from "./socket_handle.ts";

/** What is used of a listening handle of TCP. */
interface TcpHandle extends ListenHandle {
  bindWithFlags(address: string, port: number, flags: number): number;
  bind6(address: string, port: number, flags: number): number;
  getsockname(into: HandleAddress): number;
  ref(): void;
  unref(): void;
}

interface TcpWrap {
  readonly TCP?: new (type: number) => TcpHandle;
  readonly constants: { readonly SERVER: number; readonly UV_TCP_REUSEPORT: number };
}

/**
 * Listens on a port of an address; answers `undefined` where it cannot. Its reasons are no good: Deno calls an address of
 * another machine an invalid argument here.
 *
 * @throws where the program may not
 */
export function listenOnTcp(at: TcpPlace, backlog: number, accept: Accept): Listener | undefined {
  const { TCP, constants } = binding("tcp_wrap") as unknown as TcpWrap;
  if (TCP === undefined) return undefined;
  const handle = new TCP(constants.SERVER);
  const place: AcceptPlace = { localAddr: undefined, inheritsOptions: false };
  const takes = takeHandles(handle, (connection) => acceptHandle(connection, place, accept));
  const flags = at.reusePort ? constants.UV_TCP_REUSEPORT : 0;
  let listens = false;
  try {
    listens = takes && bind(handle, at, flags) === 0 && handle.listen(backlog) === 0;
  } finally {
    if (!listens) handle.close();
  }
  if (!listens) return undefined;
  place.inheritsOptions = INHERITS_OPTIONS && setOptions(handle);
  const own: HandleAddress = {};
  handle.getsockname(own);
  const addr: Addr = { transport: "tcp", hostname: own.address ?? at.hostname, port: own.port ?? at.port };
  if (isSpecified(addr.hostname)) place.localAddr = unmapped(addr);
  const stopPolling = acceptAgain(handle, backlog);
  return {
    addr,
    isSecure: false,
    close: () => {
      stopPolling();
      handle.close();
    },
    ref: () => handle.ref(),
    unref: () => handle.unref(),
  };
}

function bind(handle: TcpHandle, { hostname, port }: TcpPlace, flags: number): number {
  return hostname.includes(":")
    ? handle.bind6(hostname, port, flags)
    : handle.bindWithFlags(hostname, port, flags);
}

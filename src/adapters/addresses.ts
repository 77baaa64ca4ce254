/**
 * Addresses as a runtime tells them: of a socket that its peer has reset it may know none, or half of one.
 */
import type { Addr } from "../conn.ts";

/** The address of an internet socket, if all of it is known. */
export function tcpAddr(hostname: string | undefined, port: number | undefined): Addr | undefined {
  return hostname === undefined || port === undefined ? undefined : { transport: "tcp", hostname, port };
}

/** The address of a Unix socket; empty where it has no name. */
export function unixAddr(path: string): Addr {
  return { transport: "unix", path };
}

/** The address that was shared last: the connections of a listener mostly have one between them. */
let lastShared: Addr | undefined;

/** `addr`, or the one like it that others have. */
export function sharedAddr(addr: Addr | undefined): Addr | undefined {
  if (!isSame(addr, lastShared)) lastShared = addr;
  return lastShared;
}

function isSame(a: Addr | undefined, b: Addr | undefined): boolean {
  if (a?.transport === "tcp" && b?.transport === "tcp") return a.port === b.port && a.hostname === b.hostname;
  return a?.transport === "unix" && b?.transport === "unix" && a.path === b.path;
}

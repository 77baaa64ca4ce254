/**
 * Addresses as a runtime tells them: of a socket that its peer has reset it may know none, or half of one.
 */
import type { Addr } from "../api/transport.ts";
import { isMapped, parseIp, unmapped as unmappedIp } from "../wire/ip_address.ts";

/** What an IPv4 address begins with on a socket that listens on IPv6 and IPv4 (RFC 4291 §2.5.5.2). */
const MAPPED_PREFIX = "::ffff:";

/** The address of an internet socket, if all of it is known. */
export function tcpAddr(hostname: string | undefined, port: number | undefined): Addr | undefined {
  if (hostname === undefined || port === undefined) return undefined;
  return unmapped({ transport: "tcp", hostname, port });
}

/** `addr`; one of IPv4 as such, whatever kind of socket tells it. */
export function unmapped(addr: Addr): Addr {
  if (addr.transport !== "tcp" || !addr.hostname.startsWith(MAPPED_PREFIX)) return addr;
  const { port, hostname } = addr;
  return { transport: "tcp", hostname: hostname.slice(MAPPED_PREFIX.length), port };
}

/** The address of a Unix socket; empty where it has no name. */
export function unixAddr(path: string): Addr {
  return { transport: "unix", path };
}

/**
 * Whether `hostname` is an address, and not that of all interfaces in one of its spellings: then all connections that are
 * accepted on it have it.
 */
export function isSpecified(hostname: string): boolean {
  const ip = parseIp(hostname);
  return ip !== null && (isMapped(ip) ? unmappedIp(ip) : ip).some((byte) => byte !== 0);
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

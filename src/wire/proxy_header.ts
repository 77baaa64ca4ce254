/**
 * Reads the header of the PROXY protocol (HAProxy's "The PROXY protocol, versions 1 & 2"), by which a proxy
 * says, before all else, for whom it connects. It is small and comes once, so that what is not complete is read
 * again from its start. What begins otherwise is refused with its first wrong byte.
 */
import type { Addr } from "../api/transport.ts";
import { ProtocolError } from "../api/errors.ts";
import { CR, latin1, LF, NEED_MORE, utf8 } from "./bytes.ts";
import { ipText, IPV4_BYTES, IPV6_BYTES, parseIpv4, parseIpv6 } from "./ip_address.ts";

/** The two ends of a connection. */
export interface Endpoints {
  /** Who opened it. */
  readonly remoteAddr: Addr | undefined;
  /** Where it was accepted. */
  readonly localAddr: Addr | undefined;
}

/** A header that was read. */
export interface ProxyHeader {
  /** How many bytes it has. */
  readonly length: number;
  /** The ends of the client's connection; `null` where those of the proxy's own are to be used. */
  readonly endpoints: Endpoints | null;
}

/**
 * Bytes of a header of version 2 at the most, as in nginx. Addresses take 216 of them at the most; what follows
 * are names, and now and then a client's certificate.
 */
export const MAX_PROXY_HEADER = 4096;

/** Bytes of a header of version 1 at the most, its CRLF included: what the longest addresses need (§2.1). */
const MAX_LINE = 107;

const START_OF_LINE = Uint8Array.from("PROXY ", (character) => character.charCodeAt(0));
const SIGNATURE = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a);

/**
 * Reads `bytes[start, end)`. After `NEED_MORE`, call again with the same bytes and more behind them.
 *
 * @returns the header, or `NEED_MORE`
 * @throws {ProtocolError} `bad_proxy_header`; no answer is due (§2.1)
 */
export function readProxyHeader(
  bytes: Uint8Array,
  start: number,
  end: number,
): ProxyHeader | typeof NEED_MORE {
  if (start === end) return NEED_MORE;
  return bytes[start] === SIGNATURE[0] ? readBinary(bytes, start, end) : readLine(bytes, start, end);
}

/** As `readProxyHeader`, but answers with the error where the header is bad. */
export function tryReadProxyHeader(
  bytes: Uint8Array,
  start: number,
  end: number,
): ProxyHeader | ProtocolError | typeof NEED_MORE {
  try {
    return readProxyHeader(bytes, start, end);
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
}

function badHeader(message: string): ProtocolError {
  return new ProtocolError("bad_proxy_header", 400, message);
}

/** Whether all of `expected` is there; throws where what is there differs. */
function hasBegun(bytes: Uint8Array, start: number, end: number, expected: Uint8Array): boolean {
  const stop = Math.min(end, start + expected.length);
  for (let i = start; i < stop; i++) {
    if (bytes[i] !== expected[i - start]) throw badHeader("the connection must begin with a PROXY header");
  }
  return stop === start + expected.length;
}

// Version 1 (§2.1): a line of text.

const PORT = /^(?:0|[1-9][0-9]{0,4})$/;

function readLine(bytes: Uint8Array, start: number, end: number): ProxyHeader | typeof NEED_MORE {
  if (!hasBegun(bytes, start, end, START_OF_LINE)) return NEED_MORE;
  const lf = lineFeed(bytes, start, end);
  if (lf < 0) return NEED_MORE;
  const [protocol, ...words] = latin1(bytes, start + START_OF_LINE.length, lf - 1).split(" ");
  const length = lf + 1 - start;
  switch (protocol) {
    case "UNKNOWN": // whatever follows is to be ignored
      return { length, endpoints: null };
    case "TCP4":
      return { length, endpoints: tcpEndpoints(words, parseIpv4) };
    case "TCP6":
      return { length, endpoints: tcpEndpoints(words, parseIpv6) };
    default:
      throw badHeader("the PROXY header names none of TCP4, TCP6 and UNKNOWN");
  }
}

/** Where the line's LF is, or -1 while it may still come. A CR or LF alone does not end the line (§2.1). */
function lineFeed(bytes: Uint8Array, start: number, end: number): number {
  const stop = Math.min(end, start + MAX_LINE);
  for (let i = start + START_OF_LINE.length; i < stop; i++) {
    if ((bytes[i] === LF) !== (bytes[i - 1] === CR)) {
      throw badHeader("the PROXY header must end with CRLF");
    }
    if (bytes[i] === LF) return i;
  }
  if (stop === start + MAX_LINE) throw badHeader(`the PROXY header has more than ${MAX_LINE} bytes`);
  return -1;
}

/** `source destination source-port destination-port`. */
function tcpEndpoints(words: readonly string[], parse: (text: string) => Uint8Array | null): Endpoints {
  const [source, destination, ...ports] = words;
  if (ports.length !== 2) throw badHeader("the PROXY header must have two addresses and two ports");
  return {
    remoteAddr: tcpAddr(parse(source), portOf(ports[0])),
    localAddr: tcpAddr(parse(destination), portOf(ports[1])),
  };
}

function tcpAddr(ip: Uint8Array | null, port: number): Addr {
  if (ip === null) throw badHeader("an address in the PROXY header is malformed");
  return { transport: "tcp", hostname: ipText(ip), port };
}

function portOf(text: string): number {
  const port = Number(text);
  if (!PORT.test(text) || port > 65_535) throw badHeader("a port in the PROXY header is malformed");
  return port;
}

// Version 2 (§2.2): signature, version and command, family and protocol, length, addresses, TLVs.

const FIXED_BYTES = 16;
const VERSION = 2;
const LOCAL = 0;
const PROXY = 1;

const UNSPEC = 0;
const INET = 1;
const INET6 = 2;
const UNIX = 3;

const STREAM = 1;
const DGRAM = 2;

/** Bytes of a path in AF_UNIX. */
const PATH_BYTES = 108;
/** Bytes of the addresses of each family, and of its ports where it has some. */
const ADDRESS_BYTES = [0, 2 * IPV4_BYTES + 4, 2 * IPV6_BYTES + 4, 2 * PATH_BYTES];

function readBinary(bytes: Uint8Array, start: number, end: number): ProxyHeader | typeof NEED_MORE {
  if (!hasBegun(bytes, start, end, SIGNATURE)) return NEED_MORE;
  const at = start + SIGNATURE.length;
  if (at === end) return NEED_MORE;
  const command = bytes[at] & 0x0f;
  if (bytes[at] >> 4 !== VERSION || command > PROXY) {
    throw badHeader("the PROXY header has an unknown version or command");
  }
  if (at + 1 === end) return NEED_MORE;
  // LOCAL: the proxy's own connection, such as a health check.
  const family = command === LOCAL ? UNSPEC : bytes[at + 1] >> 4;
  const protocol = command === LOCAL ? UNSPEC : bytes[at + 1] & 0x0f;
  if (family > UNIX || protocol > DGRAM) {
    throw badHeader("the PROXY header has an unknown address family or protocol");
  }
  if (at + 4 > end) return NEED_MORE;
  const length = FIXED_BYTES + (bytes[at + 2] << 8 | bytes[at + 3]);
  if (length > MAX_PROXY_HEADER) throw badHeader(`the PROXY header has more than ${MAX_PROXY_HEADER} bytes`);
  // Where either is unspecified, and for datagrams, which carry no HTTP/1.1, the addresses tell nothing.
  const told = protocol === STREAM ? family : UNSPEC;
  if (length < FIXED_BYTES + ADDRESS_BYTES[told]) {
    throw badHeader("the PROXY header is too short for its addresses");
  }
  if (end - start < length) return NEED_MORE;
  // TLVs follow the addresses; they are not used.
  return { length, endpoints: endpointsOf(told, bytes, start + FIXED_BYTES) };
}

function endpointsOf(family: number, bytes: Uint8Array, at: number): Endpoints | null {
  switch (family) {
    case INET:
      return internetEndpoints(bytes, at, IPV4_BYTES);
    case INET6:
      return internetEndpoints(bytes, at, IPV6_BYTES);
    case UNIX:
      return { remoteAddr: unixAddr(bytes, at), localAddr: unixAddr(bytes, at + PATH_BYTES) };
    default:
      return null;
  }
}

/** Two addresses of `size` bytes, then two ports. */
function internetEndpoints(bytes: Uint8Array, at: number, size: number): Endpoints {
  const ports = at + 2 * size;
  const end = (ip: number, port: number): Addr => ({
    transport: "tcp",
    hostname: ipText(bytes.subarray(ip, ip + size)),
    port: bytes[port] << 8 | bytes[port + 1],
  });
  return { remoteAddr: end(at, ports), localAddr: end(at + size, ports + 2) };
}

/** A path ends before its first NUL. What begins with NUL is a name without a file (Linux), or none at all. */
function unixAddr(bytes: Uint8Array, at: number): Addr {
  const text = utf8(bytes.subarray(at, at + PATH_BYTES));
  return { transport: "unix", path: text.replace(text.startsWith("\0") ? /\0+$/ : /\0.*$/s, "") };
}

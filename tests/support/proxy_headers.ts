/**
 * PROXY headers for tests, byte for byte, as texts with a character for each byte.
 */

/** What every header of version 2 begins with. */
export const SIGNATURE = "\r\n\r\n\0\r\nQUIT\n";

/** The command of version 2, with the version. */
export const COMMAND = { local: 0x20, proxy: 0x21 } as const;

/** Address family and protocol of version 2. */
export const FAMILY = { unspec: 0x00, tcp4: 0x11, udp4: 0x12, tcp6: 0x21, udp6: 0x22, unix: 0x31 } as const;

/** A header of version 2; `length` is what it says, where that is to be wrong. */
export function v2(command: number, family: number, body: string, length: number = body.length): string {
  return SIGNATURE + String.fromCharCode(command, family, length >> 8, length & 0xff) + body;
}

/** A port in network order. */
export function port(number: number): string {
  return String.fromCharCode(number >> 8, number & 0xff);
}

/** An IPv4 address in network order. */
export function ipv4(text: string): string {
  return String.fromCharCode(...text.split(".").map(Number));
}

/** An IPv6 address of eight groups in network order. */
export function ipv6(...groups: readonly number[]): string {
  return groups.map(port).join("");
}

/** A path of AF_UNIX. */
export function unixPath(path: string): string {
  return path.padEnd(108, "\0");
}

/** A TLV. */
export function tlv(type: number, value: string): string {
  return String.fromCharCode(type) + port(value.length) + value;
}

/** What 203.0.113.7 gets for its connection to 198.51.100.1:443. */
export const CLIENT_V1 = "PROXY TCP4 203.0.113.7 198.51.100.1 50000 443\r\n";
/** The same in version 2. */
export const CLIENT_V2: string = v2(
  COMMAND.proxy,
  FAMILY.tcp4,
  ipv4("203.0.113.7") + ipv4("198.51.100.1") + port(50_000) + port(443),
);
/** What both say. */
export const CLIENT = {
  remoteAddr: { transport: "tcp", hostname: "203.0.113.7", port: 50_000 },
  localAddr: { transport: "tcp", hostname: "198.51.100.1", port: 443 },
} as const;

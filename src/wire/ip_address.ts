/**
 * IP addresses as text and as bytes in network order: 4 of IPv4, 16 of IPv6. Reads the strict forms alone
 * (four decimal octets without leading zeros; RFC 4291 §2.2), and writes the one form of RFC 5952.
 */

/** Bytes of an IPv4 address. */
export const IPV4_BYTES = 4;
/** Bytes of an IPv6 address. */
export const IPV6_BYTES = 16;

/** What an IPv4 address begins with where IPv6 carries it: `::ffff:0:0/96` (RFC 4291 §2.5.5.2). */
const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** A number of up to three digits, without leading zeros, which some read as octal. */
export const SMALL_NUMBER: RegExp = /^(?:0|[1-9][0-9]{0,2})$/;
const GROUP = /^[0-9a-f]{1,4}$/i;

/** A host name or address as in a URL: IPv6 in brackets (RFC 3986 §3.2.2). */
export function urlHost(hostname: string): string {
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}

/** The bytes of an address of either kind, or `null`. */
export function parseIp(text: string): Uint8Array | null {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

/** The bytes of `192.0.2.1`, or `null`. */
export function parseIpv4(text: string): Uint8Array | null {
  const octets = text.split(".");
  if (octets.length !== IPV4_BYTES) return null;
  if (!octets.every((octet) => SMALL_NUMBER.test(octet) && Number(octet) <= 255)) return null;
  return Uint8Array.from(octets, Number);
}

/** The bytes of `2001:db8::1`, or `null`. The last two groups may be an IPv4 address; a zone may not follow. */
export function parseIpv6(text: string): Uint8Array | null {
  const [before, after, ...more] = text.split("::");
  if (more.length > 0) return null;
  const elided = after !== undefined;
  const front = parseGroups(before, !elided);
  const back = parseGroups(after ?? "", true);
  if (front === null || back === null) return null;
  const missing = IPV6_BYTES - front.length - back.length;
  // `::` stands for at least one group.
  if (elided ? missing < 2 : missing !== 0) return null;
  const bytes = new Uint8Array(IPV6_BYTES);
  bytes.set(front);
  bytes.set(back, IPV6_BYTES - back.length);
  return bytes;
}

/** The bytes of groups with a colon between each two; `ipv4Last`: an IPv4 address may stand for the last two. */
function parseGroups(text: string, ipv4Last: boolean): number[] | null {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [i, group] of groups.entries()) {
    if (GROUP.test(group)) {
      const value = parseInt(group, 16);
      bytes.push(value >>> 8, value & 0xff);
      continue;
    }
    const ipv4 = ipv4Last && i === groups.length - 1 ? parseIpv4(group) : null;
    if (ipv4 === null) return null;
    bytes.push(...ipv4);
  }
  return bytes;
}

/** Whether the 16 bytes are an IPv4 address in IPv6's clothes. */
export function isMapped(ipv6: Uint8Array): boolean {
  return ipv6.length === IPV6_BYTES && MAPPED_PREFIX.every((byte, i) => ipv6[i] === byte);
}

/** The last 4 of 16 bytes: the address that a mapped one carries. */
export function unmapped(ipv6: Uint8Array): Uint8Array {
  return ipv6.subarray(MAPPED_PREFIX.length);
}

/** The address as text: `192.0.2.1`, `2001:db8::1`, `::ffff:192.0.2.1`. */
export function ipText(ip: Uint8Array): string {
  if (ip.length === IPV4_BYTES) return ip.join(".");
  // RFC 5952 §5: a mapped address shows what it carries.
  if (isMapped(ip)) return `::ffff:${unmapped(ip).join(".")}`;
  const groups = Array.from({ length: IPV6_BYTES / 2 }, (_, i) => ip[2 * i] << 8 | ip[2 * i + 1]);
  const hex = (from: number, to?: number): string =>
    groups.slice(from, to).map((group) => group.toString(16)).join(":");
  const [start, end] = longestZeros(groups);
  return start === end ? hex(0) : `${hex(0, start)}::${hex(end)}`;
}

/** The run of zero groups that `::` stands for: the longest, the first of several, never one alone (§4.2). */
function longestZeros(groups: readonly number[]): [start: number, end: number] {
  let longest: [number, number] = [0, 0];
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (end < groups.length && groups[end] === 0) end++;
    if (end - start > 1 && end - start > longest[1] - longest[0]) longest = [start, end];
  }
  return longest;
}

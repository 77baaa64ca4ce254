/**
 * Checks of `host [":" port]` (RFC 9110 §7.2, RFC 3986 §3.2.2), and request targets that have one.
 */
import { COLON, HEX_VALUE, IS_REG_NAME } from "./bytes.ts";

const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const DOT = 0x2e;
const PERCENT = 0x25;

/** The index after a valid `uri-host` that starts at `start`, or -1. */
function hostEnd(bytes: Uint8Array, start: number, end: number): number {
  let i = start;
  if (i < end && bytes[i] === OPEN_BRACKET) {
    i = ipv6End(bytes, i + 1, end);
    return i > 0 && i < end && bytes[i] === CLOSE_BRACKET ? i + 1 : -1;
  }
  while (i < end && IS_REG_NAME[bytes[i]]) {
    if (bytes[i] === PERCENT && (i + 2 >= end || !isHex(bytes[i + 1]) || !isHex(bytes[i + 2]))) return -1;
    i++;
  }
  return i;
}

/** The index after the `IPv6address` that starts at `start`, or -1: eight groups, or fewer and one `::`. */
function ipv6End(bytes: Uint8Array, start: number, end: number): number {
  let groups = 0;
  let elided = false;
  let i = start;
  for (;;) {
    const separator = i;
    while (i < end && bytes[i] === COLON) i++;
    const colons = i - separator;
    if (colons === 2 && !elided) elided = true;
    else if (colons === 0 && groups > 0) break;
    else if (colons !== (groups > 0 ? 1 : 0)) return -1;
    const group = i;
    while (i < end && isHex(bytes[i])) i++;
    if (i < end && bytes[i] === DOT) { // the last two groups, as an IPv4 address
      i = ipv4End(bytes, group, end);
      groups += 2;
      break;
    }
    if (i === group && colons === 2) break;
    if (i === group || i > group + 4) return -1;
    groups++;
  }
  return (elided ? groups < 8 : groups === 8) ? i : -1;
}

/** The index after the `IPv4address` that starts at `start`, or -1: four octets without leading zeros. */
function ipv4End(bytes: Uint8Array, start: number, end: number): number {
  let i = start;
  for (let octet = 0; octet < 4; octet++) {
    if (octet > 0 && (i === end || bytes[i++] !== DOT)) return -1;
    const first = i;
    let value = 0;
    while (i < end && isDigit(bytes[i])) value = value * 10 + bytes[i++] - 0x30;
    if (i === first || value > 255 || (bytes[first] === 0x30 && i > first + 1)) return -1;
  }
  return i;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isHex(byte: number): boolean {
  return HEX_VALUE[byte] !== 255;
}

/**
 * The index after `host [":" port]`, or -1; `portNeeded` as in the authority-form of CONNECT. A host may
 * be empty by its grammar, but that of HTTP must not (RFC 9110 §4.2.1).
 */
export function authorityEnd(bytes: Uint8Array, start: number, end: number, portNeeded: boolean): number {
  let i = hostEnd(bytes, start, end);
  if (i <= start) return -1;
  if (i === end) return portNeeded ? -1 : i;
  if (bytes[i] !== COLON) return i;
  const port = ++i;
  let value = 0;
  while (i < end && isDigit(bytes[i])) value = value * 10 + bytes[i++] - 0x30;
  if (value > 65_535 || (portNeeded && i === port)) return -1;
  return i;
}

/**
 * Whether a Host value is well-formed. Empty is: the target URI may have no authority, and a server may have a
 * default for it (RFC 9112 §3.3).
 */
export function isHost(bytes: Uint8Array, start: number, end: number): boolean {
  return start === end || authorityEnd(bytes, start, end, false) === end;
}

/** A request target in absolute form (RFC 9112 §3.2.2), which was checked. */
export interface AbsoluteForm {
  /** Its host and port. */
  readonly authority: string;
  /** Its path and query; empty, or without a slash at the start, where it has no path. */
  readonly pathAndQuery: string;
}

const ABSOLUTE_FORM = /^https?:\/\/([^/?#]*)(.*)$/is;

/** The parts of a target in absolute form; `null` where it is in another form. */
export function parseAbsoluteForm(target: string): AbsoluteForm | null {
  const match = ABSOLUTE_FORM.exec(target);
  return match === null ? null : { authority: match[1], pathAndQuery: match[2] };
}

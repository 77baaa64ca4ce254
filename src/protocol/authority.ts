/**
 * Checks of `host [":" port]` (RFC 9110 §7.2, RFC 3986 §3.2.2) and of the four forms of a request
 * target (RFC 9112 §3.2).
 */
import { COLON, equalsIgnoreCase, HEX_VALUE, IS_REG_NAME } from "./bytes.ts";

const SLASH = 0x2f;
const ASTERISK = 0x2a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const DOT = 0x2e;
const PERCENT = 0x25;

/** The index after a valid `uri-host` that starts at `start`, or -1. */
function hostEnd(bytes: Uint8Array, start: number, end: number): number {
  let i = start;
  if (bytes[i] !== OPEN_BRACKET || i === end) {
    while (i < end && IS_REG_NAME[bytes[i]]) {
      if (bytes[i] === PERCENT && (i + 2 >= end || !isHex(bytes[i + 1]) || !isHex(bytes[i + 2]))) return -1;
      i++;
    }
    return i;
  }
  i++;
  while (i < end && (isHex(bytes[i]) || bytes[i] === COLON || bytes[i] === DOT)) i++;
  return i < end && i > start + 1 && bytes[i] === CLOSE_BRACKET ? i + 1 : -1;
}

function isHex(byte: number): boolean {
  return HEX_VALUE[byte] !== 255;
}

/** The index after `host [":" port]`, or -1; `portNeeded` as in the authority-form of CONNECT. */
function authorityEnd(bytes: Uint8Array, start: number, end: number, portNeeded: boolean): number {
  let i = hostEnd(bytes, start, end);
  if (i < 0 || i === end) return portNeeded ? -1 : i;
  if (bytes[i] !== COLON) return i;
  const port = ++i;
  let value = 0;
  while (i < end && bytes[i] >= 0x30 && bytes[i] <= 0x39) value = value * 10 + bytes[i++] - 0x30;
  if (value > 65_535 || (portNeeded && i === port)) return -1;
  return i;
}

/** Whether a Host value is well-formed. Empty is: the target URI may have no authority. */
export function isHost(bytes: Uint8Array, start: number, end: number): boolean {
  return start === end || (bytes[start] !== COLON && authorityEnd(bytes, start, end, false) === end);
}

/** Whether a target has a form that fits the method: origin, absolute, authority or asterisk. */
export function isTargetFor(method: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (method === "CONNECT") {
    return bytes[start] !== COLON && authorityEnd(bytes, start, end, true) === end;
  }
  if (bytes[start] === SLASH) return true;
  if (bytes[start] === ASTERISK) return method === "OPTIONS" && end === start + 1;
  const authority = absoluteAuthority(bytes, start, end);
  if (authority < 0 || authority === end) return false;
  const after = authorityEnd(bytes, authority, end, false);
  return after > authority && (after === end || bytes[after] === SLASH || bytes[after] === 0x3f);
}

/** Where the authority of an absolute-form `http://` or `https://` target begins, or -1. */
function absoluteAuthority(bytes: Uint8Array, start: number, end: number): number {
  for (const scheme of ["http://", "https://"]) {
    const authority = start + scheme.length;
    if (authority <= end && equalsIgnoreCase(bytes, start, authority, scheme)) return authority;
  }
  return -1;
}

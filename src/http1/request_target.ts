/**
 * Checks of the four forms of a request target (RFC 9112 §3.2).
 */
import { authorityEnd } from "../wire/authority.ts";
import { equalsIgnoreCase } from "../wire/bytes.ts";

const SLASH = 0x2f;
const ASTERISK = 0x2a;
const QUESTION_MARK = 0x3f;

/** Whether a target has a form that fits the method: origin, absolute, authority or asterisk. */
export function isTargetFor(method: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (method === "CONNECT") return authorityEnd(bytes, start, end, true) === end;
  if (bytes[start] === SLASH) return true;
  if (bytes[start] === ASTERISK) return method === "OPTIONS" && end === start + 1;
  const authority = absoluteAuthority(bytes, start, end);
  if (authority < 0) return false;
  const after = authorityEnd(bytes, authority, end, false);
  return after === end || (after > 0 && (bytes[after] === SLASH || bytes[after] === QUESTION_MARK));
}

/** Whether a target of one of the forms has an authority of its own, by its first byte: absolute or authority. */
export function hasAuthority(first: number): boolean {
  return first !== SLASH && first !== ASTERISK;
}

/** Where the authority of an absolute-form `http://` or `https://` target begins, or -1. */
function absoluteAuthority(bytes: Uint8Array, start: number, end: number): number {
  for (const scheme of ["http://", "https://"]) {
    const authority = start + scheme.length;
    if (authority <= end && equalsIgnoreCase(bytes, start, authority, scheme)) return authority;
  }
  return -1;
}

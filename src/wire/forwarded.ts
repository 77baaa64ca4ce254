/**
 * What proxies add to a request: the elements of `Forwarded` (RFC 7239 §4) and the lists of `X-Forwarded-*`. They are
 * read from their right end, where the nearest proxy has written, so that nothing further left, which may be the
 * client's own, changes how that is read.
 */
import type { NetAddr } from "../api/transport.ts";
import { ipText, isMapped, parseIp, unmapped } from "./ip_address.ts";

/** What one proxy tells, as text. */
export interface ForwardedElement {
  /** From whom it has the request: a node (RFC 7239 §6). */
  readonly for?: string;
  /** The scheme by which it came to the proxy. */
  readonly proto?: string;
  /** The Host with which it came. */
  readonly host?: string;
}

/** The elements of a list (RFC 9110 §5.6.1), the last one first; a comma in a quoted string separates nothing. */
export function* listFromRight(list: string): Generator<string, void> {
  let end = list.length;
  let isQuoted = false;
  for (let i = end - 1; i >= -1; i--) {
    if (list[i] === '"' && !isEscaped(list, i)) isQuoted = !isQuoted;
    else if (i < 0 || (list[i] === "," && !isQuoted)) {
      const element = list.slice(i + 1, end).trim();
      end = i;
      if (element !== "") yield element;
    }
  }
}

/** Whether an odd number of backslashes stands before `at`. */
function isEscaped(text: string, at: number): boolean {
  let start = at;
  while (text[start - 1] === "\\") start--;
  return (at - start) % 2 === 1;
}

/** `token "=" ( token / quoted-string )`, and the semicolon or the end behind it. */
const PAIR = /[ \t]*([\w!#$%&'*+\-.^`|~]+)=(?:([\w!#$%&'*+\-.^`|~]+)|"((?:[^"\\]|\\.)*)")[ \t]*(?:;|$)/y;

/** Reads a `forwarded-element`; `null` where it is malformed, or says something twice. */
export function parseForwardedElement(text: string): ForwardedElement | null {
  const pairs = new Map<string, string>();
  for (PAIR.lastIndex = 0; PAIR.lastIndex < text.length;) {
    const match = PAIR.exec(text);
    if (match === null) return null;
    const [, name, token, quoted] = match;
    const parameter = name.toLowerCase();
    if (pairs.has(parameter)) return null;
    pairs.set(parameter, token ?? quoted.replace(/\\(.)/g, "$1"));
  }
  return Object.fromEntries(pairs);
}

/** `[2001:db8::1]` or `192.0.2.1`, either with a port; the port of RFC 7239 §6 may be hidden behind another name. */
const NODE = /^(?:\[([^\]]*)\]|([^:]*))(?::(?:([0-9]{1,5})|_[\w.-]+))?$/;

/**
 * Reads the address of a node, with or without a port; IPv6 also without brackets, as `X-Forwarded-For` has it. `null`
 * for what hides or does not know the address (`unknown`, `_name`), and for what is none. The port is 0 where it is not
 * told.
 */
export function parseNode(text: string): NetAddr | null {
  const [, ipv6, ipv4, digits = "0"] = NODE.exec(text) ?? [text, text];
  const ip = parseIp(ipv6 ?? ipv4);
  const port = Number(digits);
  if (ip === null || port > 65_535) return null;
  return { transport: "tcp", hostname: ipText(isMapped(ip) ? unmapped(ip) : ip), port };
}

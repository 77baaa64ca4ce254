/**
 * The URL of a request (RFC 9110 §7.1, RFC 9112 §3.3), as `new URL` would write it, which is asked only
 * where plain joining could give something else.
 */
import type { RequestFields } from "../core/protocol.ts";
import { parseAbsoluteForm } from "../wire/authority.ts";

/** A path and query that `new URL` leaves as they are: no dot segments, nothing that it escapes. */
const PLAIN_TARGET = /^(?!.*\/(?:\.|%2e))\/(?![/\\])[\w\-.~!$&()*+,;=:@%/?]*$/i;
/** A host that it leaves as it is: lower case, no punycode, not read as an IPv4 address; and a port. */
const PLAIN_HOST = /^(?!.*xn--)(?:(?:[a-z0-9-]+\.)*[a-z][a-z0-9-]*|127\.0\.0\.1)(?::([1-9][0-9]{0,4}))?$/;

/** A client names the same host again and again. */
let lastHost = "";
let lastHostIsPlain = false;

function isPlainHost(host: string): boolean {
  if (host !== lastHost) {
    const match = PLAIN_HOST.exec(host);
    const port = Number(match?.[1] ?? 0);
    lastHost = host;
    lastHostIsPlain = match !== null && port !== 80 && port !== 443 && port < 65_536;
  }
  return lastHostIsPlain;
}

/** The URL of a request of these fields to `authority`, or to what its head says where that is `null`. */
export function urlOf(
  scheme: string,
  authority: string | null,
  fields: RequestFields,
  target: string,
): string {
  return authority === null
    ? requestUrl(scheme, fields.get("host") ?? "", target)
    : requestUrl(scheme, authority, withoutAuthority(target));
}

/**
 * @param scheme the connection's: `http` or `https`
 * @param host the value of Host; empty where the client sent none
 * @param target the request target, in any of its forms
 */
export function requestUrl(scheme: string, host: string, target: string): string {
  const authority = host || "localhost";
  if (PLAIN_TARGET.test(target) && isPlainHost(authority)) return `${scheme}://${authority}${target}`;
  return normalized(scheme, authority, target);
}

/** `target` in origin-form, where it is in absolute-form: another authority is to stand before it. */
function withoutAuthority(target: string): string {
  const absolute = parseAbsoluteForm(target);
  if (absolute === null) return target;
  const { pathAndQuery } = absolute;
  return pathAndQuery.startsWith("/") ? pathAndQuery : `/${pathAndQuery}`;
}

function normalized(scheme: string, authority: string, target: string): string {
  // Absolute-form carries its own authority, CONNECT's is one; neither begins with a slash. A scheme that it
  // claims is not believed: https means a secured connection (RFC 9110 §4.2.2, §7.4).
  const absolute = parseAbsoluteForm(target);
  if (absolute !== null) return parse(`${scheme}://${absolute.authority}${absolute.pathAndQuery}`);
  if (target === "*") return parse(`${scheme}://${authority}/*`);
  if (!target.startsWith("/")) return parse(`${scheme}://${target}/`);
  return parse(`${scheme}://${authority}${target}`);
}

/** A Host can be well-formed by RFC 3986 and still be none to `new URL`; the path then stays right. */
function parse(url: string): string {
  if (URL.canParse(url)) return new URL(url).href;
  return new URL(url.replace(/^(\w+:\/\/)[^/?#]*/, "$1invalid")).href;
}

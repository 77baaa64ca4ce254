/**
 * Where a request comes from, and what it was sent to: as trusted proxies tell it, where there are any, and otherwise as
 * the connection and the request's head do.
 */
import type { Addr } from "../api/transport.ts";
import { parseAbsoluteForm } from "../wire/authority.ts";
import type { ExchangeConnection, ForwardedRequest, RequestFields, RequestView, Scheme } from "./protocol.ts";

/** The client's address, if it is known. */
export function clientAddr(port: ExchangeConnection, fields: RequestFields): Addr | undefined {
  const forwarded = port.forwarded(fields);
  return forwarded === null ? port.connection.remoteAddr : forwarded.remoteAddr;
}

/** What a request was sent to. */
export interface RequestOrigin {
  /** Not the one that a target in absolute form claims (RFC 9110 §4.2.2, §7.4). */
  readonly scheme: Scheme;
  /** `null` where the request's head says it alone. */
  readonly authority: string | null;
}

const HTTP: RequestOrigin = { scheme: "http", authority: null };
const HTTPS: RequestOrigin = { scheme: "https", authority: null };

/** What the request of this head was sent to. */
export function originOf(port: ExchangeConnection, head: RequestView): RequestOrigin {
  const own = port.isSecure ? HTTPS : HTTP;
  const forwarded = port.forwarded(head.fields);
  if (forwarded === null) return own;
  const scheme = forwarded.scheme ?? own.scheme;
  return { scheme, authority: forwardedAuthority(forwarded, scheme, head) };
}

function forwardedAuthority(
  { host, port }: ForwardedRequest,
  scheme: Scheme,
  { method, target, fields }: RequestView,
): string | null {
  // Its target is where the tunnel is to lead, and not where the request was sent (RFC 9110 §9.3.6).
  if (method === "CONNECT") return null;
  if (port === null) return host;
  const authority = host ?? targetAuthority(target) ?? fields.get("host");
  if (!authority) return null;
  const name = authority.replace(/:[0-9]*$/, "");
  return port === DEFAULT_PORTS[scheme] ? name : `${name}:${port}`;
}

const DEFAULT_PORTS: Readonly<Record<Scheme, string>> = { http: "80", https: "443" };

/** The authority that a target has of its own, or `null`. */
export function targetAuthority(target: string): string | null {
  if (target.startsWith("/") || target === "*") return null;
  return parseAbsoluteForm(target)?.authority ?? target;
}

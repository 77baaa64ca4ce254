/**
 * Options of proxies in front. Types only.
 *
 * @module
 */

/** Who sends a PROXY header. */
export interface ProxyProtocolOptions {
  /**
   * The peers that must: IP addresses and CIDR ranges (`"10.1.2.3"`, `"10.0.0.0/8"`, `"::1"`, `"fd00::/8"`),
   * `"unix"` for all peers on a Unix socket, `"unknown"` for all whose transport tells no address, as
   * with streams and memory. At least one. A range of IPv6 holds no IPv4 address, not even as
   * `::ffff:10.1.2.3`, which is 10.1.2.3 here.
   */
  readonly allow: readonly string[];
}

/** A field by which proxies tell for whom they pass on a request. */
export type ForwardedField =
  | "forwarded"
  | "x-forwarded-for"
  | "x-forwarded-proto"
  | "x-forwarded-host"
  | "x-forwarded-port";

/** Whose word is taken for where requests come from. */
export interface TrustProxyOptions {
  /**
   * The proxies: IP addresses and CIDR ranges (`"10.1.2.3"`, `"10.0.0.0/8"`, `"::1"`, `"fd00::/8"`), `"unix"` for all
   * peers on a Unix socket, `"unknown"` for all whose transport tells no address. At least one. Ranges hold what
   * those of {@linkcode ProxyProtocolOptions.allow} do.
   */
  readonly allow: readonly string[];
  /**
   * The fields that they set, at least one; others are not looked at. Name `"x-forwarded-host"`, `"x-forwarded-port"` or
   * `"forwarded"` (RFC 7239) only where the proxies set it: most pass on what a client has sent in it. `Forwarded` is
   * used instead of the others in a request that has it.
   * @default ["x-forwarded-for", "x-forwarded-proto"]
   */
  readonly fields?: readonly ForwardedField[];
}

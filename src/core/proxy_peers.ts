/**
 * Proxies: the peers that option "proxyProtocol" or "trustProxy" allows, read once for the whole server.
 */
import { typeError } from "../options/option_error.ts";
import type { Addr } from "../api/transport.ts";
import { IpRange, peerIp } from "../wire/ip_range.ts";

/** Peers, by the addresses that their transports tell. */
export class ProxyPeers {
  readonly #ranges: IpRange[] = [];
  readonly #unix: boolean;
  readonly #unknown: boolean;

  /**
   * Allows who is named by an address, a range, `"unix"` or `"unknown"`, as `option` does.
   *
   * @throws {TypeError} on an entry that is none of these; it says what to write instead
   */
  constructor(option: string, allow: readonly string[]) {
    this.#unix = allow.includes("unix");
    this.#unknown = allow.includes("unknown");
    for (const entry of allow) {
      if (entry === "unix" || entry === "unknown") continue;
      const range = IpRange.parse(entry);
      if (typeof range === "string") {
        throw typeError(
          option,
          `option "${option}" must list addresses, ranges, "unix" or "unknown", not ` +
            `${JSON.stringify(entry)}: ${range}`,
        );
      }
      this.#ranges.push(range);
    }
  }

  /** Whether the peer at `addr` is one of them. */
  has(addr: Addr | undefined): boolean {
    if (addr === undefined) return this.#unknown;
    switch (addr.transport) {
      case "unix":
        return this.#unix;
      case "tcp": {
        const ip = peerIp(addr.hostname);
        return ip !== null && this.#ranges.some((range) => range.has(ip));
      }
      default: // Deno has kinds of its own
        return false;
    }
  }
}

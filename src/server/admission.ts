/**
 * Who is let in: counts the connections, all together and by address, and says how near the server is to
 * its cap.
 */
import type { Addr } from "../api/transport.ts";
import type { Pressure } from "../core/engine.ts";
import type { AdmissionSettings } from "../options/settings.ts";

/** From this share of the cap on, idle connections are kept for a shorter time. */
const SHORTEN_IDLE_FROM = 0.75;
/** From this share of the cap on, new connections are not kept alive: what is left is for those that are. */
const NO_KEEP_ALIVE_FROM = 0.9;

/** The connections that were let in and are open, as far as a cap counts them. */
export class Admission {
  readonly #settings: AdmissionSettings;
  /** By which IP address each was counted: a closed connection has none any more. */
  readonly #members = new Map<Peer, string | undefined>();
  readonly #byIp = new Map<string, number>();

  /** Lets in as `settings` say. */
  constructor(settings: AdmissionSettings) {
    this.#settings = settings;
  }

  /** How many are counted. */
  get size(): number {
    return this.#members.size;
  }

  /** Whether there is room for one more, wherever it comes from. */
  get hasRoom(): boolean {
    const { maxConnections } = this.#settings;
    return maxConnections === 0 || this.size < maxConnections;
  }

  /** Whether there is room for one more from the address of `peer`. */
  hasRoomFor(peer: Peer): boolean {
    const { maxConnectionsPerIp } = this.#settings;
    if (maxConnectionsPerIp === 0) return true;
    const ip = ipOf(peer);
    return ip === undefined || (this.#byIp.get(ip) ?? 0) < maxConnectionsPerIp;
  }

  /** Counts `peer` in. */
  enter(peer: Peer): void {
    const { maxConnections, maxConnectionsPerIp } = this.#settings;
    if (maxConnections === 0 && maxConnectionsPerIp === 0) return;
    const ip = maxConnectionsPerIp === 0 ? undefined : ipOf(peer);
    this.#members.set(peer, ip);
    if (ip !== undefined) this.#byIp.set(ip, (this.#byIp.get(ip) ?? 0) + 1);
  }

  /** Counts `peer` out, if it was counted in. */
  leave(peer: Peer): void {
    const ip = this.#members.get(peer);
    this.#members.delete(peer);
    if (ip === undefined) return;
    const left = this.#byIp.get(ip)! - 1;
    if (left === 0) this.#byIp.delete(ip);
    else this.#byIp.set(ip, left);
  }

  /** How near the server is to its cap. */
  get pressure(): Pressure {
    const { maxConnections } = this.#settings;
    // A single connection is no pressure, however small the cap.
    if (maxConnections === 0 || this.size <= 1 || this.size < maxConnections * SHORTEN_IDLE_FROM) {
      return "none";
    }
    return this.size < maxConnections * NO_KEEP_ALIVE_FROM ? "shorten-idle" : "no-keep-alive";
  }
}

/** Somebody with an address. */
interface Peer {
  readonly remoteAddr: Addr | undefined;
}

function ipOf({ remoteAddr }: Peer): string | undefined {
  return remoteAddr?.transport === "tcp" ? remoteAddr.hostname : undefined;
}

/**
 * Admission: counts the connections, all together and by address, and tells how near the server is to its caps.
 */
import type { Addr } from "../api/transport.ts";
import type { Pressure } from "../core/engine.ts";
import type { AdmissionSettings } from "../options/settings.ts";

/** From this share of the cap on, idle connections are kept for a shorter time. */
const SHORTEN_IDLE_FROM = 0.75;
/** From this share of the cap on, new connections are not kept alive: what is left is for those that are. */
const NO_KEEP_ALIVE_FROM = 0.9;

/** The open connections that were admitted, as far as a cap counts them. */
export class Admission {
  readonly #settings: AdmissionSettings;
  /** By which IP address each was counted: a closed connection has none any more. */
  readonly #members = new Map<object, string | undefined>();
  readonly #byIp = new Map<string, number>();

  /** Admits as many as `settings` allow. */
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

  /** Whether there is room for one more from `addr`. */
  hasRoomFor(addr: Addr | undefined): boolean {
    const { maxConnectionsPerIp } = this.#settings;
    if (maxConnectionsPerIp === 0) return true;
    const ip = ipOf(addr);
    return ip === undefined || (this.#byIp.get(ip) ?? 0) < maxConnectionsPerIp;
  }

  /** Counts `connection` in, which comes from `addr`. */
  enter(connection: object, addr: Addr | undefined): void {
    const { maxConnections, maxConnectionsPerIp } = this.#settings;
    if (maxConnections === 0 && maxConnectionsPerIp === 0) return;
    const ip = maxConnectionsPerIp === 0 ? undefined : ipOf(addr);
    this.#members.set(connection, ip);
    if (ip !== undefined) this.#byIp.set(ip, (this.#byIp.get(ip) ?? 0) + 1);
  }

  /** Counts `connection` out, if it was counted in. */
  leave(connection: object): void {
    const ip = this.#members.get(connection);
    this.#members.delete(connection);
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

function ipOf(addr: Addr | undefined): string | undefined {
  return addr?.transport === "tcp" ? addr.hostname : undefined;
}

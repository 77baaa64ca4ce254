/**
 * What users hold of a server: the documented members and no others.
 */
import type { ListenOptions } from "../api/options.ts";
import type { TlsOptions } from "../api/tls.ts";
import type {
  ConnectionSnapshot,
  Server,
  ServerStats,
  ShutdownOptions,
  ShutdownReport,
} from "../api/server.ts";
import type { Addr, Conn, Connection, Transport } from "../api/transport.ts";
import { listenSettings } from "../options/listen_settings.ts";
import type { HttpServer } from "./http_server.ts";
import { listenOn } from "./listen.ts";
import type { Platform } from "./platform.ts";

/** Forwards to the server. */
export class ServerFacade implements Server {
  readonly #server: HttpServer;
  readonly #platform: Platform;

  /** A facade of `server`. */
  constructor(server: HttpServer, platform: Platform) {
    this.#server = server;
    this.#platform = platform;
  }

  get addr(): Addr {
    return this.#server.addr;
  }

  get url(): string {
    return this.#server.url;
  }

  get finished(): Promise<void> {
    return this.#server.finished;
  }

  get keepAlive(): boolean {
    return this.#server.keepAlive;
  }

  set keepAlive(persist: boolean) {
    this.#server.keepAlive = persist;
  }

  async listen(options: ListenOptions = {}): Promise<Addr> {
    const { settings } = this.#server;
    const where = listenSettings(options, settings.proxyProtocol !== null);
    return await listenOn(this.#server, { ...settings, ...where }, this.#platform.listen);
  }

  accept(stream: Conn | Transport): Connection {
    this.#server.assertOpen();
    const { settings } = this.#server;
    return this.#server.accept(isTransport(stream) ? stream : this.#platform.transportOf!(stream, settings))
      .facade;
  }

  stats(): ServerStats {
    return this.#server.stats();
  }

  connections(): ConnectionSnapshot[] {
    return this.#server.connections();
  }

  ref(): void {
    this.#server.setReferenced(true);
  }

  unref(): void {
    this.#server.setReferenced(false);
  }

  reloadTls(tls?: TlsOptions): void {
    this.#server.reloadTls(tls);
  }

  shutdown(options?: ShutdownOptions): Promise<ShutdownReport> {
    return this.#server.shutdown(options);
  }

  close(): Promise<void> {
    return this.#server.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** Whether it is a transport rather than a pair of streams. */
function isTransport(stream: Conn | Transport): stream is Transport {
  const { start, write } = (stream ?? {}) as Partial<Transport>;
  return typeof start === "function" && typeof write === "function";
}

/**
 * Listening on Deno: on an address by the handle below `node:net`, with TLS by Deno's own listener, else as on Node.
 */
import { UnsupportedError } from "../api/errors.ts";
import type { TlsOptions } from "../api/tls.ts";
import type { Addr, NetAddr, Transport } from "../api/transport.ts";
import type { ListenAt, ListenSettings } from "../options/listen_settings.ts";
import type { Settings } from "../options/settings.ts";
import type { Listen, Listener } from "../server/listener.ts";
import { type LoadedTls, loadTls, tlsError } from "../server/tls.ts";
import { parseIp, urlHost } from "../wire/ip_address.ts";
import { type DenoConn, DenoConnTransport } from "./deno_conn.ts";
import { keepFreedMemory } from "./freed_memory.ts";
import { runtimeClock } from "./runtime_clock.ts";

/** What is used of Deno. */
interface RuntimeListener {
  readonly addr: NetAddr;
  accept(): Promise<DenoConn>;
  close(): void;
  ref(): void;
  unref(): void;
}

interface ListenAddress {
  hostname: string;
  port: number;
  tcpBacklog: number;
}

interface DenoRuntime {
  listen(options: ListenAddress): RuntimeListener;
  listenTls(
    options: ListenAddress & { key: string; cert: string; alpnProtocols: readonly string[] },
  ): RuntimeListener;
  readFileSync(path: string): Uint8Array;
  readonly permissions: {
    request(permission: { name: "net"; host: string }): Promise<{ readonly state: string }>;
  };
}

/** Listens on Deno. */
export const listenOnDeno: Listen = async (settings, accept) => {
  keepFreedMemory();
  const { at, tls, backlog } = settings;
  if (tls !== undefined) {
    if (at.kind !== "tcp" || at.reusePort) throw tlsElsewhere(at);
    return new DenoListener(at, settings, accept);
  }
  if (at.kind === "tcp" && isAddress(at.hostname)) {
    const { listenOnTcp } = await import("./deno_tcp_listener.ts");
    const listener = listenOnTcp(at, backlog, accept);
    if (listener !== undefined) return listener;
  }
  // Its errors are clear, and it needs permission for the host name only. Its own reusePort ends the process without
  // --unstable-net.
  if (at.kind === "tcp" && !at.reusePort) return new DenoListener(at, settings, accept);
  if (at.kind === "tcp") await requestPermission(at);
  const { listenOnNode } = await import("./node_listener.ts");
  return await listenOnNode(settings, accept);
};

/** Whether it is no name; an IPv6 address may name its interface. */
function isAddress(hostname: string): boolean {
  return parseIp(hostname) !== null || hostname.includes(":");
}

function tlsElsewhere(at: ListenAt): UnsupportedError {
  const place = at.kind === "tcp" ? "reusePort" : at.kind === "unix" ? "path" : "fd";
  const message = `Deno speaks TLS on a port of its own only, not with option "${place}"`;
  return new UnsupportedError("Deno", place, message);
}

/** Without it node:net throws where nothing can catch it. */
async function requestPermission({ hostname, port }: { hostname: string; port: number }): Promise<void> {
  const { Deno } = globalThis as unknown as { Deno: DenoRuntime };
  const host = `${urlHost(hostname)}:${port}`;
  const { state } = await Deno.permissions.request({ name: "net", host });
  if (state !== "granted") {
    throw new Error(`Requires net access to "${host}", run again with the --allow-net flag`);
  }
}

/** Accepts on a port, with TLS or without. */
class DenoListener implements Listener {
  readonly addr: Addr;
  readonly isSecure: boolean;
  readonly #accept: (transport: Transport) => void;
  readonly #backlog: number;
  readonly #alpnProtocols: readonly string[];
  /** Resolves when nothing is accepted any more. */
  readonly #over: Promise<void>;
  #listener: RuntimeListener;
  #open = true;
  /** The last options, for `reloadTls()` to read their files again. */
  #tls: TlsOptions | undefined;
  /** What is to replace the listener's certificate. */
  #newTls: LoadedTls | null = null;
  #isReferenced = true;

  constructor(
    at: { hostname: string; port: number },
    settings: ListenSettings & Settings,
    accept: (transport: Transport) => void,
  ) {
    this.#accept = accept;
    this.#backlog = settings.backlog;
    this.#alpnProtocols = settings.alpnProtocols;
    this.isSecure = settings.tls !== undefined;
    this.#tls = settings.tls;
    this.#listener = this.#listen(at.hostname, at.port, settings.tls && load(settings.tls));
    this.addr = this.#listener.addr;
    this.#over = this.#acceptAll();
  }

  #listen(hostname: string, port: number, tls: LoadedTls | undefined): RuntimeListener {
    const { Deno } = globalThis as unknown as { Deno: DenoRuntime };
    const options = { hostname, port, tcpBacklog: this.#backlog };
    const secure = tls && { ...options, key: tls.key, cert: tls.cert, alpnProtocols: this.#alpnProtocols };
    try {
      return secure === undefined ? Deno.listen(options) : Deno.listenTls(secure);
    } catch (error) {
      const { name, message } = error as Error;
      // Deno tells no code where the host name cannot be resolved.
      if (message.startsWith("failed to lookup")) throw Object.assign(error as Error, { code: "ENOTFOUND" });
      const isTls = name === "InvalidData" || /\b(keys?|certificates?)\b/.test(message);
      throw secure !== undefined && isTls ? tlsError(error, "tls") : error;
    }
  }

  async #acceptAll(): Promise<void> {
    let inARow = 0;
    while (this.#open) {
      if (inARow === ACCEPTS_IN_A_ROW) {
        await new Promise<void>(runtimeClock.nextTurn);
        inARow = 0;
      }
      let conn: DenoConn;
      try {
        conn = await this.#listener.accept();
      } catch (error) {
        if (this.#newTls !== null) await this.#replace();
        else if (isClosed(error)) return;
        // Any other error is about one connection, which its peer reset before the accept: go on at once.
        else if (isExhaustion(error)) await delay(EXHAUSTED_DELAY);
        continue;
      }
      inARow++;
      this.#accept(new DenoConnTransport(conn, this.isSecure));
    }
  }

  /**
   * Deno cannot replace a listener's certificate, so that another listener takes its place once the old one has
   * gone. Connections in between are refused.
   */
  prepareTls(tls: TlsOptions = this.#tls!): () => void {
    const { hostname } = this.addr as NetAddr;
    const loaded = load(tls);
    this.#listen(hostname, 0, loaded).close(); // throws where the certificate is no good
    return () => {
      const replaces = this.#newTls !== null;
      this.#tls = tls;
      this.#newTls = loaded;
      if (!replaces) this.#listener.close();
    };
  }

  /** The accept that waited for the old listener has told that it is closed; the port is free soon after that. */
  async #replace(): Promise<void> {
    const { hostname, port } = this.addr as NetAddr;
    while (this.#open && this.#newTls !== null) {
      try {
        this.#listener = this.#listen(hostname, port, this.#newTls);
        if (!this.#isReferenced) this.#listener.unref();
        this.#newTls = null;
      } catch {
        await delay(LISTEN_RETRY);
      }
    }
  }

  ref(): void {
    this.#isReferenced = true;
    this.#listener.ref();
  }

  unref(): void {
    this.#isReferenced = false;
    this.#listener.unref();
  }

  async close(): Promise<void> {
    this.#open = false;
    // Otherwise it is closed already, to be replaced.
    if (this.#newTls === null) {
      this.#listener.ref(); // or else the process may end before the accept that is pending does
      this.#listener.close();
    }
    await this.#over;
    await delay(0); // the accept that was pending lets go of the socket after it has told so
  }
}

/** What Deno's TLS cannot do. Its resolver of server names, which is internal, keeps each name that a client makes up. */
const MISSING: readonly (readonly [option: keyof TlsOptions, what: string])[] = [
  ["ca", "cannot ask clients for certificates"],
  ["caFile", "cannot ask clients for certificates"],
  ["passphrase", "cannot decrypt a key"],
  ["serverNames", "has one certificate for all server names"],
];

function load(tls: TlsOptions): LoadedTls {
  for (const [option, what] of MISSING) {
    if (tls[option] === undefined) continue;
    throw new UnsupportedError("Deno", `tls.${option}`, `Deno ${what} (option "tls.${option}")`);
  }
  const { Deno } = globalThis as unknown as { Deno: DenoRuntime };
  return loadTls(tls, (path) => Deno.readFileSync(path));
}

/** Whether the listener is closed, so that no accept will succeed any more. */
function isClosed(error: unknown): boolean {
  return ["BadResource", "Interrupted"].includes((error as Error).name);
}

/** Whether the process or the system has run out of something, which passes. */
function isExhaustion(error: unknown): boolean {
  return ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"].includes((error as { code?: string }).code ?? "");
}

function delay(time: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, time));
}

/** How long to wait where descriptors or memory have run out, in milliseconds. */
const EXHAUSTED_DELAY = 50;
/**
 * After so many accepts the event loop has a turn: those that were accepted must be heard before a flood of others
 * takes their places.
 */
const ACCEPTS_IN_A_ROW = 16;
/** How long to wait for a port of our own that is not free yet, in milliseconds. */
const LISTEN_RETRY = 1;

/**
 * Mooring on Deno: TCP by `Deno.listen`.
 *
 * @module
 */
import type { Addr, NetAddr, Transport, TransportEvents } from "../conn.ts";
import type { ServeOptions } from "../options.ts";
import { type Listen, startServer } from "../server/start.ts";
import type { Server } from "../server/server.ts";

/** What is used of Deno. */
interface DenoConn {
  readonly remoteAddr: Addr;
  readonly localAddr: Addr;
  read(buffer: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  close(): void;
  setNoDelay(noDelay: boolean): void;
}
interface DenoListener {
  readonly addr: NetAddr;
  accept(): Promise<DenoConn>;
  close(): void;
}
interface DenoRuntime {
  listen(options: { hostname: string; port: number; tcpBacklog: number }): DenoListener;
}

/**
 * Starts a server on Deno. As {@linkcode serve} of the package's main entry, without its choice of runtime.
 *
 * @throws {TypeError} and {RangeError} (rejects) on options that are wrong
 * @throws {Error} (rejects) when the address cannot be listened on
 *
 * @example
 * ```ts ignore
 * import { serve } from "@mooring/http/deno";
 *
 * const server = await serve({ port: 0, fetch: () => new Response("hello") });
 * await server.close();
 * ```
 */
export function serve(options: ServeOptions): Promise<Server> {
  return startServer(options, listen);
}

const listen: Listen = ({ hostname, port, backlog }, accept) => {
  const { Deno } = globalThis as unknown as { Deno: DenoRuntime };
  const listener = Deno.listen({ hostname, port, tcpBacklog: backlog });
  let open = true;
  const acceptAll = async (): Promise<void> => {
    while (open) {
      try {
        const conn = await listener.accept();
        const transport = new ConnTransport(conn);
        transport.start(accept(transport));
      } catch {
        // One accept failed (too many open files, say), or the listener was closed; the former passes.
        if (open) await new Promise((resolve) => setTimeout(resolve, ACCEPT_RETRY));
      }
    }
  };
  void acceptAll();
  return {
    addr: listener.addr,
    close() {
      open = false;
      listener.close();
    },
  };
};

/** How long to wait after an accept that failed, in milliseconds. */
const ACCEPT_RETRY = 50;

/** A read buffer that waits with an idle connection. */
const SMALL_READ = 2 * 1024;
/** A read buffer for a peer that fills the small one. */
const LARGE_READ = 64 * 1024;
/** Writes below this are copied, which is cheaper than giving up the engine's buffer. */
const COPIED_WRITE = 32 * 1024;
/** Bytes under way from which on the engine is told to wait. */
const MUCH_UNSENT = 64 * 1024;

/** A Deno connection. Reads and writes are promises that one function each receives, made once. */
class ConnTransport implements Transport {
  readonly remoteAddr: Addr;
  readonly localAddr: Addr;
  readonly #conn: DenoConn;
  #events!: TransportEvents;
  #buffer: Uint8Array = new Uint8Array(SMALL_READ);
  #reading = false;
  #paused = false;
  #closed = false;
  /** What was handed over and is not sent; the first is under way. */
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  #engineWaits = false;
  #ending = false;

  constructor(conn: DenoConn) {
    this.#conn = conn;
    this.remoteAddr = conn.remoteAddr;
    this.localAddr = conn.localAddr;
    conn.setNoDelay(true);
  }

  start(events: TransportEvents): void {
    this.#events = events;
    this.#read();
  }

  #read(): void {
    this.#reading = true;
    this.#conn.read(this.#buffer).then(this.#received, this.#failed);
  }

  readonly #received = (count: number | null): void => {
    this.#reading = false;
    if (this.#closed) return;
    if (count === null) return this.#events.receiveEnd();
    const buffer = this.#buffer;
    if (count === buffer.length && count < LARGE_READ) this.#buffer = new Uint8Array(LARGE_READ);
    else if (count < SMALL_READ && buffer.length === LARGE_READ) this.#buffer = new Uint8Array(SMALL_READ);
    this.#events.receive(buffer, 0, count);
    if (!this.#closed && !this.#paused && !this.#reading) this.#read();
  };

  readonly #failed = (error: unknown): void => {
    if (this.#closed) return;
    this.#events.transportClosed(error);
  };

  write(bytes: Uint8Array, start: number, end: number): boolean {
    const count = end - start;
    const copied = count < COPIED_WRITE;
    this.#unsent.push(copied ? bytes.slice(start, end) : bytes.subarray(start, end));
    this.#unsentBytes += count;
    if (this.#unsent.length === 1) this.#send();
    if (copied && this.#unsentBytes < MUCH_UNSENT) return true;
    this.#engineWaits = true;
    return false;
  }

  #send(): void {
    this.#conn.write(this.#unsent[0]).then(this.#sent, this.#failed);
  }

  readonly #sent = (count: number): void => {
    if (this.#closed) return;
    this.#unsentBytes -= count;
    const first = this.#unsent[0];
    if (count < first.length) this.#unsent[0] = first.subarray(count);
    else this.#unsent.shift();
    if (this.#unsent.length > 0) return this.#send();
    if (this.#ending) this.#closeWrite();
    if (!this.#engineWaits) return;
    this.#engineWaits = false;
    this.#events.drained();
  };

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    if (!this.#reading) this.#read();
  }

  end(): boolean {
    this.#ending = true;
    this.#engineWaits = this.#unsent.length > 0;
    if (!this.#engineWaits) this.#closeWrite();
    return !this.#engineWaits;
  }

  #closeWrite(): void {
    this.#conn.closeWrite().catch(this.#failed);
  }

  close(): void {
    this.#closed = true;
    try {
      this.#conn.close();
    } catch {
      // Closed already by the system.
    }
  }
}

// Server-sent events: a snapshot of a server every half second, to everybody who watches.
// One timer for all, which runs only while somebody does; who is slow to read misses snapshots, and none piles up.
import type { Addr, Server } from "../../mod.ts";

/** Milliseconds between two snapshots. */
const INTERVAL = 500;
/** Rows in a snapshot at the most, so that ten thousand connections do not make a megabyte of it. */
const MAX_ROWS = 200;
/** Snapshots that wait for a slow reader at the most. */
const QUEUED = 2;

type Watcher = ReadableStreamDefaultController<Uint8Array>;

const encoder = new TextEncoder();

/** The snapshots of one server. */
export class SnapshotFeed {
  readonly #server: Server;
  readonly #watchers = new Set<Watcher>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #closed = false;

  constructor(server: Server) {
    this.#server = server;
  }

  /**
   * A body of events for the request on connection `id`. It ends when the client goes, of which `signal` tells when
   * its side of the connection closed, and `cancel` when all of it broke; or when the feed closes.
   */
  watch(id: number, signal: AbortSignal): ReadableStream<Uint8Array> {
    let watcher: Watcher;
    return new ReadableStream({
      start: (controller) => {
        watcher = controller;
        // Where the connection breaks, the browser asks again after `retry` milliseconds.
        watcher.enqueue(encoder.encode(`retry: 1000\nevent: connection\ndata: ${id}\n\n${this.#message()}`));
        this.#add(watcher);
        if (this.#closed) this.#end(watcher);
        signal.addEventListener("abort", () => this.#end(watcher));
      },
      cancel: () => void this.#remove(watcher),
    }, { highWaterMark: QUEUED });
  }

  /** Ends all that was given out, and what may still be asked for on connections that are open. */
  close(): void {
    this.#closed = true;
    for (const watcher of this.#watchers) this.#end(watcher);
  }

  #add(watcher: Watcher): void {
    this.#watchers.add(watcher);
    this.#timer ??= setInterval(() => this.#tell(), INTERVAL);
  }

  #end(watcher: Watcher): void {
    if (this.#remove(watcher)) watcher.close();
  }

  #remove(watcher: Watcher): boolean {
    const watched = this.#watchers.delete(watcher);
    if (this.#watchers.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    return watched;
  }

  #tell(): void {
    const message = encoder.encode(this.#message());
    for (const watcher of this.#watchers) {
      if (watcher.desiredSize! > 0) watcher.enqueue(message);
    }
  }

  #message(): string {
    const all = this.#server.connections();
    const connections = all.slice(-MAX_ROWS).map(({ remoteAddr, ...connection }) => ({
      ...connection,
      peer: peerName(remoteAddr),
    }));
    const snapshot = { time: performance.now(), stats: this.#server.stats(), connections, total: all.length };
    return `data: ${JSON.stringify(snapshot)}\n\n`;
  }
}

function peerName(addr: Addr | undefined): string {
  if (addr === undefined) return "";
  if (addr.transport === "unix") return addr.path;
  return addr.hostname.includes(":") ? `[${addr.hostname}]:${addr.port}` : `${addr.hostname}:${addr.port}`;
}

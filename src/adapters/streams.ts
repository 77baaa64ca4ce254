/**
 * A transport on any pair of web streams.
 */
import type { Addr, Conn, Transport, TransportEvents } from "../api/transport.ts";
import type { ProtocolSettings } from "../options/protocols.ts";
import { copyOf } from "../wire/bytes.ts";
import { runtimeClock } from "./runtime_clock.ts";
import { DenoConnTransport, isDenoConn } from "./deno_conn.ts";

/**
 * The transport of a connection that the program has accepted.
 *
 * @throws {TypeError} where it is no pair of streams, or speaks a protocol that is not spoken here
 */
export function transportOf(conn: Conn, settings: ProtocolSettings): Transport {
  checkProtocol(conn?.alpnProtocol, settings);
  return isDenoConn(conn) ? new DenoConnTransport(conn) : new StreamsTransport(checkStreams(conn));
}

/** What to do about a protocol that is off. */
const REMEDIES: ReadonlyMap<string, string> = new Map([
  ["h2", 'set option "http2" to true'],
  ["http/1.1", 'leave out option "http1"'],
  ["http/1.0", 'leave out option "http1"'],
]);

/** Runtimes say `null`, `false` or nothing where none was agreed upon. */
function checkProtocol(protocol: string | null | undefined, { alpnProtocols }: ProtocolSettings): void {
  if (!protocol || alpnProtocols.includes(protocol)) return;
  const remedy = REMEDIES.get(protocol) ?? `this server speaks ${alpnProtocols.join(", ")}`;
  throw new TypeError(`the connection speaks "${protocol}" (ALPN), which is not spoken here: ${remedy}`);
}

function checkStreams(conn: Conn): Conn {
  if (!(conn?.readable instanceof ReadableStream) || !(conn.writable instanceof WritableStream)) {
    throw new TypeError(
      "the connection must have a ReadableStream `readable` and a WritableStream `writable`",
    );
  }
  return conn;
}

/** Bytes under way from which on the engine is told to wait. */
const MUCH_UNSENT = 64 * 1024;
/** Large writes are split into this, since a stream reports no progress within a chunk. */
const LARGEST_CHUNK = 64 * 1024;
/** Chunks read in a row, from a stream that never waits, before yielding to the event loop. */
const CHUNKS_IN_A_ROW = 16;

/** A pair of web streams. */
class StreamsTransport implements Transport {
  readonly remoteAddr: Addr | undefined;
  readonly localAddr: Addr | undefined;
  readonly isSecure: boolean;
  readonly alpnProtocol: string | null | undefined;
  readonly #conn: Conn;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #events!: TransportEvents;
  #reading = false;
  #chunks = 0;
  #paused = false;
  /** No more bytes will come. */
  #ended = false;
  /** The stream is gone or released, and nothing is told of it any more. */
  #over = false;
  #closed = false;
  #unsentBytes = 0;
  #engineWaits = false;

  constructor(conn: Conn) {
    this.#conn = conn;
    // What brings bytes in their order is no datagram socket.
    this.remoteAddr = conn.remoteAddr as Addr | undefined;
    this.localAddr = conn.localAddr as Addr | undefined;
    this.isSecure = conn.isSecure === true;
    const { alpnProtocol } = conn;
    this.alpnProtocol = alpnProtocol === undefined ? undefined : alpnProtocol || null;
    this.#reader = conn.readable.getReader();
    this.#writer = conn.writable.getWriter();
    this.#writer.closed.catch((error) => this.#failed(error));
  }

  start(events: TransportEvents): void {
    this.#events = events;
    this.#read();
  }

  #read(): void {
    this.#reading = true;
    this.#reader.read().then(this.#received, this.#failed);
  }

  readonly #received = ({ done, value }: ReadableStreamReadResult<Uint8Array>): void => {
    this.#reading = false;
    if (this.#over) return;
    if (done) {
      this.#ended = true;
      return this.#events.receiveEnd();
    }
    if (!(value instanceof Uint8Array)) {
      return this.#failed(new TypeError("the connection's readable must give Uint8Array chunks"));
    }
    this.#events.receive(value, 0, value.length);
    if (this.#over || this.#paused || this.#reading) return;
    if (++this.#chunks % CHUNKS_IN_A_ROW !== 0) return this.#read();
    this.#reading = true;
    runtimeClock.nextTurn(() => this.#read());
  };

  readonly #failed = (error: unknown): void => {
    if (this.#over) return;
    this.#over = true;
    this.#events.transportClosed(error);
  };

  write(bytes: Uint8Array, start: number, end: number): boolean {
    // Copied, since a stream's consumer may keep its chunks for ever.
    for (let at = start; at < end; at += LARGEST_CHUNK) {
      const chunk = copyOf(bytes, at, Math.min(end, at + LARGEST_CHUNK));
      this.#send(chunk.length, this.#writer.write(chunk));
    }
    if (this.#unsentBytes < MUCH_UNSENT) return true;
    this.#engineWaits = true;
    return false;
  }

  #send(count: number, sent: Promise<void>): void {
    this.#unsentBytes += count;
    sent.then(() => {
      this.#unsentBytes -= count;
      if (this.#over || this.#unsentBytes > 0 || !this.#engineWaits) return;
      this.#engineWaits = false;
      this.#events.drained();
    }, this.#failed);
  }

  unsent(): number {
    return this.#unsentBytes;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    if (!this.#reading && !this.#ended) this.#read();
  }

  end(): boolean {
    // Not awaited: Deno's streams of a Node socket tell of it only once the peer has ended, too.
    this.#writer.close().catch(this.#failed);
    this.#engineWaits = this.#unsentBytes > 0;
    return !this.#engineWaits;
  }

  close(abruptly: boolean): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#over = true;
    // Each fails where its stream has ended already, which is as good.
    this.#reader.cancel().catch(() => {});
    this.#writer.abort(abruptly ? new Error("the response was cut off") : undefined).catch(() => {});
    try {
      Promise.resolve(this.#conn.close?.()).catch(() => {});
    } catch {
      // Closed already, by its streams or the system.
    }
  }
}

/**
 * A place that clients connect to, whichever process serves there at the moment, and the connections to it: each
 * answer is checked, and each end accounted for.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Addr } from "../../src/api/transport.ts";
import { assertSameBytes } from "../support/bytes.ts";
import { connectTcp, connectTls, connectUnix } from "../support/byte_streams.ts";
import { type ByteStream, WireClient, type WireResponse } from "../support/wire_client.ts";
import { bodyOf, type Spec, targetOf } from "./spec.ts";
import type { Tally } from "./tally.ts";

/** Between two attempts to connect while nobody listens, in milliseconds, and how many there are. */
const RETRY = 10;
const ATTEMPTS = 1_500;

/** The server changed while a connection to it was open, and ended that between two answers, as it may. */
export class Retired extends Error {}

/** A process's servers, one after another, whose places clients go on to use. */
export class Site {
  /** Connections that were opened. */
  connections = 0;
  /** Until when connections came to servers that have ended since; `Infinity` while they are being replaced. */
  #replacedAt = -Infinity;

  /** Servers take over from others meanwhile. */
  async change<T>(replace: () => Promise<T>): Promise<T> {
    this.#replacedAt = Infinity;
    try {
      return await replace();
    } finally {
      this.#replacedAt = performance.now();
    }
  }

  /** Whether a connection of this time may have been to a server that ends, or has ended. */
  wasReplacedSince(time: number): boolean {
    return this.#replacedAt >= time;
  }
}

/** A place. */
export class Place {
  readonly name: string;
  readonly site: Site;
  readonly tally: Tally;
  readonly #addr: Addr;
  readonly #tls: boolean;

  constructor(site: Site, tally: Tally, addr: Addr, tls: boolean) {
    this.name = addr.transport === "unix" ? addr.path : `${tls ? "https" : "http"}://127.0.0.1:${addr.port}`;
    this.site = site;
    this.tally = tally;
    this.#addr = addr;
    this.#tls = tls;
  }

  /** Connects, if need be when a server listens again. */
  async connect(): Promise<Link> {
    for (let attempt = 0;; attempt++) {
      const openedAt = performance.now();
      try {
        const stream = await this.#open();
        this.site.connections++;
        return new Link(this, stream, openedAt);
      } catch (error) {
        if (attempt === ATTEMPTS || !this.site.wasReplacedSince(openedAt)) throw error;
        this.tally.refused++;
        await delay(RETRY);
      }
    }
  }

  #open(): Promise<ByteStream> {
    const addr = this.#addr;
    if (addr.transport === "unix") return connectUnix(addr.path);
    return this.#tls ? connectTls(addr.port) : connectTcp(addr.port);
  }
}

/** What a request sends besides its target. */
export interface Sent {
  readonly method?: string;
  /** Header lines. */
  readonly lines?: readonly string[];
}

/** A client's connection. */
export class Link extends WireClient {
  readonly #place: Place;
  readonly #stream: CountedStream;
  readonly #openedAt: number;
  /** Whether the server has said that it answers no more requests. */
  isOver = false;

  constructor(place: Place, stream: ByteStream, openedAt: number) {
    const counted = new CountedStream(stream);
    super(counted);
    this.#stream = counted;
    this.#place = place;
    this.#openedAt = openedAt;
  }

  /** A new request's spec. */
  spec(what: string, seed: number, size: number): Spec {
    return { what, id: this.#place.tally.nextId(), seed, size };
  }

  /** The head of a request. */
  head(spec: Spec, { method = "GET", lines = [] }: Sent = {}): string {
    return [`${method} ${targetOf(spec)} HTTP/1.1`, "Host: soak.example", ...lines, "", ""].join("\r\n");
  }

  /** The answer to `spec`, which is 200. */
  async answer(spec: Spec, method = "GET"): Promise<WireResponse> {
    const response = await this.next(method === "HEAD");
    this.isOver ||= response.headers.get("connection") === "close";
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("x-id"), spec.id, "the answer is to this request");
    this.#place.tally.answer(spec.what);
    return response;
  }

  /** The next response, whatever it is, or its head. Throws `Retired` where the server ended before it began. */
  async next(headOnly = false): Promise<WireResponse> {
    const before = this.#stream.received;
    try {
      return await this.response(headOnly);
    } catch (error) {
      throw this.#stream.received === before ? this.#judged(error) : error;
    }
  }

  /** The next chunk of a body, empty at its end. */
  async chunk(): Promise<Uint8Array> {
    const chunk = await this.readBytes(parseInt(await this.readUntil("\r\n"), 16));
    assert.equal(await this.readUntil("\r\n"), "");
    return chunk;
  }

  /** As everywhere. Throws `Retired` where the server has ended. */
  override async send(...parts: (string | Uint8Array)[]): Promise<void> {
    try {
      await super.send(...parts);
    } catch (error) {
      throw this.#judged(error);
    }
  }

  /** What it means that the connection has ended between two answers. */
  #judged(error: unknown): unknown {
    return this.#place.site.wasReplacedSince(this.#openedAt) ? new Retired("the server has ended") : error;
  }
}

/** Counts what comes. */
class CountedStream implements ByteStream {
  received = 0;
  readonly #stream: ByteStream;

  constructor(stream: ByteStream) {
    this.#stream = stream;
  }

  async read(): Promise<Uint8Array | null> {
    const bytes = await this.#stream.read();
    this.received += bytes?.length ?? 0;
    return bytes;
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#stream.write(bytes);
  }

  end(): void {
    this.#stream.end();
  }

  reset(): void {
    this.#stream.reset();
  }
}

/** Fails unless the body is the one of the request's seed. */
export function assertBodyOf({ seed, size }: Spec, { body }: WireResponse): void {
  assertSameBytes(body, bodyOf(seed, size));
}

/** Fails unless the body is the hash of `uploaded`. */
export function assertHashOf(uploaded: Uint8Array, { text }: WireResponse): void {
  assert.equal(text, createHash("sha256").update(uploaded).digest("hex"));
}

/**
 * A server on the fake clock to which many come, and those who come to it.
 */
import { MemoryTransport } from "../../src/adapters/memory.ts";
import type { ServeOptions } from "../../src/api/options.ts";
import type { Addr } from "../../src/api/transport.ts";
import type { Connection } from "../../src/api/transport.ts";
import { serveSettings } from "../../src/options/settings.ts";
import { HttpServer } from "../../src/server/http_server.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { get } from "../support/memory.ts";

let lastPort = 40_000;

/** A client that comes from an IP address. */
export class AddressedTransport extends MemoryTransport {
  override readonly remoteAddr: Addr;

  constructor(hostname: string) {
    super();
    this.remoteAddr = { transport: "tcp", hostname, port: ++lastPort };
  }
}

export interface Visitor {
  readonly client: MemoryTransport;
  readonly connection: Connection;
}

/** A server to which many come. */
export class Place {
  readonly clock: FakeClock = new FakeClock();
  readonly server: HttpServer;

  constructor(options: ServeOptions) {
    this.server = new HttpServer(options, serveSettings(options), this.clock);
  }

  visit(client: MemoryTransport = new MemoryTransport()): Visitor {
    return { client, connection: this.server.accept(client).facade };
  }

  /** As many visitors as `count`; the times at which they come differ. */
  visits(count: number): Visitor[] {
    return Array.from({ length: count }, () => {
      this.clock.advance(1);
      return this.visit();
    });
  }

  /** As many, each of which has asked once. */
  guests(count: number): Visitor[] {
    return Array.from({ length: count }, () => {
      const visitor = this.visits(1)[0];
      visitor.client.send(get());
      return visitor;
    });
  }

  /** As many, each of which waits for its answer. */
  askers(count: number): Visitor[] {
    return Array.from({ length: count }, () => {
      const visitor = this.visits(1)[0];
      visitor.client.send(get("/pending"));
      return visitor;
    });
  }

  counts(): { accepted: number; rejected: number; evicted: number } {
    const { accepted, rejected, evicted } = this.server.stats();
    return { accepted, rejected, evicted };
  }
}

/**
 * A server on a transport and its clients, and tests that end them.
 */
import test from "node:test";
import type { ConnectionOptions } from "../../../src/api/options.ts";
import { inTime } from "../../support/deadline.ts";
import type { Opened, OpenServer } from "../../support/opened_servers.ts";
import { WireClient } from "../../support/wire_client.ts";

/** A server and its clients, all ended with the test. */
export class Harness implements AsyncDisposable {
  readonly #server: Opened;
  readonly #clients: WireClient[] = [];

  constructor(server: Opened) {
    this.#server = server;
  }

  async connect(): Promise<WireClient> {
    const client = new WireClient(await this.#server.connect());
    this.#clients.push(client);
    return client;
  }

  shutdown(): Promise<unknown> {
    return this.#server.shutdown();
  }

  close(): Promise<unknown> {
    return this.#server.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.reset();
    await this.#server.close();
  }
}

/** Registers a test with servers on a transport. */
export type On = (
  title: string,
  body: (serve: (options: ConnectionOptions) => Promise<Harness>) => Promise<void>,
) => void;

/** Tests on the transport `name`. */
export function testsOn(name: string, open: OpenServer): On {
  return (title, body) => {
    test(`${name} ${title}`, async () => {
      const opened: Harness[] = [];
      const serve = async (options: ConnectionOptions): Promise<Harness> => {
        const harness = new Harness(await open(options));
        opened.push(harness);
        return harness;
      };
      try {
        await inTime(body(serve), title);
      } finally {
        const ended = opened.map((harness) => harness[Symbol.asyncDispose]());
        await inTime(Promise.all(ended), "the end of the server");
      }
    });
  };
}

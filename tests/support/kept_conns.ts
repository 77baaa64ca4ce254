/**
 * Connections that a test accepts itself and hands to `serveConn`.
 */
import type { Conn, Connection } from "../../src/api/transport.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import { serveConn } from "../../src/adapters/serve_conn.ts";

/** Serves connections, and can end them all. */
export class KeptConns {
  readonly #options: ConnectionOptions;
  readonly #connections: Connection[] = [];

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  serve(conn: Conn): Connection {
    const connection = serveConn(conn, this.#options);
    this.#connections.push(connection);
    return connection;
  }

  async shutdown(): Promise<void> {
    for (const connection of this.#connections) connection.shutdown();
    await this.#allClosed();
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.close();
    await this.#allClosed();
  }

  async #allClosed(): Promise<void> {
    await Promise.all(this.#connections.map(({ closed }) => closed));
  }
}

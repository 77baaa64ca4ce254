/**
 * What users hold of a connection: the documented members and no others, so that nothing can be built on the engine's
 * internals.
 */
import type { Addr, CloseReason, Connection, ConnectionState } from "../api/transport.ts";

/** Forwards to the engine's connection. */
export class ConnectionFacade implements Connection {
  readonly #connection: Connection;

  /** A facade of `connection`. */
  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get id(): number {
    return this.#connection.id;
  }

  get state(): ConnectionState {
    return this.#connection.state;
  }

  get requests(): number {
    return this.#connection.requests;
  }

  get remoteAddr(): Addr | undefined {
    return this.#connection.remoteAddr;
  }

  get localAddr(): Addr | undefined {
    return this.#connection.localAddr;
  }

  get isSecure(): boolean {
    return this.#connection.isSecure;
  }

  get closed(): Promise<CloseReason> {
    return this.#connection.closed;
  }

  shutdown(): void {
    this.#connection.shutdown();
  }

  close(): void {
    this.#connection.close();
  }
}

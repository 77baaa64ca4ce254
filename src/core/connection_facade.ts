/**
 * What users hold of a connection: the documented members and no others, so that nothing can be built on the engine's
 * internals.
 */
import type { Addr, CloseReason, Connection, ConnectionState, PeerCertificate } from "../api/transport.ts";
import type { Endpoints } from "../wire/proxy_header.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { PersistencePolicy } from "./persistence_policy.ts";

/** The engine's connection. */
export interface FacadedConnection {
  readonly id: number;
  readonly endpoints: Endpoints;
  readonly isSecure: boolean;
  readonly transport: { readonly peerCertificate: PeerCertificate | undefined };
  readonly life: Lifecycle;
  readonly policy: PersistencePolicy;
  /** Closes it with its next response; an idle one after `idleGrace` milliseconds. */
  retire(idleGrace: number): void;
  /** Closes it at once. */
  close(): void;
}

/** Forwards to the engine's connection. */
export class ConnectionFacade implements Connection {
  readonly #connection: FacadedConnection;

  /** A facade of `connection`. */
  constructor(connection: FacadedConnection) {
    this.#connection = connection;
  }

  get id(): number {
    return this.#connection.id;
  }

  get state(): ConnectionState {
    return this.#connection.life.state;
  }

  get requests(): number {
    return this.#connection.policy.requests;
  }

  get remoteAddr(): Addr | undefined {
    return this.#connection.endpoints.remoteAddr;
  }

  get localAddr(): Addr | undefined {
    return this.#connection.endpoints.localAddr;
  }

  get isSecure(): boolean {
    return this.#connection.isSecure;
  }

  get peerCertificate(): PeerCertificate | undefined {
    return this.#connection.transport.peerCertificate;
  }

  get closed(): Promise<CloseReason> {
    return this.#connection.life.closed;
  }

  shutdown(): void {
    this.#connection.retire(0);
  }

  close(): void {
    this.#connection.close();
  }
}

/**
 * What a tunnel calls on its connection.
 */
import type { CloseReason, DetachedSocket } from "../api/transport.ts";
import type { ConnectionWriter } from "./connection_writer.ts";
import type { ProtocolHost } from "./protocol_host.ts";
import type { SerializedTransport } from "./serialized_transport.ts";
import type { TunnelPort } from "./tunnel.ts";

/** The connection. */
export interface TunnelledConnection extends ProtocolHost {
  readonly transport: SerializedTransport;
  /** Closes at once; `abruptly`: the peer should see a failure. */
  closeNow(reason: CloseReason, error: unknown, abruptly?: boolean): void;
}

/** The port of a connection's tunnel. */
export class ConnectionTunnelPort implements TunnelPort {
  readonly out: ConnectionWriter;
  readonly #connection: TunnelledConnection;

  /** For a tunnel through `connection`. */
  constructor(connection: TunnelledConnection) {
    this.#connection = connection;
    this.out = connection.out;
  }

  spendTurn(): boolean {
    return this.#connection.spendTurn();
  }

  tunnelWanted(): void {
    this.#connection.resumeProcessing();
  }

  tunnelEnded(): void {
    this.out.end();
    this.#connection.resumeProcessing();
  }

  tunnelAborted(reason: unknown): void {
    this.#connection.closeNow("upgraded", reason, true);
  }

  detach(): DetachedSocket | undefined {
    this.out.flush();
    const socket = this.#connection.transport.detach();
    // What the socket has not sent is up to its new owner, who may write more before that is sent.
    if (socket !== undefined) this.out.detached();
    return socket;
  }
}

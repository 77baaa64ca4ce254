/**
 * What a connection begins with: the PROXY header of a proxy in front, and, where there is a choice of protocols, the
 * octets that tell which one the client speaks. Both count as part of the first request's head (`headerTimeout`).
 */
import { ProtocolError } from "../api/errors.ts";
import type { CloseReason } from "../api/transport.ts";
import { NEED_MORE } from "../wire/bytes.ts";
import { type Endpoints, tryReadProxyHeader } from "../wire/proxy_header.ts";
import type { Input } from "./connection_monitor.ts";
import type { ProtocolConnection } from "./protocol.ts";
import { chooseProtocol, type Protocols } from "./protocol_choice.ts";
import type { ProtocolHost } from "./protocol_host.ts";
import type { SerializedTransport } from "./serialized_transport.ts";

/** The connection. */
export interface OpeningConnection extends ProtocolHost {
  readonly transport: SerializedTransport;
  /** What it may speak. */
  readonly protocols: Protocols;
  /** What it speaks. */
  protocol: ProtocolConnection;
  /** What takes the received bytes. */
  input: Input;
  /** Its addresses. */
  endpoints: Endpoints;
  /** Tells the client that nothing of what it sends is served, and closes. */
  refuseClient(error: ProtocolError, reason: CloseReason): void;
}

/** What is read first of `connection`. */
export function firstInput(connection: OpeningConnection): Input {
  const isProxy = connection.engine.proxyPeers?.has(connection.endpoints.remoteAddr);
  return isProxy ? "proxy-header" : inputBehindProxy(connection);
}

/**
 * Tells the client, whose first request may be on its way or lie unread in the socket, that there is no room for it, and
 * closes. Where it has not told what it speaks, HTTP/1.1 is what most do.
 */
export function turnAway(connection: OpeningConnection, reason: "rejected" | "evicted"): void {
  const { input, protocols: { alternative }, transport: { alpnProtocol } } = connection;
  if (alternative && input !== "protocol" && (alternative.isOnly || alpnProtocol === alternative.alpn)) {
    connection.protocol = alternative.connect(connection) ?? connection.protocol;
  }
  const error = new ProtocolError("too_many_connections", 503, "there is no room for more connections");
  connection.refuseClient(error, reason);
}

function inputBehindProxy({ protocols }: OpeningConnection): Input {
  return protocols.alternative === null ? "protocol" : "preface";
}

/** Reads what `connection` begins with from `bytes[start, end)`; answers where it stopped, or `NEED_MORE`. */
export function readOpening(
  connection: OpeningConnection,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  return connection.input === "proxy-header"
    ? readProxyHeader(connection, bytes, start, end)
    : readPreface(connection, bytes, start, end);
}

function readProxyHeader(
  connection: OpeningConnection,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const header = tryReadProxyHeader(bytes, start, end);
  if (header === NEED_MORE) return NEED_MORE;
  if (header instanceof ProtocolError) {
    // A proxy expects no response to its header, and what else comes there may not be HTTP.
    connection.closeNow("protocol_error", header);
    connection.engine.observer.requestRefused(header, connection);
    return end;
  }
  connection.endpoints = header.endpoints ?? connection.endpoints;
  connection.input = inputBehindProxy(connection);
  return start + header.length;
}

function readPreface(connection: OpeningConnection, bytes: Uint8Array, start: number, end: number): number {
  const { protocols: { alternative }, transport: { alpnProtocol } } = connection;
  const choice = chooseProtocol(alternative!, connection, alpnProtocol, bytes, start, end);
  if (choice === NEED_MORE) return NEED_MORE;
  if (choice instanceof ProtocolError) {
    connection.refuseClient(choice, "protocol_error");
    return end;
  }
  connection.protocol = choice.protocol ?? connection.protocol;
  connection.input = "protocol";
  return start + choice.length;
}

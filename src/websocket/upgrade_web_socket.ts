/**
 * Opens a WebSocket in answer to a request.
 */
import type { Exchange } from "../api/exchange.ts";
import type { FetchInfo } from "../api/fetch.ts";
import { originOf } from "../core/request_origin.ts";
import { FastResponse } from "../fetch/fast_response.ts";
import { urlOf } from "../fetch/url.ts";
import { exchangeOf, type Handle } from "./exchange_of.ts";
import type { Accept } from "./frames.ts";
import { chooseProtocol, type Refusal, refusalOf } from "./handshake.ts";
import { readOptions, type UpgradeWebSocketOptions } from "./options.ts";
import { ServerWebSocket } from "./server_web_socket.ts";

/** A WebSocket, and the response that opens it. */
export interface WebSocketUpgrade {
  /** The WebSocket, which opens in a moment: add listeners at once. */
  readonly socket: WebSocket;
  /** What a `fetch` handler is to return. An `exchange` handler is answered for already. */
  readonly response: Response;
}

/** `upgradeWebSocket()`. */
export type UpgradeWebSocket = (
  handle: Request | FetchInfo | Exchange,
  options?: UpgradeWebSocketOptions,
) => WebSocketUpgrade;

/** The fields of the handshake that `accept` answers; the others were checked before. */
const PASSED_ON = ["sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions"];

/** Makes `upgradeWebSocket()`, with `accept` for the protocol on the wire. */
export function upgradeBy(accept: Accept): UpgradeWebSocket {
  return (handle: Handle, options: UpgradeWebSocketOptions = {}): WebSocketUpgrade => {
    const { settings, protocols } = readOptions(options);
    const { x, call } = exchangeOf(handle);
    const { head, port } = x;
    const { draining } = port;
    const { scheme, authority } = originOf(port, head);
    const url = urlOf(scheme === "https" ? "wss" : "ws", authority, head.fields, head.target);
    const onError = (error: unknown): void => port.handlerFailed(error);

    const refusal = refusalOf(head, !x.body.complete);
    if (refusal !== null) {
      const socket = new ServerWebSocket(url, "", onError, (driver) => driver.refuse());
      if (call === null) x.respond(refusal.status, refusal.fields, refusal.text);
      return { socket: asWebSocket(socket), response: responseOf(refusal) };
    }

    const protocol = chooseProtocol(head.fields, protocols);
    const fields: Record<string, string> = { upgrade: "websocket" };
    for (const name of PASSED_ON) {
      const value = head.fields.get(name);
      if (value !== null) fields[name] = value;
    }
    const { target } = head;
    const upgraded = (call ?? x).upgrade({ silent: true });
    const socket = new ServerWebSocket(url, protocol ?? "", onError, (driver) => {
      const frames = accept({ target, fields, protocol }, upgraded, settings, driver);
      if (frames === null) driver.refuse();
      else driver.connect(frames, settings.idleTimeout * 1000, draining);
    });
    return { socket: asWebSocket(socket), response: new FastResponse(null, { status: 204 }) };
  };
}

function asWebSocket(socket: ServerWebSocket): WebSocket {
  return socket as unknown as WebSocket;
}

function responseOf({ status, fields, text }: Refusal): Response {
  return new FastResponse(text, { status, headers: { ...fields } });
}

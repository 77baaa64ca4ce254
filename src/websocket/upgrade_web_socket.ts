/**
 * Opens a WebSocket in answer to a request.
 */
import type { Exchange } from "../api/exchange.ts";
import type { FetchInfo } from "../api/fetch.ts";
import type { RequestFields } from "../core/protocol.ts";
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
/** What `accept` gets of a stream of HTTP/2, which has no key, and is answered here; so without extensions. */
const OF_STREAM = { "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==", "sec-websocket-version": "13" };

/** Makes `upgradeWebSocket()`, with `accept` for the protocol on the wire. */
export function upgradeBy(accept: Accept): UpgradeWebSocket {
  return (handle: Handle, options: UpgradeWebSocketOptions = {}): WebSocketUpgrade => {
    const { settings, protocols } = readOptions(options);
    const { x, call } = exchangeOf(handle);
    const { head } = x;
    const connection = x.port.lasting;
    const { draining } = connection;
    const { scheme, authority } = originOf(connection, head);
    const url = urlOf(scheme === "https" ? "wss" : "ws", authority, head.fields, head.target);
    const onError = (error: unknown): void => connection.handlerFailed(error);

    const refusal = refusalOf(head, !x.body.complete);
    if (refusal !== null) {
      const socket = new ServerWebSocket(url, "", onError, (driver) => driver.refuse());
      if (call === null) x.respond(refusal.status, refusal.fields, refusal.text);
      return { socket: asWebSocket(socket), response: responseOf(refusal) };
    }

    const protocol = chooseProtocol(head.fields, protocols);
    const { target } = head;
    const isAnswered = head.httpVersion === "2";
    const fields = { upgrade: "websocket", ...isAnswered ? OF_STREAM : passedOn(head.fields) };
    const answer = protocol === undefined ? {} : { "sec-websocket-protocol": protocol };
    const upgraded = (call ?? x).upgrade(isAnswered ? { fields: answer } : { silent: true });
    const socket = new ServerWebSocket(url, protocol ?? "", onError, (driver) => {
      const frames = accept({ target, fields, protocol, isAnswered }, upgraded, settings, driver);
      if (frames === null) driver.refuse();
      else driver.connect(frames, settings.idleTimeout * 1000, draining);
    });
    return { socket: asWebSocket(socket), response: new FastResponse(null, { status: 204 }) };
  };
}

function passedOn(fields: RequestFields): Record<string, string> {
  const values: Record<string, string> = {};
  for (const name of PASSED_ON) {
    const value = fields.get(name);
    if (value !== null) values[name] = value;
  }
  return values;
}

function asWebSocket(socket: ServerWebSocket): WebSocket {
  return socket as unknown as WebSocket;
}

function responseOf({ status, fields, text }: Refusal): Response {
  return new FastResponse(text, { status, headers: { ...fields } });
}

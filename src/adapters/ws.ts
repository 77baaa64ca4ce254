/**
 * WebSocket frames by the `ws` package; Bun has its own. The package answers the handshake, too.
 */
import type { Bytes } from "../api/bytes.ts";
import { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { type WebSocket as WsSocket, WebSocketServer } from "ws";
import type { Upgraded } from "../api/exchange.ts";
import type { FrameListener, Frames, Handshake } from "../websocket/frames.ts";
import type { WebSocketSettings } from "../websocket/options.ts";
import { TunnelDuplex } from "./tunnel_duplex.ts";

const NOTHING = Buffer.alloc(0);

/** Answers the handshake, and makes the frames. */
export function acceptByWs(
  { target, fields, protocol, isAnswered }: Handshake,
  upgraded: Upgraded,
  { maxPayload, perMessageDeflate }: WebSocketSettings,
  listener: FrameListener,
): Frames | null {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload,
    perMessageDeflate: perMessageDeflate as boolean,
  });
  let frames: WsFrames | null = null;
  // `ws` answers in any case, with one write: it is dropped where there was an answer.
  const stream = new TunnelDuplex(upgraded, isAnswered ? 1 : 0, {
    heard: () => listener.heard(),
    get unwritten() {
      return listener.queued() + (frames?.unwritten ?? 0);
    },
  });
  const headers = protocol === undefined ? fields : { ...fields, "sec-websocket-protocol": protocol };
  // The part of a request that `ws` reads. Bytes behind its head come out of the stream.
  const request = { method: "GET", url: target, headers } as unknown as IncomingMessage;
  server.handleUpgrade(request, stream, NOTHING, (socket) => frames = new WsFrames(socket, stream, listener));
  if (frames === null) stream.start(); // it refuses: the stream ends once the client has
  return frames;
}

/** The frames of one connection. */
class WsFrames implements Frames {
  readonly #socket: WsSocket;
  readonly #stream: TunnelDuplex;

  constructor(socket: WsSocket, stream: TunnelDuplex, listener: FrameListener) {
    this.#socket = socket;
    this.#stream = stream;
    stream.countFromNow(); // the answer to the handshake is no message
    socket.binaryType = "arraybuffer";
    socket.on("message", (data, isBinary) => {
      listener.message(isBinary ? data as ArrayBuffer : String(data));
    });
    socket.on("error", (error) => listener.failed(error));
    socket.on("close", (code, reason) => listener.closed(code, String(reason)));
  }

  get extensions(): string {
    return this.#socket.extensions;
  }

  get bufferedAmount(): number {
    return this.unwritten + this.#stream.bufferedAmount;
  }

  get isBlocked(): boolean {
    return this.#stream.isBlocked;
  }

  /** Bytes that were sent and are not in the stream yet, while they are compressed. */
  get unwritten(): number {
    return Math.max(0, this.#socket.bufferedAmount - this.#stream.writableLength);
  }

  start(): void {
    this.#stream.start();
  }

  send(data: string | Bytes): void {
    this.#socket.send(data);
  }

  ping(): void {
    this.#socket.ping();
  }

  close(code?: number, reason?: string): void {
    this.#socket.close(code, reason);
  }

  terminate(): void {
    this.#socket.terminate();
  }
}

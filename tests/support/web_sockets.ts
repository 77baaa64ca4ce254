/**
 * WebSockets for tests: a server that keeps its sockets, frames byte by byte, and the clients that each runtime has.
 */
import ws from "ws";
import type { NetAddr, Server, ServerOptions } from "../../mod.ts";
import { serve } from "../../mod.ts";
import { upgradeWebSocket, type UpgradeWebSocketOptions } from "../../websocket.ts";
import { connectTcp } from "./byte_streams.ts";
import { concat, toBytes } from "./bytes.ts";
import { inTime } from "./deadline.ts";
import { WireClient } from "./wire_client.ts";

/** A server of WebSockets. */
export interface Opened extends AsyncDisposable {
  readonly server: Server;
  readonly port: number;
  /** What `onError` was told. */
  readonly errors: unknown[];
  /** `ws://…/` */
  readonly url: string;
}

/** Serves WebSockets on TCP; `use` gets each as soon as it is made. */
export async function serveWebSockets(
  use: (socket: WebSocket) => void,
  options: UpgradeWebSocketOptions = {},
  serverOptions: Partial<Omit<ServerOptions, "fetch" | "exchange">> = {},
): Promise<Opened> {
  const errors: unknown[] = [];
  const server = await serve({
    onError: (error) => void errors.push(error),
    ...serverOptions,
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      const { socket, response } = upgradeWebSocket(request, options);
      use(socket);
      return response;
    },
  });
  const { port } = server.addr as NetAddr;
  return {
    server,
    port,
    errors,
    url: `ws://127.0.0.1:${port}/`,
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** Sends back whatever comes. */
export function echo(socket: WebSocket): void {
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => socket.send(data);
}

/** A request that opens a WebSocket, with these lines instead or in addition; `undefined` leaves one out. */
export function handshake(lines: Record<string, string | undefined> = {}, start = "GET / HTTP/1.1"): string {
  const all: Record<string, string | undefined> = {
    host: "a.example",
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    ...lines,
  };
  const given = Object.entries(all).filter(([, value]) => value !== undefined);
  return `${start}\r\n${given.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}

/** What `Sec-WebSocket-Accept` is then (RFC 6455 §1.3). */
export const ACCEPTED = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/** Opcodes (RFC 6455 §11.8). */
export const CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10;

/** A frame as it is written. */
export interface Frame {
  readonly opcode: number;
  readonly payload?: string | Uint8Array;
  readonly fin?: boolean;
  /** The three reserved bits. */
  readonly rsv?: number;
  readonly masked?: boolean;
}

/** A client's frame. */
export function frame({ opcode, payload = "", fin = true, rsv = 0, masked = true }: Frame): Uint8Array {
  const content = toBytes(payload);
  const { length } = content;
  const size = length < 126 ? [length] : length < 65_536 ? [126, length >> 8, length & 255] : [
    127,
    ...[0, 0, 0, 0],
    ...[24, 16, 8, 0].map((shift) => (length >>> shift) & 255),
  ];
  const head = [(fin ? 0x80 : 0) | rsv << 4 | opcode, (masked ? 0x80 : 0) | size[0], ...size.slice(1)];
  if (!masked) return concat([Uint8Array.from(head), content]);
  const mask = [0x12, 0x34, 0x56, 0x78];
  return concat([Uint8Array.from([...head, ...mask]), content.map((byte, i) => byte ^ mask[i & 3])]);
}

/** The payload of a close frame. */
export function closing(code: number, reason = ""): Uint8Array {
  return concat([Uint8Array.of(code >> 8, code & 255), reason]);
}

/** A client that writes frames itself. */
export class FrameClient extends WireClient {
  /** Connects, and has the handshake answered. */
  static async open(port: number, lines: Record<string, string | undefined> = {}): Promise<FrameClient> {
    const client = new FrameClient(await connectTcp(port));
    await client.send(handshake(lines));
    const head = await client.readUntil("\r\n\r\n");
    if (!head.startsWith("HTTP/1.1 101 ")) throw new Error(head);
    return client;
  }

  /** Writes frames, in one piece. */
  async sendFrames(...frames: Frame[]): Promise<void> {
    await this.send(concat(frames.map(frame)));
  }

  /** The server's next frame. */
  async frame(): Promise<{ opcode: number; fin: boolean; rsv: number; payload: Uint8Array; text: string }> {
    const [first, second] = await this.readBytes(2);
    if (second & 0x80) throw new Error("a server masks nothing (RFC 6455 §5.1)");
    let length = second;
    if (second >= 126) {
      const size = await this.readBytes(second === 126 ? 2 : 8);
      length = size.reduce((sum, byte) => sum * 256 + byte, 0);
    }
    const payload = await this.readBytes(length);
    const text = new TextDecoder().decode(payload);
    return { opcode: first & 15, fin: first >= 0x80, rsv: first >> 4 & 7, payload, text };
  }

  /** The code of the close frame that comes next. */
  async closeCode(): Promise<number> {
    const { opcode, payload } = await this.frame();
    if (opcode !== CLOSE) throw new Error(`a frame of opcode ${opcode}, not a close`);
    return payload.length < 2 ? 1005 : payload[0] * 256 + payload[1];
  }
}

/** The clients of WebSockets that there are here. */
export const CLIENTS: Record<string, (url: string, protocols?: string[]) => WebSocket> = {
  "the ws package": (url, protocols) => new ws(url, protocols) as unknown as WebSocket,
  ..."WebSocket" in globalThis &&
    {
      "the platform": (url: string, protocols?: string[]) => new WebSocket(url, protocols),
    },
};

/** Resolves with the next event of this type. */
export function next<K extends keyof WebSocketEventMap>(
  socket: WebSocket,
  type: K,
): Promise<WebSocketEventMap[K]> {
  const event = new Promise<WebSocketEventMap[K]>((resolve) => {
    const take = (event: WebSocketEventMap[K]): void => {
      socket.removeEventListener(type, take as EventListener);
      resolve(event);
    };
    socket.addEventListener(type, take as EventListener);
  });
  return inTime(event, `the next ${type}`);
}

/**
 * What a `WebSocket` needs of the one that speaks the protocol on the wire.
 */
import type { Bytes } from "../api/bytes.ts";
import type { Upgraded } from "../api/exchange.ts";
import type { WebSocketSettings } from "./options.ts";

/** Events of the connection. None comes before {@linkcode Frames.start}. */
export interface FrameListener {
  /** Bytes were received, of any frame. */
  heard(): void;
  /** Bytes of messages that wait behind a Blob whose bytes are being read. */
  queued(): number;
  /** A message was received. */
  message(data: string | ArrayBuffer): void;
  /** The peer broke the protocol, or a limit; `closed` follows. */
  failed(error: unknown): void;
  /** The connection is over: 1005 without a code, 1006 without a close frame. */
  closed(code: number, reason: string): void;
}

/** A connection's frames. */
export interface Frames {
  /** The extensions in use, as the `WebSocket` tells them. */
  readonly extensions: string;
  /** Bytes in this process that were sent and have not left it yet, with their framing. */
  readonly bufferedAmount: number;
  /** Whether nothing is read for now, since the peer does not take what was sent. */
  readonly isBlocked: boolean;
  /** Reads from now on. */
  start(): void;
  /** Sends a message; bytes may be sent uncopied. */
  send(data: string | Bytes): void;
  /** Sends a ping; its pong counts as received bytes. */
  ping(): void;
  /** Begins the closing handshake. */
  close(code?: number, reason?: string): void;
  /** Ends the connection at once. */
  terminate(): void;
}

/** A valid opening handshake. */
export interface Handshake {
  /** The request's target. */
  readonly target: string;
  /** The fields of the handshake, by their names in lower case. */
  readonly fields: Readonly<Record<string, string>>;
  /** The subprotocol to speak, if any. */
  readonly protocol: string | undefined;
  /** Whether its response was sent already. */
  readonly isAnswered: boolean;
}

/** Answers a handshake, and speaks WebSocket from then on; `null` where it was refused after all. */
export type Accept = (
  handshake: Handshake,
  upgraded: Upgraded,
  settings: WebSocketSettings,
  listener: FrameListener,
) => Frames | null;

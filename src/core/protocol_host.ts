/**
 * The connection as its protocol sees it: the other side of the seam of `protocol.ts`.
 */
import type { Upgraded } from "../api/exchange.ts";
import type { Timeouts } from "../api/timeouts.ts";
import type { CloseReason } from "../api/transport.ts";
import type { ConnectionWriter } from "./connection_writer.ts";
import type { Engine, ObservedConnection } from "./engine.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { PersistencePolicy } from "./persistence_policy.ts";
import type { ReadTimers } from "./read_timers.ts";
import type { ReceiveBuffer } from "./receive_buffer.ts";
import type { RequestTimeouts } from "./request_timeouts.ts";

/** What a protocol calls on its connection. */
export interface ProtocolHost extends ObservedConnection {
  /** What it shares with the server's other connections. */
  readonly engine: Engine;
  /** Its write side. */
  readonly out: ConnectionWriter;
  /** What was received and is not processed yet. */
  readonly received: ReceiveBuffer;
  /** Its state. */
  readonly life: Lifecycle;
  /** Whether it persists. */
  readonly policy: PersistencePolicy;
  /** The timeouts in force. */
  readonly timeouts: RequestTimeouts;
  /** The deadlines of its read side. */
  readonly timers: ReadTimers;
  /** Whether it is encrypted. */
  readonly isSecure: boolean;
  /** Aborts when it is retired. */
  readonly draining: AbortSignal;
  /** Whether the peer has half-closed. */
  readonly inputEnded: boolean;
  /** Whether it is processing received bytes, and goes on by itself. */
  readonly isProcessing: boolean;
  /** Whether it has used up its turn of the event loop. */
  readonly turnIsOver: boolean;
  /** Counts a unit of work; answers whether there may be another one in this turn of the event loop. */
  spendTurn(): boolean;
  /** Other timeouts apply to the request under way. */
  setTimeouts(timeouts: Timeouts): void;
  /** Something other than received bytes has changed what can be processed. */
  resumeProcessing(): void;
  /** A response that refuses the connection, or its request, was written. */
  refusalWritten(): void;
  /** The response that switches protocols was written. */
  openTunnel(): Upgraded;
  /** The exchange that has opened a tunnel is over. Answers whether there is one. */
  switchToTunnel(): boolean;
  /** Sends what is left, half-closes, and discards until the peer ends. */
  lingeringClose(reason: CloseReason): void;
  /** Closes at once; pending calls fail with `error`. */
  closeNow(reason: CloseReason, error: unknown): void;
}

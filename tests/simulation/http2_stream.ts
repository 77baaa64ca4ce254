/**
 * A stream as its client knows it.
 */
import type { StreamWay } from "./http2_plan.ts";
import type { Entry } from "./ledger.ts";

/** A response, as far as it has come. */
export interface SeenHead {
  readonly status: number;
  readonly fields: ReadonlyMap<string, string>;
}

/** One stream. */
export class ClientStream {
  readonly id: number;
  readonly entry: Entry;
  readonly way: StreamWay;
  /** Octets that the client, and the server, may still send. */
  sendWindow: number;
  receiveWindow: number;
  /** Octets that came and were not given back. */
  used = 0;
  /** How many SETTINGS were sent before it was opened: only later ones change its window. */
  readonly settingsSent: number;
  /** Whether its head has left. */
  isOpened = false;
  /** Whether END_STREAM was sent, and whether it has left. */
  sentEnd = false;
  /** Whether RST_STREAM was sent. */
  isReset = false;
  sawContinue = false;
  /** The head of the response, its body so far, and its end. */
  head: SeenHead | null = null;
  length = 0;
  trailers: ReadonlyMap<string, string> | null = null;
  sawEnd = false;
  /** The code of the server's RST_STREAM. */
  resetCode: number | null = null;

  constructor(
    id: number,
    entry: Entry,
    way: StreamWay,
    sendWindow: number,
    receiveWindow: number,
    settingsSent: number,
  ) {
    this.id = id;
    this.entry = entry;
    this.way = way;
    this.sendWindow = sendWindow;
    this.receiveWindow = receiveWindow;
    this.settingsSent = settingsSent;
  }

  /** Whether nothing more of the request may be sent. */
  get isStopped(): boolean {
    return this.sentEnd || this.isReset || this.resetCode !== null;
  }

  /** Whether nothing more of the response can come. */
  get isAnswered(): boolean {
    return this.sawEnd || this.isReset || this.resetCode !== null;
  }

  /** Whether it is closed. */
  get isOver(): boolean {
    return this.isStopped && this.isAnswered;
  }
}

/**
 * The windows that a client gives its server (RFC 9113 §5.2, §6.9): what SETTINGS say of them counts for the server once
 * it has acknowledged that.
 */
import { FIRST_WINDOW, frame, MAX_31, SETTING, TYPE, uint32 } from "./http2_frames.ts";
import type { Http2Ways, SettingsPlan } from "./http2_plan.ts";
import type { Http2Sender } from "./http2_sender.ts";
import type { ClientStream } from "./http2_stream.ts";

/** What SETTINGS say of streams' windows, or `null`. */
export function initialWindow(values: SettingsPlan): number | null {
  return values.findLast(([id]) => id === SETTING.initialWindowSize)?.[1] ?? null;
}

/** The windows of one client. */
export class OwnWindows {
  /** Octets of DATA that the server may still send on the connection. */
  connection: number = FIRST_WINDOW;
  /** The window of a stream that is opened now: its HEADERS come behind the SETTINGS that were sent. */
  stream: number = FIRST_WINDOW;
  /** How many SETTINGS were sent. */
  settingsSent = 0;
  readonly #ways: Http2Ways;
  readonly #sender: Http2Sender;
  /** Those that are not acknowledged, and how many are. */
  readonly #pending: SettingsPlan[] = [];
  #acknowledged = 0;
  #acknowledgedWindow: number = FIRST_WINDOW;
  /** Octets that came and were not given back. */
  #used = 0;

  constructor(ways: Http2Ways, sender: Http2Sender) {
    this.#ways = ways;
    this.#sender = sender;
  }

  /** SETTINGS are sent. */
  settingsAreSent(values: SettingsPlan): void {
    this.#pending.push(values);
    this.settingsSent++;
    this.stream = initialWindow(values) ?? this.stream;
  }

  /** The server has acknowledged SETTINGS: answers what they say, or `null` where there were none. */
  acknowledge(streams: readonly ClientStream[]): SettingsPlan | null {
    const values = this.#pending.shift();
    if (values === undefined) return null;
    const seen = this.#acknowledged++;
    const window = initialWindow(values) ?? this.#acknowledgedWindow;
    for (const stream of streams) {
      if (stream.settingsSent <= seen) stream.receiveWindow += window - this.#acknowledgedWindow;
    }
    this.#acknowledgedWindow = window;
    return values;
  }

  /** DATA of `length` octets came, to `stream`, or to one that is of no interest any more; answers what is wrong. */
  take(stream: ClientStream | undefined, length: number): string | null {
    this.connection -= length;
    this.#used += length;
    if (this.connection < 0) return "more DATA than the connection's window allows";
    if (stream === undefined) return null;
    stream.receiveWindow -= length;
    stream.used += length;
    return stream.receiveWindow < 0 && length > 0
      ? `more DATA to ${stream.entry.name} than its window allows`
      : null;
  }

  /** Gives back what was used of the windows, where that is enough. */
  give(stream: ClientStream | undefined): void {
    const { share } = this.#ways;
    if (stream !== undefined && (stream.receiveWindow <= 0 || stream.used >= share * this.stream)) {
      this.#giveStream(stream, stream.used);
    }
    if (this.connection <= 0 || this.#used >= share * FIRST_WINDOW) this.widen(this.#used);
  }

  /** Gives something, whatever was used. */
  giveSome(streams: readonly ClientStream[]): void {
    for (const stream of streams) this.#giveStream(stream, Math.max(stream.used, 1_000));
    this.widen(Math.max(this.#used, 1_000));
  }

  #giveStream(stream: ClientStream, count: number): void {
    if (stream.isAnswered || count === 0) return;
    stream.used = 0;
    stream.receiveWindow += count;
    this.#sender.write(frame(TYPE.windowUpdate, 0, stream.id, uint32(count)));
  }

  /** Widens the connection's window. */
  widen(wanted: number): void {
    const count = Math.min(wanted, MAX_31 - this.connection);
    if (count <= 0) return;
    this.#used = 0;
    this.connection += count;
    this.#sender.write(frame(TYPE.windowUpdate, 0, 0, uint32(count)));
  }
}

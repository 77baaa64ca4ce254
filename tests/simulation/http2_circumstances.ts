/**
 * What explains what a client of HTTP/2 gets: how it behaves, and what it has done wrong.
 */
import { CODE } from "./http2_frames.ts";
import { initialWindow, type OwnWindows } from "./http2_own_windows.ts";
import type { Circumstances } from "./http2_responses.ts";
import type { ClientStream } from "./http2_stream.ts";
import type { Violation } from "./http2_violations.ts";
import type { Entry } from "./ledger.ts";
import type { ClientPlan, Plan } from "./plan.ts";

/** The client. */
export interface ExplainedClient {
  readonly plan: ClientPlan;
  readonly asked: readonly Entry[];
  readonly streams: readonly ClientStream[];
  readonly windows: OwnWindows;
  readonly hasEnded: boolean;
  readonly hasErred: boolean;
}

/** More resets than this are a flood: the server has a budget, of which requests that fail take something, too. */
const FLOOD = 300;

/** The circumstances of one client. */
export class Http2Circumstances implements Circumstances {
  readonly maxBodyBytes: number;
  /** The largest window of a stream; that of the connection is twice as large. */
  readonly maxWindow: number;
  /** Whether it has reset streams, so many of them, or has not read for a while. */
  hasReset = false;
  hasFlooded = false;
  hasStopped = false;
  /** What it has done wrong, once that has left, and the stream where it was done. */
  violation: Violation | null = null;
  violated: ClientStream | null = null;
  readonly mayBeCutShort: boolean;
  readonly #client: ExplainedClient;
  readonly #maxStreams: number;
  /** Whether the server may have no room for it. */
  readonly #mayBeTurnedAway: boolean;
  /** The most streams, or running handlers, that there were. */
  #mostBusy = 0;

  constructor(client: ExplainedClient, { options, http2 }: Plan) {
    this.#client = client;
    const given = new Map<string, unknown>([...options, ...http2 ?? []]);
    const option = (name: string, usual: number): number => Number(given.get(name) ?? usual);
    this.maxBodyBytes = option("maxBodyBytes", 0);
    this.maxWindow = Math.max(65_535, option("maxWindowSize", 2 ** 21), option("initialWindowSize", 0));
    // Until it has acknowledged SETTINGS, the server may think that it has larger windows than it has.
    const hasOtherWindows = client.plan.http2!.acks !== 0;
    this.mayBeCutShort = given.has("requestTimeout") || given.has("minBodyRate") || hasOtherWindows;
    this.#maxStreams = option("maxConcurrentStreams", 100);
    this.#mayBeTurnedAway = given.has("maxConnections");
  }

  /** Notes how much is under way. */
  countBusy(): void {
    const { streams, asked } = this.#client;
    const open = streams.filter(({ isOver }) => !isOver).length;
    const running = asked.filter(({ isRunning }) => isRunning).length;
    this.#mostBusy = Math.max(this.#mostBusy, open, running);
  }

  /** Notes that so many streams are reset. */
  countResets(count: number): void {
    this.hasReset = true;
    this.hasFlooded ||= count > FLOOD;
  }

  get mayBeRefused(): boolean {
    if (this.#mostBusy >= this.#maxStreams) return true;
    return this.#client.asked.length > this.#maxStreams && (this.hasReset || this.hasStopped);
  }

  get isSlow(): boolean {
    const { plan: { transport, http2, steps }, hasEnded, hasErred, windows } = this.#client;
    const { latency, room, drainDelay, faults } = transport;
    const { gives, gap, settings } = http2!;
    return this.hasStopped || hasEnded || hasErred || gives !== 0 || gap > 0 || latency > 0 ||
      drainDelay > 0 ||
      room < 1_000_000 || faults.length > 0 || windows.connection <= 0 || initialWindow(settings) !== null ||
      steps.some((step) => step.do === "settings");
  }

  /** Whether it may not have acknowledged SETTINGS in time. */
  get mayBeLate(): boolean {
    return this.#client.plan.http2!.acks !== 0 || this.isSlow;
  }

  codesOf(stream: ClientStream): readonly number[] {
    const { violation } = this;
    const isOfStream = violation !== null && (violation.mayBeOfStream || this.violated === stream);
    return isOfStream ? violation.codes : [];
  }

  /** Whether a GOAWAY with this code has a reason. */
  explains(code: number): boolean {
    const { hasErred, hasEnded, plan } = this.#client;
    if (code === CODE.settingsTimeout) return this.mayBeLate;
    if (code === CODE.enhanceYourCalm) {
      if (this.hasFlooded || plan.http2!.gap > 0 || hasEnded || this.#mayBeTurnedAway) return true;
    }
    return hasErred && (this.violation === null || this.violation.codes.includes(code));
  }
}

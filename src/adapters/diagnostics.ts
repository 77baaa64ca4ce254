/**
 * Publishes requests by `node:diagnostics_channel`, which each runtime has built in. Not by the names of Node's own server
 * (`http.server.request.start` and so on): who subscribes to those expects its objects.
 */
import type { Channel, channel } from "node:diagnostics_channel";
import type { TracedRequest } from "../api/diagnostics.ts";
import type { Tracer } from "../core/request_trace.ts";

const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };
const diagnostics = process?.getBuiltinModule?.("node:diagnostics_channel") as
  | { channel: typeof channel }
  | undefined;

/** A start and an end of each request. */
class ChannelTracer implements Tracer {
  readonly #start: Channel;
  readonly #end: Channel;

  constructor(make: typeof channel) {
    this.#start = make("mooring.request.start");
    this.#end = make("mooring.request.end");
  }

  get isObserved(): boolean {
    return this.#start.hasSubscribers || this.#end.hasSubscribers;
  }

  start(request: TracedRequest, run: () => void): void {
    // It publishes, too.
    this.#start.runStores(request, run);
  }

  end(request: TracedRequest): void {
    this.#end.publish(request);
  }
}

/** Publishes on two channels; `null` where the runtime has none. */
export const tracer: Tracer | null = diagnostics === undefined
  ? null
  : new ChannelTracer(diagnostics.channel);

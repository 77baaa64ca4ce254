/**
 * Publishes requests by `node:diagnostics_channel`, which each runtime has built in. Not by the names of Node's own server
 * (`http.server.request.start` and so on): who subscribes to those expects its objects.
 */
import diagnostics, { type Channel } from "node:diagnostics_channel";
import type { TracedRequest } from "../api/diagnostics.ts";
import type { Tracer } from "../core/request_trace.ts";

/** A start and an end of each request. */
class ChannelTracer implements Tracer {
  readonly #start: Channel = diagnostics.channel("mooring.request.start");
  readonly #end: Channel = diagnostics.channel("mooring.request.end");

  get isObserved(): boolean {
    return this.#start.hasSubscribers || this.#end.hasSubscribers;
  }

  start<T>(request: TracedRequest, run: () => T): T {
    // It publishes, too.
    return this.#start.runStores(request, run);
  }

  end(request: TracedRequest): void {
    this.#end.publish(request);
  }
}

/** Publishes on two channels. */
export const tracer: Tracer = new ChannelTracer();

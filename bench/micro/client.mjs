// The slimmest client there is: it sends bytes, counts those that come, and ends. No socket, so that what is measured
// is the engine's.

import { SinkTransport } from "../../tests/support/sink_transport.ts";

export class Client extends SinkTransport {
  #events;

  start(events) {
    super.start(events);
    this.#events = events;
  }

  /** Sends the end, and nothing after it. */
  hangUp() {
    this.#events.receiveEnd();
  }
}

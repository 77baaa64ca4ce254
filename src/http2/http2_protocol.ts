/**
 * HTTP/2 for one server: what its connections share.
 */
import { DateField } from "../core/date_field.ts";
import type { Engine } from "../core/engine.ts";
import type { ProtocolHost } from "../core/protocol_host.ts";
import { Http2Connection } from "./http2_connection.ts";
import { dateField } from "./response_block.ts";

/** The HTTP/2 of one server. */
export class Http2Protocol {
  readonly #engine: Engine;
  readonly #date: DateField = new DateField(dateField);
  readonly #calendar: () => number;
  readonly #dateField = (): Uint8Array => this.#date.at(this.#engine.now, this.#calendar);

  /** For the connections of `engine`. */
  constructor(engine: Engine) {
    this.#engine = engine;
    this.#calendar = () => engine.clock.calendar();
  }

  /** Speaks HTTP/2 on a connection whose client has sent the preface. */
  connect(connection: ProtocolHost): Http2Connection {
    return new Http2Connection(connection, this.#dateField);
  }
}

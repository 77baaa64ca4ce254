/**
 * HTTP/2 for one server: what its connections share.
 */
import { currentDate } from "../core/date_field.ts";
import type { Engine } from "../core/engine.ts";
import type { ProtocolHost } from "../core/protocol_host.ts";
import { Http2Connection } from "./http2_connection.ts";
import { dateField } from "./response_block.ts";

/** The HTTP/2 of one server. */
export class Http2Protocol {
  readonly #dateField: () => Uint8Array;

  /** For the connections of `engine`. */
  constructor(engine: Engine) {
    this.#dateField = currentDate(engine, dateField);
  }

  /** Speaks HTTP/2 on a connection whose client has sent the preface. */
  connect(connection: ProtocolHost): Http2Connection {
    return new Http2Connection(connection, this.#dateField);
  }
}

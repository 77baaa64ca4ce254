/**
 * HTTP/1.1 for one server: what its connections share.
 */
import { DateField } from "../core/date_field.ts";
import type { Engine } from "../core/engine.ts";
import type { ProtocolHost } from "../core/protocol_host.ts";
import { Http1Connection } from "./http1_connection.ts";
import { PersistenceFields } from "./persistence_fields.ts";

/** The HTTP/1.1 of one server. */
export class Http1Protocol {
  readonly #engine: Engine;
  readonly #persistenceFields: PersistenceFields;
  readonly #date = new DateField(dateLine);
  readonly #calendar: () => number;
  readonly #dateLine = (): Uint8Array => this.#date.at(this.#engine.now, this.#calendar);

  /** For the connections of `engine`. */
  constructor(engine: Engine) {
    this.#engine = engine;
    this.#persistenceFields = new PersistenceFields(engine.settings);
    this.#calendar = () => engine.clock.calendar();
  }

  /** Speaks HTTP/1.1 on a connection. */
  readonly connect = (connection: ProtocolHost): Http1Connection =>
    new Http1Connection(connection, this.#persistenceFields, this.#dateLine);
}

const encoder = new TextEncoder();

function dateLine(date: string): Uint8Array {
  return encoder.encode(`date: ${date}\r\n`);
}

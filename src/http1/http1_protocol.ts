/**
 * HTTP/1.1 for one server: what its connections share.
 */
import { currentDate } from "../core/date_field.ts";
import type { Engine } from "../core/engine.ts";
import type { ProtocolHost } from "../core/protocol_host.ts";
import { Http1Connection } from "./http1_connection.ts";
import { PersistenceFields } from "./persistence_fields.ts";

/** The HTTP/1.1 of one server. */
export class Http1Protocol {
  readonly #persistenceFields: PersistenceFields;
  readonly #dateLine: () => Uint8Array;

  /** For the connections of `engine`. */
  constructor(engine: Engine) {
    this.#persistenceFields = new PersistenceFields(engine.settings);
    this.#dateLine = currentDate(engine, dateLine);
  }

  /** Speaks HTTP/1.1 on a connection. */
  readonly connect = (connection: ProtocolHost): Http1Connection =>
    new Http1Connection(connection, this.#persistenceFields, this.#dateLine);
}

const encoder = new TextEncoder();

function dateLine(date: string): Uint8Array {
  return encoder.encode(`date: ${date}\r\n`);
}

/**
 * What a response needs of its connection.
 */
import type { ConnectionWriter } from "../core/connection_writer.ts";
import type { ByteWriter } from "../wire/byte_writer.ts";
import type { RequestHead } from "./request_head.ts";

/** The connection, as its response knows it. */
export interface ResponsePort {
  /** The head of the request. */
  readonly head: RequestHead;
  /** Where the response is written. */
  readonly out: ConnectionWriter;
  /**
   * Ends the head: Date, unless the handler has given it (`isDated`), the persistence fields, and the empty line. `mustClose`: the
   * connection cannot persist. `isWhole`: the body follows at once.
   */
  endHead(out: ByteWriter, isDated: boolean, mustClose: boolean, isWhole: boolean): void;
  /** `date: …` CRLF, now. */
  dateLine(): Uint8Array;
  /** The response is complete. */
  responseComplete(): void;
  /** The response cannot be completed: the connection ends, visibly. */
  responseBroken(): void;
}

/**
 * What users hold of a tunnel: the documented members and no others.
 */
import type { Bytes } from "../api/bytes.ts";
import type { Upgraded } from "../api/exchange.ts";

/** The streams of an upgraded connection, or its socket. */
export class TunnelFacade implements Upgraded {
  readonly #tunnel: Upgraded;

  /** A facade of `tunnel`. */
  constructor(tunnel: Upgraded) {
    this.#tunnel = tunnel;
  }

  get readable(): ReadableStream<Bytes> {
    return this.#tunnel.readable;
  }

  get writable(): WritableStream<Uint8Array> {
    return this.#tunnel.writable;
  }

  get socket(): unknown {
    return this.#tunnel.socket;
  }

  get bufferedAmount(): number {
    return this.#tunnel.bufferedAmount;
  }
}

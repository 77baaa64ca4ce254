/**
 * The protocols of one server. HTTP/2 is loaded when a server is made that speaks it: others do not pay for it.
 */
import type { Engine } from "../core/engine.ts";
import type { ProtocolConnection } from "../core/protocol.ts";
import type { AlternativeProtocol, Protocols } from "../core/protocol_choice.ts";
import type { ProtocolHost } from "../core/protocol_host.ts";
import { Http1Protocol } from "../http1/http1_protocol.ts";
import type { Http2Protocol } from "../http2/http2_protocol.ts";

/** What a client sends first that speaks HTTP/2 (RFC 9113 §3.4). */
const PREFACE = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** HTTP/1.1, and HTTP/2 where the options say so. */
export class ServerProtocols implements Protocols {
  readonly alternative: LazyHttp2 | null;
  readonly #http1: Http1Protocol;

  /** For the connections of `engine`. */
  constructor(engine: Engine) {
    this.#http1 = new Http1Protocol(engine);
    this.alternative = engine.settings.http2 === null ? null : new LazyHttp2(engine);
  }

  /** Resolves when all of them are loaded. */
  get loaded(): Promise<void> {
    return this.alternative?.loaded ?? Promise.resolve();
  }

  connect(connection: ProtocolHost): ProtocolConnection {
    return this.#http1.connect(connection);
  }
}

/** HTTP/2, which is being loaded at first. */
class LazyHttp2 implements AlternativeProtocol {
  readonly preface: Uint8Array = PREFACE;
  readonly alpn = "h2";
  readonly isOnly: boolean;
  /** Resolves when it is loaded. */
  readonly loaded: Promise<void>;
  #protocol: Http2Protocol | null = null;

  constructor(engine: Engine) {
    this.isOnly = !engine.settings.http1;
    this.loaded = import("../http2/http2_protocol.ts").then(({ Http2Protocol }) => {
      this.#protocol = new Http2Protocol(engine);
    });
    this.loaded.catch(() => {}); // listen() tells
  }

  connect(connection: ProtocolHost): ProtocolConnection | null {
    if (this.#protocol !== null) return this.#protocol.connect(connection);
    this.loaded.then(
      () => connection.resumeProcessing(),
      (error) => connection.closeNow("protocol_error", error),
    );
    return null;
  }
}

/**
 * What fetch handlers get as `info`: the documented members and no others.
 */
import type { Fields, HttpVersion, Upgraded, UpgradeOptions } from "../api/exchange.ts";
import type { FetchInfo } from "../api/fetch.ts";
import type { Timeouts } from "../api/timeouts.ts";
import type { Addr, Connection, PeerCertificate } from "../api/transport.ts";

/** Forwards to the call. */
export class FetchInfoFacade implements FetchInfo {
  readonly #call: FetchInfo;

  /** The `info` of `call`. */
  constructor(call: FetchInfo) {
    this.#call = call;
  }

  /** What `value` is a facade of, where it is one. */
  static callOf(value: object): FetchInfo | undefined {
    return #call in value ? value.#call : undefined;
  }

  get remoteAddr(): Addr | undefined {
    return this.#call.remoteAddr;
  }

  get httpVersion(): HttpVersion {
    return this.#call.httpVersion;
  }

  get connection(): Connection {
    return this.#call.connection;
  }

  get peerCertificate(): PeerCertificate | undefined {
    return this.#call.peerCertificate;
  }

  get completed(): Promise<void> {
    return this.#call.completed;
  }

  get draining(): AbortSignal {
    return this.#call.draining;
  }

  get trailers(): Headers {
    return this.#call.trailers;
  }

  sendTrailers(trailers: Fields | (() => Fields)): void {
    this.#call.sendTrailers(trailers);
  }

  earlyHints(fields: Fields): void {
    this.#call.earlyHints(fields);
  }

  upgrade(options?: UpgradeOptions): Upgraded & { readonly response: Response } {
    return this.#call.upgrade(options);
  }

  nativeRequest(): Request {
    return this.#call.nativeRequest();
  }

  setTimeouts(timeouts: Timeouts): void {
    this.#call.setTimeouts(timeouts);
  }
}

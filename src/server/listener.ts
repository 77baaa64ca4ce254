/**
 * What a server listens on, as the runtimes' adapters make it.
 */
import type { TlsOptions } from "../api/tls.ts";
import type { Addr, Transport } from "../api/transport.ts";
import type { ListenSettings } from "../options/listen_settings.ts";
import type { Settings } from "../options/settings.ts";

/** An open listener. */
export interface Listener {
  /** Where it listens. */
  readonly addr: Addr;
  /** Whether it speaks TLS. */
  readonly isSecure: boolean;
  /** Accepts no more; connections stay. Resolves, where it does not at once, when the address is free again. */
  close(): void | Promise<void>;
  /** Keeps the process alive, as it does at first. */
  ref?(): void;
  /** Does not keep the process alive. */
  unref?(): void;
  /**
   * Loads new certificates, where it speaks TLS; returns a function that installs them. Without `tls` the files of the
   * last options are read again.
   *
   * @throws {TypeError} where the server cannot change to `tls`
   * @throws {ListenError} where `tls` cannot be used
   */
  prepareTls?(tls?: TlsOptions): () => void;
}

/** Takes the transport of each connection. */
export type Accept = (transport: Transport) => void;

/** Opens a listener; calls `accept` with the transport of each connection. */
export type Listen = (settings: ListenSettings & Settings, accept: Accept) => Listener | Promise<Listener>;

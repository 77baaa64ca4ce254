/**
 * TLS on sockets of `Bun.listen`, by which `node:tls` of Bun speaks it, too: without that in between a response costs a
 * fraction.
 */
import type { TlsOptions } from "../api/tls.ts";
import { typeError } from "../options/option_error.ts";
import { type BunSocket, type BunSocketTransport, HANDLERS } from "./bun_socket.ts";
import { TlsAcceptor } from "./node_tls.ts";

/** As they go over the wire (RFC 7301 §3.1): each behind its length. */
function protocolNameList(names: readonly string[]): Uint8Array {
  return new TextEncoder().encode(names.map((name) => String.fromCharCode(name.length) + name).join(""));
}

/** The server's side of TLS, with a certificate that can be replaced. */
export class BunTlsAcceptor extends TlsAcceptor {
  readonly #alpnProtocols: Uint8Array;

  /** As that of `TlsAcceptor`. */
  constructor(options: TlsOptions, alpnProtocols: readonly string[]) {
    super(options, alpnProtocols);
    this.#alpnProtocols = protocolNameList(alpnProtocols);
  }

  override prepare(options?: TlsOptions): () => void {
    if (options?.serverNames !== undefined) {
      throw typeError(
        "tls.serverNames",
        'option "tls.serverNames" may be given to reloadTls() on Bun only where the server has had one from its start',
      );
    }
    return super.prepare(options);
  }

  /** Has `socket` speak TLS, and tell `transport` what comes of it. */
  readonly secure = (socket: BunSocket, transport: BunSocketTransport): BunSocket => {
    const { context: secureContext } = this.context as { readonly context?: unknown };
    const ALPNProtocols = this.#alpnProtocols;
    const tls = { secureContext, ALPNProtocols, requestCert: false, rejectUnauthorized: false };
    return socket.upgradeTLS({ isServer: true, data: transport, socket: HANDLERS, tls })[1];
  };
}

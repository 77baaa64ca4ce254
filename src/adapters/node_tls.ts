/**
 * TLS on sockets of `node:net`, made as each TCP connection is accepted: `tls.Server` would tell of a client
 * only when its handshake is over, and leave open what never gets there.
 */
import { typeError } from "../options/option_error.ts";
import type net from "node:net";
import { X509Certificate } from "node:crypto";
import tls from "node:tls";
import type { TlsOptions } from "../api/options.ts";
import { ALPN_PROTOCOLS, tlsError } from "../server/tls.ts";

/** The server's side of TLS, with a certificate that can be replaced. */
export class TlsAcceptor {
  /** Whether clients must have a certificate. */
  readonly #asksClients: boolean;
  /** What connections from now on are made with. */
  protected context: tls.SecureContext;

  /**
   * Speaks as `options` say.
   *
   * @throws {ListenError} where they are no good
   */
  constructor(options: TlsOptions) {
    this.#asksClients = options.ca !== undefined;
    this.context = secureContext(options);
  }

  /**
   * Another certificate, for connections from the call of what this answers on.
   *
   * @throws {TypeError} and {ListenError} where it cannot be used
   */
  prepare(options: TlsOptions): () => void {
    // Whether clients are asked for certificates is settled when the server starts.
    if ((options.ca !== undefined) !== this.#asksClients) {
      throw typeError(
        "tls.ca",
        'option "tls.ca" must be given to reloadTls() where the server has one, and only there',
      );
    }
    const context = secureContext(options);
    return () => {
      this.context = context;
    };
  }

  /** TLS over `raw`; emits `secure` when the handshake is done, and is destroyed where it fails. */
  accept(raw: net.Socket): tls.TLSSocket {
    const options: tls.TLSSocketOptions & { allowHalfOpen: boolean; pauseOnConnect: boolean } = {
      isServer: true,
      secureContext: this.context,
      ALPNProtocols: ALPN_PROTOCOLS,
      requestCert: this.#asksClients,
      rejectUnauthorized: this.#asksClients,
      allowHalfOpen: true,
      pauseOnConnect: true,
    };
    const socket = new tls.TLSSocket(raw, options);
    if (this.#asksClients) socket.prependOnceListener("secure", destroyUnlessVerified);
    return socket;
  }
}

/** What is used of the handle inside of a TLS socket. */
interface TlsHandle {
  verifyError(): Error | null | undefined;
}

/** Only `tls.Server` looks at the result of the verification by itself. */
function destroyUnlessVerified(this: tls.TLSSocket): void {
  if (this.authorized) return; // Bun has looked
  const { _handle } = this as unknown as { _handle: TlsHandle };
  const error = _handle.verifyError();
  if (error) this.destroy(error);
}

/** @throws {ListenError} */
function secureContext(options: TlsOptions): tls.SecureContext {
  const { key, cert, ca, passphrase } = options;
  try {
    // A context would take these, and refuse every client.
    for (const [pem] of text(ca ?? "").matchAll(CERTIFICATES)) new X509Certificate(pem);
    return tls.createSecureContext({
      key: text(key),
      cert: text(cert),
      ...ca !== undefined && { ca: text(ca) },
      ...passphrase !== undefined && { passphrase },
      honorCipherOrder: true,
      // Clients with a certificate could not resume a session without one.
      sessionIdContext: "mooring",
    });
  } catch (error) {
    throw tlsError(error);
  }
}

const CERTIFICATES = /-----BEGIN [^]*?-----END [^-]*-----/g;

const decoder = new TextDecoder();

function text(pem: string | Uint8Array): string {
  return typeof pem === "string" ? pem : decoder.decode(pem);
}

/**
 * TLS on sockets of `node:net`, made as each TCP connection is accepted: `tls.Server` would tell of a client
 * only when its handshake is over, and leave open what never gets there.
 */
import { typeError } from "../options/option_error.ts";
import type net from "node:net";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import tls from "node:tls";
import type { TlsOptions } from "../api/tls.ts";
import { forServerName, type LoadedCertificate, type LoadedTls, loadTls, tlsError } from "../server/tls.ts";
import { keepPeerCertificate } from "./peer_certificate.ts";

/** The server's side of TLS, with certificates that can be replaced. */
export class TlsAcceptor {
  readonly #alpnProtocols: readonly string[];
  #options: TlsOptions;
  /** What the next connection is accepted with. */
  #current: AcceptOptions;

  /**
   * Speaks as `options` say, and offers `alpnProtocols`.
   *
   * @throws {ListenError} where they are no good
   */
  constructor(options: TlsOptions, alpnProtocols: readonly string[]) {
    this.#alpnProtocols = alpnProtocols;
    this.#options = options;
    this.#current = acceptOptions(loadTls(options, readFileSync), alpnProtocols);
  }

  /**
   * Loads new certificates, or the same files again; the returned function applies them from then on.
   *
   * @throws {TypeError} and {ListenError} where they cannot be used
   */
  prepare(options: TlsOptions = this.#options): () => void {
    const loaded = loadTls(options, readFileSync);
    // Whether clients are asked for certificates is settled when the server starts.
    if ((loaded.ca !== undefined) !== this.#current.requestCert) {
      throw typeError(
        "tls.ca",
        'option "tls.ca" must be given to reloadTls() where the server has one, and only there',
      );
    }
    const current = acceptOptions(loaded, this.#alpnProtocols);
    return () => {
      this.#options = options;
      this.#current = current;
    };
  }

  /** What connections from now on are made with. */
  protected get context(): tls.SecureContext {
    return this.#current.secureContext;
  }

  /** TLS over `raw`; emits `secure` when the handshake is done, and is destroyed where it fails. */
  accept(raw: net.Socket): tls.TLSSocket {
    const { requestCert, rejectUnauthorized } = this.#current;
    const socket = new tls.TLSSocket(raw, this.#current);
    if (requestCert) socket.prependOnceListener("secure", () => verify(socket, rejectUnauthorized));
    return socket;
  }
}

interface AcceptOptions extends tls.TLSSocketOptions {
  readonly secureContext: tls.SecureContext;
  readonly requestCert: boolean;
  readonly rejectUnauthorized: boolean;
  readonly allowHalfOpen: boolean;
  readonly pauseOnConnect: boolean;
}

function acceptOptions(loaded: LoadedTls, alpnProtocols: readonly string[]): AcceptOptions {
  const { rejectUnauthorized, serverNames } = loaded;
  const ca = loaded.ca && checkAuthorities(loaded.ca);
  const contexts = new Map<string, tls.SecureContext>();
  for (const [name, certificate] of serverNames) contexts.set(name, secureContext(certificate, ca));
  return {
    isServer: true,
    secureContext: secureContext(loaded, ca),
    ALPNProtocols: [...alpnProtocols],
    requestCert: ca !== undefined,
    rejectUnauthorized: ca !== undefined && rejectUnauthorized,
    allowHalfOpen: true,
    pauseOnConnect: true,
    ...contexts.size > 0 && {
      SNICallback: (name, answer) => answer(null, forServerName(contexts, name)),
    },
  };
}

/** What is used of the handle inside of a TLS socket. */
interface TlsHandle {
  verifyError(): Error | null | undefined;
}

/** Only `tls.Server` looks at the result of the verification by itself. */
function verify(socket: tls.TLSSocket, rejectUnauthorized: boolean): void {
  const error = verifyError(socket);
  if (error && rejectUnauthorized) socket.destroy(error);
  else keepPeerCertificate(socket, !error);
}

/** Why the client's certificate is not to be trusted, also where it has none. */
function verifyError(socket: tls.TLSSocket): Error | null {
  if (socket.authorized) return null; // Bun has looked
  if (IS_BUN) return socket.authorizationError ?? new Error("the client's certificate was not verified");
  const { _handle } = socket as unknown as { readonly _handle: TlsHandle };
  return _handle.verifyError() ?? null;
}

const IS_BUN = "Bun" in globalThis;

/** The PEM of `ca`; throws a `ListenError` on what a context would take, to refuse every client. */
function checkAuthorities({ option, pem }: NonNullable<LoadedTls["ca"]>): string {
  try {
    for (const [certificate] of pem.matchAll(CERTIFICATES)) new X509Certificate(certificate);
    return pem;
  } catch (error) {
    throw tlsError(error, option);
  }
}

const CERTIFICATES = /-----BEGIN [^]*?-----END [^-]*-----/g;

/** @throws {ListenError} */
function secureContext(certificate: LoadedCertificate, ca: string | undefined): tls.SecureContext {
  const { option, key, cert, passphrase } = certificate;
  try {
    return tls.createSecureContext({
      key,
      cert,
      ...ca !== undefined && { ca },
      ...passphrase !== undefined && { passphrase },
      honorCipherOrder: true,
      // Clients with a certificate could not resume a session without one.
      sessionIdContext: "mooring",
    });
  } catch (error) {
    throw tlsError(error, option);
  }
}

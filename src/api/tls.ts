/**
 * Options of TLS. Types only.
 *
 * @module
 */

/** A private key and its certificate: each as PEM, or as the path of a file that holds it. */
export interface TlsCertificate {
  /** The private key, as PEM. */
  readonly key?: string | Uint8Array;
  /** The certificate, and those that lead up to its issuer, as PEM. */
  readonly cert?: string | Uint8Array;
  /** The path of a file with the private key, instead of `key`; read when the server listens, and by `reloadTls()`. */
  readonly keyFile?: string;
  /** The path of a file with the certificates, instead of `cert`; read likewise. */
  readonly certFile?: string;
  /** What decrypts the key, where it is encrypted. */
  readonly passphrase?: string;
}

/**
 * Certificates, and what goes with them.
 *
 * @example
 * ```ts
 * import { serve } from "@mooring/http";
 *
 * const server = await serve({
 *   port: 443,
 *   tls: {
 *     keyFile: "/etc/tls/a.example.key",
 *     certFile: "/etc/tls/a.example.pem",
 *     serverNames: {
 *       "*.b.example": { keyFile: "/etc/tls/b.example.key", certFile: "/etc/tls/b.example.pem" },
 *     },
 *   },
 *   fetch: () => new Response("hello"),
 * });
 * server.reloadTls(); // reads the files again
 * ```
 */
export interface TlsOptions extends TlsCertificate {
  /**
   * Certificates, as PEM, that clients' certificates must lead up to; asks for one, and refuses who has none. Not on
   * Deno.
   */
  readonly ca?: string | Uint8Array;
  /** The path of a file with them, instead of `ca`; read as `certFile` is. */
  readonly caFile?: string;
  /**
   * Goes with `ca`: `false` lets in clients without a certificate, or with one that does not lead up to `ca`: what they
   * may do is up to handlers, which look at {@linkcode FetchInfo.peerCertificate}.
   * @default true
   */
  readonly rejectUnauthorized?: boolean;
  /**
   * Certificates for clients that ask for a server of these names (SNI, RFC 6066 §3), whatever their case:
   * `"b.example"`, or `"*.b.example"` for all names that have one label in its place (RFC 9525 §6.3), which gives way
   * to a name that is there itself. Who asks for another name, or none, gets `cert`. Not on Deno.
   * @default none
   */
  readonly serverNames?: { readonly [name: string]: TlsCertificate };
}

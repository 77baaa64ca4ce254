/**
 * What all adapters say about TLS.
 */
import { ListenError } from "../api/errors.ts";

/**
 * The protocols of ALPN, the preferred one first (RFC 7301 §3.2). A client that offers only others is refused; one that
 * offers none is not.
 */
export const ALPN_PROTOCOLS: string[] = ["http/1.1", "http/1.0"];

/** The error of a key or a certificate that the runtime refuses with `cause`. */
export function tlsError(cause: unknown): ListenError {
  const { code = "", message = "" } = cause as { code?: string; message?: string };
  const isMismatch = /key.?values.?mismatch|KeyMismatch/i.test(`${code} ${message}`);
  const why = isMismatch ? "the key is not that of the certificate" : message;
  return new ListenError("bad_certificate", `option "tls" cannot be used: ${why}`, cause);
}

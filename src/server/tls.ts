/**
 * TLS for all adapters: loads certificates, makes the errors.
 */
import { ListenError } from "../api/errors.ts";
import type { TlsCertificate, TlsOptions } from "../api/tls.ts";
import { missingIn, pemText, type TlsPart } from "../options/tls_settings.ts";

/** A key and its certificate, as PEM. */
export interface LoadedCertificate {
  /** The option that has named it. */
  readonly option: string;
  readonly key: string;
  readonly cert: string;
  readonly passphrase: string | undefined;
}

/** Option "tls" with its files read. */
export interface LoadedTls extends LoadedCertificate {
  /** Whom clients' certificates must lead up to, as PEM, and the option that has named it. */
  readonly ca: { readonly option: string; readonly pem: string } | undefined;
  readonly rejectUnauthorized: boolean;
  /** By name in lower case; `*.` stands for any one label. */
  readonly serverNames: ReadonlyMap<string, LoadedCertificate>;
}

/** The content of a file; throws the system's error where it cannot be read. */
export type ReadFile = (path: string) => Uint8Array;

/**
 * Reads the files that `tls`, which was checked, names.
 *
 * @throws {ListenError} where one cannot be read, or does not hold what it should
 */
export function loadTls(tls: TlsOptions, readFile: ReadFile): LoadedTls {
  const load = (certificate: TlsCertificate, option: string): LoadedCertificate => ({
    option,
    key: loadPart(certificate, "key", option, readFile)!,
    cert: loadPart(certificate, "cert", option, readFile)!,
    passphrase: certificate.passphrase,
  });
  const ca = loadPart(tls, "ca", "tls", readFile);
  const names = Object.entries(tls.serverNames ?? {});
  return {
    ...load(tls, "tls"),
    ca: ca === undefined
      ? undefined
      : { option: tls.caFile === undefined ? "tls.ca" : "tls.caFile", pem: ca },
    rejectUnauthorized: tls.rejectUnauthorized ?? true,
    serverNames: new Map(
      names.map(([name, certificate]) => [
        name.toLowerCase(),
        load(certificate, `tls.serverNames[${JSON.stringify(name)}]`),
      ]),
    ),
  };
}

function loadPart(tls: TlsOptions, part: TlsPart, prefix: string, readFile: ReadFile): string | undefined {
  const file = tls[`${part}File`];
  if (file === undefined) {
    const pem = tls[part];
    return pem && pemText(pem);
  }
  const option = `option "${prefix}.${part}File"`;
  let text: string;
  try {
    text = pemText(readFile(file));
  } catch (error) {
    const { code = "bad_certificate", message } = error as Error & { code?: string };
    throw new ListenError(code, `${option} cannot be read: ${message}`, error);
  }
  const missing = missingIn(part, text);
  if (missing === null) return text;
  throw new ListenError("bad_certificate", `${option} names a file that holds no ${missing} as PEM: ${file}`);
}

/**
 * What there is for a client that asks for the server `name`: for the name itself, or for its place in a wildcard. A dot
 * at the end, which is not to be sent (RFC 6066 §3), changes nothing.
 */
export function forServerName<T>(names: ReadonlyMap<string, T>, name: string): T | undefined {
  const lower = name.toLowerCase().replace(/\.$/, "");
  return names.get(lower) ?? names.get(lower.replace(/^[^.]+/, "*"));
}

/** The error of a key or a certificate, named by `option`, that the runtime refuses with `cause`. */
export function tlsError(cause: unknown, option: string): ListenError {
  const { code = "", message = "" } = cause as { code?: string; message?: string };
  const isMismatch = /key.?values.?mismatch|KeyMismatch/i.test(`${code} ${message}`);
  const why = isMismatch ? "the key is not that of the certificate" : message;
  return new ListenError("bad_certificate", `option "${option}" cannot be used: ${why}`, cause);
}

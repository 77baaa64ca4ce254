/**
 * Option "tls": keys and certificates, as PEM or as the paths of files that hold it. Files are read where the server
 * listens; here everything else is checked.
 */
import type { TlsCertificate, TlsOptions } from "../api/tls.ts";
import { checkNames, checkObject, flag } from "./checks.ts";
import { describe, isPlainObject, typeError, wrongType } from "./option_error.ts";

/** What TLS is spoken with. */
export type TlsPart = "key" | "cert" | "ca";

/** What PEM must hold to be used. */
const PEM: Readonly<Record<TlsPart, readonly [what: string, pattern: RegExp]>> = {
  key: ["private key", /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/],
  cert: ["certificate", /-----BEGIN (?:[A-Z0-9]+ )?CERTIFICATE-----/],
  ca: ["certificate", /-----BEGIN (?:[A-Z0-9]+ )?CERTIFICATE-----/],
};

/** PEM as text. */
export function pemText(pem: string | Uint8Array): string {
  return typeof pem === "string" ? pem : new TextDecoder().decode(pem);
}

/** What `text` should hold as PEM, and does not; otherwise `null`. */
export function missingIn(part: TlsPart, text: string): string | null {
  const [what, pattern] = PEM[part];
  return pattern.test(text) ? null : what;
}

/** The members of a key with its certificate. */
const CERTIFICATE_MEMBERS = ["key", "cert", "keyFile", "certFile", "passphrase"];

/** A name that a client can ask for (RFC 6066 §3), or `*.` before one for all that have a label more. */
const SERVER_NAME =
  /^(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)*(?!\d+$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/i;

/**
 * Checks option "tls", and the argument of `reloadTls()`.
 *
 * @throws {TypeError} where it is wrong
 */
export function checkTls(tls: TlsOptions): TlsOptions {
  checkObject("tls", tls, "an object like { key, cert }");
  checkCertificate("tls", tls);
  checkPart("tls", tls, "ca", false);
  if (tls.rejectUnauthorized !== undefined) {
    flag("tls.rejectUnauthorized", tls.rejectUnauthorized, true);
    if (tls.ca === undefined && tls.caFile === undefined) {
      throw typeError(
        "tls.rejectUnauthorized",
        'option "tls.rejectUnauthorized" goes with option "tls.ca", or "tls.caFile", alone',
      );
    }
  }
  if (tls.serverNames !== undefined) checkServerNames(tls.serverNames);
  return tls;
}

function checkServerNames(serverNames: NonNullable<TlsOptions["serverNames"]>): void {
  const option = "tls.serverNames";
  // The entries of a Map are none of its properties: it would name no server.
  if (!isPlainObject(serverNames)) {
    throw wrongType(option, 'an object like { "b.example": { key, cert } }', serverNames);
  }
  const seen = new Set<string>();
  for (const [name, certificate] of Object.entries(serverNames)) {
    if (!SERVER_NAME.test(name) || seen.has(name.toLowerCase())) {
      const why = SERVER_NAME.test(name) ? "it is there twice" : "names look like b.example or *.b.example";
      throw typeError(
        option,
        `option "${option}" must name hosts in ASCII, each once, unlike ${describe(name)}: ${why}`,
      );
    }
    seen.add(name.toLowerCase());
    const prefix = `${option}[${JSON.stringify(name)}]`;
    if (typeof certificate !== "object" || certificate === null) {
      throw wrongType(prefix, "an object like { key, cert }", certificate);
    }
    checkNames(certificate, CERTIFICATE_MEMBERS, `${prefix}.`);
    checkCertificate(prefix, certificate);
  }
}

function checkCertificate(prefix: string, certificate: TlsCertificate): void {
  checkPart(prefix, certificate, "key", true);
  checkPart(prefix, certificate, "cert", true);
  const { passphrase } = certificate;
  if (passphrase !== undefined && typeof passphrase !== "string") {
    throw wrongType(`${prefix}.passphrase`, "a string", passphrase);
  }
}

/** Checks that a part is given as PEM, or as a file: not as both, and as neither only where it may be left out. */
function checkPart(prefix: string, tls: TlsOptions, part: TlsPart, isNeeded: boolean): void {
  const [option, fileOption] = [`${prefix}.${part}`, `${prefix}.${part}File`];
  const pem: unknown = tls[part];
  const file: unknown = tls[`${part}File`];
  if (file !== undefined) {
    if (pem !== undefined) {
      throw typeError(
        fileOption,
        `options "${option}" and "${fileOption}" exclude each other: give one of them`,
      );
    }
    if (typeof file !== "string" || file === "") throw wrongType(fileOption, "the path of a file", file);
    return;
  }
  if (pem === undefined && !isNeeded) return;
  if (typeof pem !== "string" && !(pem instanceof Uint8Array)) {
    throw wrongType(option, `PEM, as a string or bytes, or "${fileOption}" the path of its file`, pem);
  }
  const missing = missingIn(part, pemText(pem));
  if (missing !== null) throw typeError(option, `option "${option}" holds no ${missing} as PEM`);
}

/**
 * Options "http1" and "http2": which versions of HTTP are spoken, and what TLS offers by ALPN.
 */
import type { Http2Options } from "../api/http2.ts";
import type { ConnectionOptions } from "../api/options.ts";
import { checkObject, number } from "./checks.ts";
import { rangeError, typeError } from "./option_error.ts";
import { TABLE } from "./table.ts";

/** Option "http2", with every default filled in. */
export type Http2Settings = Readonly<Required<Http2Options>>;

/** Which versions of HTTP are spoken. */
export interface ProtocolSettings {
  /** How HTTP/2 is spoken; `null` where it is not. */
  readonly http2: Http2Settings | null;
  /**
   * The protocols of ALPN, the preferred one first (RFC 7301 §3.2). A client that offers only others is refused; one that
   * offers none is not.
   */
  readonly alpnProtocols: readonly string[];
}

/**
 * Reads options "http1", which was checked by itself, and "http2".
 *
 * @throws {TypeError} on a wrong type, an unknown member, or where both are off
 * @throws {RangeError} on a number out of range
 */
export function readProtocols({ http1 = true, http2: given }: ConnectionOptions): ProtocolSettings {
  const http2 = readHttp2(given);
  if (!http1 && http2 === null) {
    throw typeError(
      "http1",
      'option "http1" is false, and option "http2" is off: set option "http2" to true, or leave out option "http1"',
    );
  }
  const alpnProtocols = [...http2 === null ? [] : ["h2"], ...http1 ? ["http/1.1", "http/1.0"] : []];
  return { http2, alpnProtocols };
}

function readHttp2(given: boolean | Http2Options = TABLE.http2.default): Http2Settings | null {
  if (given === false) return null;
  const options = given === true ? {} : given;
  checkObject("http2", options, "true, false, or an object like { maxConcurrentStreams: 100 }");
  const { members } = TABLE.http2;
  const read = (name: keyof Http2Options): number => number(`http2.${name}`, options[name], members[name]);
  const initialWindowSize = read("initialWindowSize");
  return {
    maxConcurrentStreams: read("maxConcurrentStreams"),
    initialWindowSize,
    maxWindowSize: checkMaxWindowSize(options, read("maxWindowSize"), initialWindowSize),
    pingInterval: read("pingInterval"),
    pingTimeout: read("pingTimeout"),
  };
}

/** Windows grow, and do not shrink: where only the initial size is given, it may be more than the default. */
function checkMaxWindowSize(given: Http2Options, maxWindowSize: number, initialWindowSize: number): number {
  if (given.maxWindowSize === undefined) return Math.max(maxWindowSize, initialWindowSize);
  if (maxWindowSize >= initialWindowSize) return maxWindowSize;
  throw rangeError(
    "http2.maxWindowSize",
    `option "http2.maxWindowSize" must be at least option "http2.initialWindowSize", which is ` +
      `${initialWindowSize}, not ${maxWindowSize}`,
  );
}

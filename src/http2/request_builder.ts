/**
 * Makes a request, or trailers, of the fields of one block (RFC 9113 §8.2, §8.3), and checks that they are one. What comes
 * after a fault is passed over.
 */
import { ProtocolError } from "../api/errors.ts";
import { headTooLarge, targetTooLong } from "../core/client_errors.ts";
import type { Settings } from "../options/settings.ts";
import { isHost } from "../wire/authority.ts";
import { COLON, IS_FIELD_VALUE, IS_TARGET, IS_TOKEN, isBlank } from "../wire/bytes.ts";
import type { FieldSink } from "./hpack_decoder.ts";
import { Http2Request, RequestLines } from "./request.ts";

/** What an entry costs beside its octets (RFC 9113 §6.5.2, RFC 7541 §4.1). */
const ENTRY_OVERHEAD = 32;

const HOST = "host";

/** Fields that speak of a connection, which HTTP/2 has no use for (RFC 9113 §8.2.2). */
const CONNECTION_FIELDS = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

/** What a block gave: a request, or what is wrong with it. */
export type DecodedRequest = Http2Request | ProtocolError;

/** Takes the fields of one block. */
export class RequestBuilder implements FieldSink {
  #settings!: Settings;
  /** Of lines; a request's begin with Host, whose value comes last. */
  #names: string[] = [];
  #values: string[] = [];
  /** The values of the block before, which are mostly the same strings: they are known to be well-formed. */
  #lastValues: readonly string[] = [];
  /** How many of the lines are ours: Host of a request. */
  #reserved = 0;
  #host: string | null = null;
  /** Whether a line was read: pseudo-fields come before them. */
  #hasLines = false;
  #size = 0;
  #error: ProtocolError | null = null;
  #method: string | null = null;
  #scheme: string | null = null;
  #authority: string | null = null;
  #path: string | null = null;
  #protocol: string | null = null;
  #contentLength: number | undefined = undefined;
  #expectsContinue = false;
  /** The last authority that was well-formed: a client names the same one again and again. */
  #lastAuthority = "";

  /** Begins a block, of a request or of trailers. */
  begin(settings: Settings, isRequest: boolean): void {
    this.#settings = settings;
    if (isRequest) this.#lastValues = this.#values;
    this.#reserved = isRequest ? 1 : 0;
    this.#names = isRequest ? [HOST] : [];
    this.#values = isRequest ? [""] : [];
    this.#host = null;
    this.#hasLines = false;
    this.#size = 0;
    this.#error = null;
    this.#method =
      this.#scheme =
      this.#authority =
      this.#path =
      this.#protocol =
        null;
    this.#contentLength = undefined;
    this.#expectsContinue = false;
  }

  /** Octets of the fields so far, as `maxHeaderBytes` counts them. */
  get size(): number {
    return this.#size;
  }

  /** What `:method` is, as far as it was read. */
  get method(): string | null {
    return this.#method;
  }

  field(name: string, value: string): void {
    if (this.#error !== null) return;
    const { maxHeaderBytes } = this.#settings;
    this.#size += name.length + value.length + ENTRY_OVERHEAD;
    if (maxHeaderBytes > 0 && this.#size > maxHeaderBytes) {
      return this.#fail(headTooLarge(maxHeaderBytes));
    }
    if (name.charCodeAt(0) === COLON) this.#pseudoField(name, value);
    else this.#line(name, value);
  }

  /** RFC 9113 §8.3: each once, before the fields. */
  #pseudoField(name: string, value: string): void {
    if (this.#hasLines) return this.#malformed(`${name} comes behind a field`);
    let before: string | null;
    switch (name) {
      case ":method":
        before = this.#method;
        this.#method = value;
        break;
      case ":scheme":
        before = this.#scheme;
        this.#scheme = value;
        break;
      case ":authority":
        before = this.#authority;
        this.#authority = value;
        break;
      case ":path":
        before = this.#path;
        this.#path = value;
        break;
      case ":protocol":
        before = this.#protocol;
        this.#protocol = value;
        break;
      default:
        return this.#malformed("a pseudo-field that requests do not have");
    }
    if (before !== null) this.#malformed(`${name} is repeated`);
  }

  #line(name: string, value: string): void {
    const { maxHeaders } = this.#settings;
    const at = this.#names.length;
    this.#hasLines = true;
    if (maxHeaders > 0 && at - this.#reserved >= maxHeaders) {
      return this.#fail(
        new ProtocolError("too_many_fields", 431, `there are more than ${maxHeaders} header lines`),
      );
    }
    if (!isLowerToken(name)) return this.#malformed("a field name must be a token in lower case");
    if (value !== this.#lastValues[at] && !isFieldValue(value)) {
      return this.#malformed("a field value holds control bytes, or blanks around it");
    }
    switch (name.length) {
      case 2:
        if (name === "te" && value.toLowerCase() !== "trailers") this.#malformed("te is not trailers");
        break;
      case 4:
        if (name === HOST) return this.#hostLine(value);
        break;
      case 6:
        if (name === "expect") this.#expect(value);
        break;
      case 14:
        if (name === "content-length") this.#length(value);
        break;
    }
    if (CONNECTION_FIELDS.has(name)) return this.#malformed(`${name} has no meaning in HTTP/2`);
    this.#names.push(name);
    this.#values.push(value);
  }

  /** It counts only where there is no `:authority`, which stands in its place otherwise. */
  #hostLine(value: string): void {
    if (this.#host !== null) this.#malformed("Host is repeated", "bad_host");
    this.#host = value;
  }

  #expect(value: string): void {
    this.#expectsContinue = value.toLowerCase() === "100-continue";
    if (this.#expectsContinue) return;
    const message = "of expectations only 100-continue is known";
    this.#fail(new ProtocolError("unsupported_expectation", 417, message));
  }

  #length(value: string): void {
    const length = Number(value);
    if (!/^[0-9]+$/.test(value) || !Number.isSafeInteger(length)) {
      this.#malformed("content-length must be decimal digits", "bad_content_length");
    } else if (this.#contentLength !== undefined && this.#contentLength !== length) {
      this.#malformed("content-length has two values", "bad_content_length");
    }
    this.#contentLength = length;
  }

  #malformed(message: string, code: ProtocolError["code"] = "bad_field"): void {
    this.#fail(new ProtocolError(code, 400, message));
  }

  #fail(error: ProtocolError): void {
    this.#error ??= error;
  }

  /** The request, whose head ends the stream or not; or what is wrong with it. */
  request(endsStream: boolean): DecodedRequest {
    this.#check(endsStream);
    if (this.#error !== null) return this.#error;
    const method = this.#method!;
    const target = method === "CONNECT" && this.#protocol === null ? this.#authority! : this.#path!;
    const fields = new RequestLines(this.#names, this.#values);
    const length = endsStream ? 0 : this.#contentLength;
    return new Http2Request(
      method,
      target,
      fields,
      length,
      this.#expectsContinue,
      this.#protocol,
      endsStream,
    );
  }

  /** The trailers, or what is wrong with them. */
  trailers(): RequestLines | ProtocolError {
    const pseudoFields = [this.#method, this.#scheme, this.#authority, this.#path, this.#protocol];
    if (pseudoFields.some((value) => value !== null)) {
      this.#malformed("trailers have no pseudo-fields");
    }
    return this.#error ?? new RequestLines(this.#names, this.#values);
  }

  /** What the fields must be together (RFC 9113 §8.3.1, §8.5, RFC 8441 §4). */
  #check(endsStream: boolean): void {
    if (this.#error !== null) return;
    const method = this.#method;
    if (method === null || method === "" || !isToken(method)) {
      return this.#malformed(":method is missing, or no token", "bad_request_line");
    }
    this.#checkHost();
    const isTunnel = method === "CONNECT" && this.#protocol === null;
    if (isTunnel) {
      if (this.#scheme !== null || this.#path !== null || this.#authority === null) {
        this.#malformed("CONNECT has :authority alone", "bad_target");
      }
    } else this.#checkTarget(method);
    if (this.#protocol !== null && (method !== "CONNECT" || !isToken(this.#protocol))) {
      this.#malformed(":protocol is no token, or not of CONNECT", "bad_target");
    }
    // What comes behind a CONNECT is no content (RFC 9110 §9.3.6).
    if (method === "CONNECT") this.#contentLength = undefined;
    if (endsStream && (this.#contentLength ?? 0) > 0) {
      this.#malformed("content-length tells of a body, and there is none", "bad_content_length");
    }
  }

  #checkTarget(method: string): void {
    const path = this.#path;
    if (this.#scheme !== "http" && this.#scheme !== "https") {
      return this.#malformed(":scheme is neither http nor https", "bad_target");
    }
    if (path === null) return this.#malformed(":path is missing", "bad_target");
    const error = pathError(path, method, this.#settings);
    if (error !== null) this.#fail(error);
  }

  /** `:authority` counts; a Host beside it must be the same (RFC 9113 §8.3.1), and stands for it where there is none. */
  #checkHost(): void {
    const host = this.#host;
    const authority = this.#authority ?? host;
    if (authority === null || authority === "") {
      return this.#malformed(":authority is missing, or empty", "bad_host");
    }
    if (host !== null && host.toLowerCase() !== authority.toLowerCase()) {
      return this.#malformed("Host is not :authority", "bad_host");
    }
    if (authority !== this.#lastAuthority) {
      const bytes = Uint8Array.from(authority, (character) => character.charCodeAt(0));
      if (!isHost(bytes, 0, bytes.length)) return this.#malformed(":authority is no host", "bad_host");
      this.#lastAuthority = authority;
    }
    this.#values[0] = authority;
  }
}

/** What is wrong with the `:path` of a request by `method`, or `null` (RFC 9113 §8.3.1). */
export function pathError(path: string, method: string, { maxTargetBytes }: Settings): ProtocolError | null {
  if (maxTargetBytes > 0 && path.length > maxTargetBytes) return targetTooLong(maxTargetBytes);
  const isForm = path.charCodeAt(0) === 0x2f || (path === "*" && method === "OPTIONS");
  return isForm && isTarget(path) ? null : new ProtocolError("bad_target", 400, ":path is none");
}

function isFieldValue(value: string): boolean {
  const { length } = value;
  for (let i = 0; i < length; i++) if (IS_FIELD_VALUE[value.charCodeAt(i)] === 0) return false;
  return length === 0 || !(isBlank(value.charCodeAt(0)) || isBlank(value.charCodeAt(length - 1)));
}

/** The names that were looked at last, by length: clients and the decoder give the same strings again. */
const known = new Set<string>();
const MAX_KNOWN = 256;

function isLowerToken(name: string): boolean {
  if (known.has(name)) return true;
  if (name === "" || !isToken(name)) return false;
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code >= 0x41 && code <= 0x5a) return false;
  }
  if (known.size < MAX_KNOWN && name.length <= 32) known.add(name);
  return true;
}

function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (IS_TOKEN[text.charCodeAt(i)] === 0) return false;
  return true;
}

function isTarget(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (IS_TARGET[text.charCodeAt(i)] === 0) return false;
  return true;
}

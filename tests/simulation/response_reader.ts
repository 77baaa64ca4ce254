/**
 * Reads responses off a connection as they come, strictly (RFC 9112): anything that is not exactly a response is
 * an error, and so is a byte behind the last one. Knows nothing of the engine that it judges.
 */

/** A response, as far as it has come. */
export interface SeenResponse {
  readonly status: number;
  /** Names in lower case; several lines of a name joined with ", ". */
  readonly fields: ReadonlyMap<string, string>;
  readonly framing: "none" | "length" | "chunked" | "close";
  /** How long its body is so far; how long it is, once it is complete. */
  length: number;
  trailers: readonly string[];
  isComplete: boolean;
}

/** Who wants to know what came. */
export interface ResponseListener {
  /** The method of the request that the next final response answers; `null` where nothing was asked. */
  method(): string | null;
  /** A piece of a response's body came, which begins where `response.length` is. */
  bodyCame(response: SeenResponse, piece: Uint8Array): void;
  /** A response is complete, interim ones included. */
  responded(response: SeenResponse): void;
  /** Bytes came that are no HTTP any more, of which there were `before`. */
  tunnelled(bytes: Uint8Array, before: number): void;
  /** What came is no response. */
  malformed(message: string): void;
}

const decoder = new TextDecoder("latin1");
const NOTHING = new Uint8Array(0);
const CR = 0x0d;
const LF = 0x0a;

/** Reads one connection. */
export class ResponseReader {
  /** The response that has begun and is not complete. */
  current: SeenResponse | null = null;
  /** Whether a response has said that it is the last. */
  isLast = false;
  /** How many bytes came since the connection was handed over to another protocol; `null` before that. */
  tunnel: number | null = null;
  readonly #listener: ResponseListener;
  /** What came and was not used yet. */
  #bytes: Uint8Array = NOTHING;
  #at = 0;
  /** Of the body, or of its chunk; -1 where the next chunk's size is to come, -2 in the trailers. */
  #left = 0;
  #isBroken = false;

  constructor(listener: ResponseListener) {
    this.#listener = listener;
  }

  /** Some bytes came. */
  feed(bytes: Uint8Array): void {
    if (this.#isBroken) return;
    if (this.tunnel !== null) return this.#tunnelled(bytes);
    this.#bytes = joined(this.#bytes.subarray(this.#at), bytes);
    this.#at = 0;
    while (!this.#isBroken && (this.current === null ? this.#readHead() : this.#readBody()));
  }

  /** The connection has ended well: so does a response that goes on until then. Something may be missing. */
  end(isWhole: boolean): void {
    if (this.current?.framing === "close") this.#complete();
    else if (isWhole && this.current === null && this.#at < this.#bytes.length) {
      this.#break("the connection ends in a head");
    }
  }

  #readHead(): boolean {
    const end = this.#emptyLine();
    if (end < 0) return false;
    const [statusLine, ...lines] = decoder.decode(this.#bytes.subarray(this.#at, end)).split("\r\n");
    if (this.isLast) return this.#break(`a response after the last: ${statusLine}`);
    const match = /^HTTP\/1\.1 ([1-9]\d\d) [\x20-\x7e]*$/.exec(statusLine);
    if (match === null) return this.#break(`no status line: ${JSON.stringify(statusLine)}`);
    const fields = new Map<string, string>();
    for (const line of lines) {
      const field = /^([!#$%&'*+.^_`|~0-9a-z-]+): (\S(?:.*\S)?)?$/i.exec(line);
      if (field === null) return this.#break(`no field line: ${JSON.stringify(line)}`);
      const name = field[1].toLowerCase();
      const before = fields.get(name);
      fields.set(name, before === undefined ? field[2] ?? "" : `${before}, ${field[2] ?? ""}`);
    }
    this.#at = end + 4;
    return this.#begin(Number(match[1]), fields);
  }

  #begin(status: number, fields: ReadonlyMap<string, string>): boolean {
    const method = this.#listener.method();
    if (status < 200) {
      const { length } = [...fields.keys()].filter((name) =>
        name === "content-length" || name === "transfer-encoding"
      );
      if (length > 0) return this.#break(`a ${status} with a framing`);
      if (method === null) return this.#break(`a ${status} that nobody asked for`);
      this.#listener.responded({
        status,
        fields,
        framing: "none",
        length: 0,
        trailers: [],
        isComplete: true,
      });
      if (status === 101) this.#switchOver();
      return status !== 101;
    }
    const framing = this.#framing(status, fields, method);
    if (framing === null) return false;
    this.current = { status, fields, framing, length: 0, trailers: [], isComplete: false };
    const options = (fields.get("connection") ?? "").split(", ");
    this.isLast = options.includes("close");
    if (framing === "close" && !this.isLast) {
      return this.#break("a body that the close ends does not announce it");
    }
    this.#left = framing === "length" ? Number(fields.get("content-length")) : framing === "chunked" ? -1 : 0;
    if (framing === "none" || (framing === "length" && this.#left === 0)) this.#complete();
    if (method === "CONNECT" && status < 300) this.#switchOver();
    return this.tunnel === null;
  }

  #framing(
    status: number,
    fields: ReadonlyMap<string, string>,
    method: string | null,
  ): SeenResponse["framing"] | null {
    const coding = fields.get("transfer-encoding");
    const length = fields.get("content-length");
    if (!fields.has("date")) return this.#breakFraming(`a ${status} without a date`);
    if (coding !== undefined && length !== undefined) return this.#breakFraming("two framings");
    if (length !== undefined && !/^\d+$/.test(length)) return this.#breakFraming(`a length of ${length}`);
    if (coding !== undefined && coding !== "chunked") return this.#breakFraming(`a coding of ${coding}`);
    if (method === "CONNECT" && status < 300) return "none";
    // Whoever refuses a request by itself may not know its method; the connection ends after it.
    const isRefusal = status >= 400 && status !== 500 && !fields.has("x-name");
    if ((method === "HEAD" && !isRefusal) || status === 204 || status === 304) return "none";
    return coding !== undefined ? "chunked" : length !== undefined ? "length" : "close";
  }

  #readBody(): boolean {
    const current = this.current!;
    if (this.#left === -2) return this.#readTrailers();
    if (this.#left === -1) return this.#readChunkSize();
    const { length } = this.#bytes;
    const take = current.framing === "close" ? length - this.#at : Math.min(this.#left, length - this.#at);
    if (take > 0) this.#listener.bodyCame(current, this.#bytes.subarray(this.#at, this.#at + take));
    current.length += take;
    this.#at += take;
    if (current.framing === "close") return false;
    this.#left -= take;
    if (this.#left > 0) return false;
    if (current.framing === "length") {
      this.#complete();
      return true;
    }
    if (length - this.#at < 2) return false;
    if (this.#bytes[this.#at] !== CR || this.#bytes[this.#at + 1] !== LF) {
      return this.#break("a chunk does not end");
    }
    this.#at += 2;
    this.#left = -1;
    return true;
  }

  #readChunkSize(): boolean {
    const line = this.#line();
    if (line === null) return false;
    if (!/^[0-9a-f]+$/i.test(line)) return this.#break(`no chunk size: ${JSON.stringify(line)}`);
    const size = parseInt(line, 16);
    this.#left = size === 0 ? -2 : size;
    return true;
  }

  #readTrailers(): boolean {
    for (;;) {
      const line = this.#line();
      if (line === null) return false;
      if (line === "") break;
      this.current!.trailers = [...this.current!.trailers, line];
    }
    this.#complete();
    return true;
  }

  #complete(): void {
    const response = this.current!;
    this.current = null;
    response.isComplete = true;
    this.#listener.responded(response);
  }

  #switchOver(): void {
    this.tunnel = 0;
    this.#tunnelled(this.#bytes.subarray(this.#at));
    this.#bytes = NOTHING;
    this.#at = 0;
  }

  #tunnelled(bytes: Uint8Array): void {
    this.#listener.tunnelled(bytes, this.tunnel!);
    this.tunnel! += bytes.length;
  }

  #line(): string | null {
    const end = this.#bytes.indexOf(LF, this.#at);
    if (end < 0) return null;
    const line = decoder.decode(this.#bytes.subarray(this.#at, end));
    this.#at = end + 1;
    return line.endsWith("\r") ? line.slice(0, -1) : `${line} (without CR)`;
  }

  /** Where the head's empty line is, or -1. */
  #emptyLine(): number {
    const bytes = this.#bytes;
    for (let at = bytes.indexOf(CR, this.#at); at >= 0; at = bytes.indexOf(CR, at + 1)) {
      if (bytes[at + 1] === LF && bytes[at + 2] === CR && bytes[at + 3] === LF) return at;
    }
    return -1;
  }

  #breakFraming(message: string): null {
    this.#break(message);
    return null;
  }

  #break(message: string): false {
    this.#isBroken = true;
    this.#listener.malformed(message);
    return false;
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

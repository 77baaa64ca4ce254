/**
 * A raw HTTP client on any byte stream: sends exactly what it is told, and reads responses strictly, so
 * that a byte too many or too few fails the test.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { concat, toBytes } from "./bytes.ts";

/** The client's side of a connection. */
export interface ByteStream {
  /** Some bytes; `null` at the end. Rejects where the connection broke. Nothing is taken before it is called. */
  read(): Promise<Uint8Array | null>;
  /** Resolves when there is room for more. Rejects where the connection broke. */
  write(bytes: Uint8Array): Promise<void>;
  /** Half-closes, after all that was written. */
  end(): void;
  /** Breaks the connection. */
  reset(): void;
}

/** One response, as it came. */
export interface WireResponse {
  readonly status: number;
  /** Names in lower case; several lines of a name joined with ", ". */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
  /** The body as text. */
  readonly text: string;
}

const EMPTY = new Uint8Array(0);

/** A raw client; `using` breaks its connection at last. */
export class WireClient implements Disposable {
  readonly #stream: ByteStream;
  /** What was read off the stream, and not taken yet. */
  #buffer: Uint8Array = EMPTY;

  constructor(stream: ByteStream) {
    this.#stream = stream;
  }

  /** Sends in one piece; resolves when there is room for more. */
  send(...parts: (string | Uint8Array)[]): Promise<void> {
    return this.#stream.write(parts.length === 1 ? toBytes(parts[0]) : concat(parts));
  }

  end(): void {
    this.#stream.end();
  }

  reset(): void {
    this.#stream.reset();
  }

  [Symbol.dispose](): void {
    this.reset();
  }

  /** The next `count` bytes. */
  async readBytes(count: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for (let missing = count; missing > 0;) {
      if (this.#buffer.length === 0) await this.#more(`the next of ${count} bytes`);
      const part = this.#buffer.subarray(0, missing);
      this.#buffer = this.#buffer.subarray(part.length);
      missing -= part.length;
      parts.push(part);
    }
    return concat(parts);
  }

  /** The text up to `pattern`, which is taken away too. */
  async readUntil(pattern: string): Promise<string> {
    for (let from = 0;;) {
      const bytes = Buffer.from(this.#buffer.buffer, this.#buffer.byteOffset, this.#buffer.length);
      const at = bytes.indexOf(pattern, from, "latin1");
      if (at >= 0) {
        this.#buffer = this.#buffer.subarray(at + pattern.length);
        return bytes.toString("latin1", 0, at);
      }
      from = Math.max(0, bytes.length - pattern.length);
      await this.#more(JSON.stringify(pattern));
      if (bytes.length > 0) this.#buffer = concat([bytes, this.#buffer]);
    }
  }

  /** All bytes up to the end. */
  async readToEnd(): Promise<Uint8Array> {
    const parts: Uint8Array[] = [this.#buffer];
    this.#buffer = EMPTY;
    for (let part = await this.#stream.read(); part !== null; part = await this.#stream.read()) {
      parts.push(part);
    }
    return concat(parts);
  }

  /** Resolves at the end; fails where anything comes before it, or the connection broke. */
  async assertEnd(): Promise<void> {
    assert.equal(new TextDecoder().decode(await this.readToEnd()), "", "nothing comes before the end");
  }

  /** Resolves when the connection is over in whatever way. */
  async assertOver(): Promise<void> {
    await this.readToEnd().catch(() => {});
  }

  /** The next response, 1xx included. `toHead`: it answers a HEAD. */
  async response(toHead = false): Promise<WireResponse> {
    const [statusLine, ...lines] = (await this.readUntil("\r\n\r\n")).split("\r\n");
    const match = /^HTTP\/1\.1 ([1-9]\d\d) [\x20-\x7e]*$/.exec(statusLine);
    assert.ok(match, `no status line: ${JSON.stringify(statusLine)}`);
    const status = Number(match[1]);
    const headers = new Map<string, string>();
    for (const line of lines) {
      const field = /^([a-z0-9-]+): (\S(?:.*\S)?)?$/i.exec(line);
      assert.ok(field, `no field line: ${JSON.stringify(line)}`);
      const [, name, value = ""] = field;
      const before = headers.get(name.toLowerCase());
      headers.set(name.toLowerCase(), before === undefined ? value : `${before}, ${value}`);
    }
    const body = toHead || status < 200 || status === 204 || status === 304
      ? EMPTY
      : await this.#body(headers);
    return { status, headers, body, text: new TextDecoder().decode(body) };
  }

  /** The next `count` responses. */
  async responses(count: number): Promise<WireResponse[]> {
    const responses: WireResponse[] = [];
    while (responses.length < count) responses.push(await this.response());
    return responses;
  }

  /** A body, by its framing (RFC 9112 §6.3). */
  async #body(headers: ReadonlyMap<string, string>): Promise<Uint8Array> {
    const coding = headers.get("transfer-encoding");
    const length = headers.get("content-length");
    assert.ok(coding === undefined || length === undefined, "a response has two framings");
    if (length !== undefined) {
      assert.match(length, /^\d+$/);
      return await this.readBytes(Number(length));
    }
    if (coding === undefined) {
      assert.equal(headers.get("connection"), "close", "a body that the close ends announces it");
      return await this.readToEnd();
    }
    assert.equal(coding, "chunked");
    const parts: Uint8Array[] = [];
    for (;;) {
      const line = await this.readUntil("\r\n");
      assert.match(line, /^[0-9a-f]+$/i);
      const size = parseInt(line, 16);
      parts.push(await this.readBytes(size));
      assert.equal(await this.readUntil("\r\n"), "", "a chunk ends after its size");
      if (size === 0) return concat(parts);
    }
  }

  async #more(what: string): Promise<void> {
    const chunk = await this.#stream.read();
    assert.ok(chunk !== null, `the connection ended before ${what}`);
    this.#buffer = chunk;
  }
}

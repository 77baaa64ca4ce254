// The least of WebSocket (RFC 6455) that a server needs, on any pair of byte streams: the handshake's answer, and
// messages in and out. No extensions.

/** A message: text, or bytes. */
export type Message = string | Uint8Array<ArrayBuffer>;

/** How a connection was closed, and why. */
export interface Closed {
  /** 1000 is a good end, 1006 one without a word (RFC 6455 §7.4). */
  readonly code: number;
  readonly reason: string;
}

/** The longest message that is taken, in bytes: what others send must not fill the memory. */
const MAX_MESSAGE = 16 * 1024 * 1024;
/** A frame of control has no more than this (§5.5). */
const MAX_CONTROL = 125;

/** The codes of a close that tells none, and of an end without a close; neither travels (§7.4.1). */
const NO_CODE = 1005, NO_CLOSE = 1006;

const CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10;

/** What the client hashes as well, to see that it talks to a WebSocket server (§1.3). */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/**
 * The `Sec-WebSocket-Accept` that answers this request, or `null` where it is no handshake (§4.2.1). Whether it
 * asks for the upgrade, `info.upgrade()` checks.
 */
export async function acceptKey(request: Request): Promise<string | null> {
  const { method, headers } = request;
  const key = headers.get("sec-websocket-key") ?? "";
  const isHandshake = method === "GET" && headers.get("sec-websocket-version") === "13" &&
    /^[A-Za-z0-9+/]{22}==$/.test(key);
  if (!isHandshake) return null;
  const hash = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(key + GUID));
  return btoa(String.fromCharCode(...new Uint8Array(hash)));
}

/** The client broke the protocol; `code` tells it how. */
class Violation extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * The server's side of a WebSocket: `for await` gives the messages, no faster than they are taken, until either
 * side closes. Pings are answered on the way.
 */
export class ServerWebSocket implements AsyncIterable<Message> {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #buffer: Uint8Array = new Uint8Array(0);
  #closeSent = false;
  /** How it ended, once it has. */
  closed: Closed | null = null;

  constructor(streams: { readable: ReadableStream<Uint8Array>; writable: WritableStream<Uint8Array> }) {
    this.#reader = streams.readable.getReader();
    this.#writer = streams.writable.getWriter();
    this.#writer.closed.catch(() => {}); // whoever reads or sends is told
  }

  /** Sends a message; resolves when there is room for the next. */
  send(message: Message): Promise<void> {
    return typeof message === "string"
      ? this.#send(TEXT, new TextEncoder().encode(message))
      : this.#send(BINARY, message);
  }

  /** Sends a ping, which the client answers by itself. */
  ping(): Promise<void> {
    return this.#send(PING, new Uint8Array(0));
  }

  /** Begins the end: the client answers, which ends the loop over the messages. */
  async close(code = 1000, reason = ""): Promise<void> {
    if (this.#closeSent) return;
    const sent = this.#send(CLOSE, code === NO_CODE ? new Uint8Array(0) : closePayload(code, reason));
    this.#closeSent = true;
    await sent;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Message, void> {
    try {
      for (let message = await this.#receive(); message !== null; message = await this.#receive()) {
        yield message;
      }
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      if (error.code !== NO_CLOSE) await this.close(error.code, error.message);
      this.closed = { code: error.code, reason: error.message };
    } finally {
      this.closed ??= { code: NO_CLOSE, reason: "" };
      this.#end();
    }
  }

  /** Ends the connection, and drops what still comes. */
  async #end(): Promise<void> {
    await this.#writer.close().catch(() => {});
    await this.#reader.cancel().catch(() => {});
  }

  async #send(opcode: number, payload: Uint8Array): Promise<void> {
    if (this.#closeSent) return; // nothing follows a close (§5.5.1)
    const { length } = payload;
    // A server's frames are not masked (§5.1).
    const head = new Uint8Array(length < 126 ? 2 : length < 65_536 ? 4 : 10);
    const view = new DataView(head.buffer);
    head[0] = 0x80 | opcode;
    head[1] = length < 126 ? length : length < 65_536 ? 126 : 127;
    if (head.length === 4) view.setUint16(2, length);
    if (head.length === 10) view.setBigUint64(2, BigInt(length));
    // Not awaited one after the other, so that nobody's frame comes between them.
    await Promise.all([this.#writer.write(head), this.#writer.write(payload)]);
  }

  /** The next message; `null` after the client's close. */
  async #receive(): Promise<Message | null> {
    let kind = CONTINUATION;
    const parts: Uint8Array[] = [];
    let length = 0;
    for (;;) {
      const { final, opcode, payload } = await this.#frame(MAX_MESSAGE - length);
      switch (opcode) {
        case PING:
          await this.#send(PONG, payload);
          continue;
        case PONG:
          continue;
        case CLOSE:
          this.closed = readClose(payload);
          await this.close(this.closed.code, this.closed.reason);
          return null;
        case CONTINUATION:
          if (kind === CONTINUATION) throw new Violation(1002, "nothing to continue");
          break;
        default:
          if (kind !== CONTINUATION) throw new Violation(1002, "a message inside of another");
          kind = opcode;
      }
      parts.push(payload);
      length += payload.length;
      if (!final) continue;
      const message = parts.length === 1 ? parts[0] : joined(parts, length);
      return kind === TEXT ? readText(message) : message as Uint8Array<ArrayBuffer>;
    }
  }

  async #frame(room: number): Promise<{ final: boolean; opcode: number; payload: Uint8Array }> {
    const [first, second] = await this.#take(2);
    const opcode = first & 0x0f;
    const isControl = opcode >= CLOSE;
    if ((first & 0x70) !== 0) throw new Violation(1002, "an extension that was not agreed on");
    if (opcode > (isControl ? PONG : BINARY)) throw new Violation(1002, "an unknown opcode");
    if ((second & 0x80) === 0) throw new Violation(1002, "a frame without a mask");
    let length = second & 0x7f;
    if (isControl && (length > MAX_CONTROL || first < 0x80)) {
      throw new Violation(1002, "a control frame too long");
    }
    if (length === 126) length = view(await this.#take(2)).getUint16(0);
    else if (length === 127) length = Number(view(await this.#take(8)).getBigUint64(0));
    if (!isControl && length > room) throw new Violation(1009, "the message is too long");
    const mask = await this.#take(4);
    const payload = (await this.#take(length)).slice();
    for (let i = 0; i < payload.length; i++) payload[i] ^= mask[i & 3];
    return { final: first >= 0x80, opcode, payload };
  }

  /** The next `count` bytes. */
  async #take(count: number): Promise<Uint8Array> {
    const parts = [this.#buffer];
    let length = this.#buffer.length;
    while (length < count) {
      const { done, value } = await this.#reader.read();
      if (done) throw new Violation(NO_CLOSE, "the client ended without a word");
      parts.push(value);
      length += value.length;
    }
    const all = parts.length === 1 ? this.#buffer : joined(parts, length);
    this.#buffer = all.subarray(count);
    return all.subarray(0, count);
  }
}

function view({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length);
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function readText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Violation(1007, "the text is not UTF-8");
  }
}

function closePayload(code: number, reason: string): Uint8Array {
  const text = new TextEncoder().encode(reason).subarray(0, MAX_CONTROL - 2);
  const payload = new Uint8Array(2 + text.length);
  view(payload).setUint16(0, code);
  payload.set(text, 2);
  return payload;
}

/** What a close frame says (§5.5.1). */
function readClose(payload: Uint8Array): Closed {
  if (payload.length === 0) return { code: NO_CODE, reason: "" };
  if (payload.length === 1) throw new Violation(1002, "half a status code");
  const code = view(payload).getUint16(0);
  // These are the ones that may travel (§7.4).
  const mayTravel = (code >= 1000 && code <= 1014 && (code < 1004 || code > 1006)) ||
    (code >= 3000 && code < 5000);
  if (!mayTravel) throw new Violation(1002, "no status code to send");
  return { code, reason: readText(payload.subarray(2)) };
}

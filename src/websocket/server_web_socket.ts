/**
 * The server's end of a WebSocket, as the `WebSocket` of the HTML standard: its states, its events and its rules for
 * `send` and `close`. What speaks the protocol on the wire is its `Frames`.
 */
import type { Bytes } from "../api/bytes.ts";
import { closeEvent, errorEvent, guarded, reportTo } from "./events.ts";
import type { FrameListener, Frames } from "./frames.ts";
import { IdleProbe, type Probed } from "./idle_probe.ts";

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

const ABNORMAL = 1006;
const GOING_AWAY = 1001;
/** Bytes of a reason: a control frame has 125, two of which are the code (RFC 6455 §5.5.1). */
const MAX_REASON_BYTES = 123;
/** Memory of a waiting message besides its bytes, about. */
const MESSAGE_BYTES = 256;

type Handler = ((event: never) => unknown) | null;
type EventType = "open" | "message" | "error" | "close";

const encoder = new TextEncoder();

/** The side of a WebSocket that its maker has, and its user does not see. */
export interface Driver extends FrameListener {
  /** Opens it soon: its maker can add listeners before. `idleTimeout`: milliseconds, 0 for none. */
  connect(frames: Frames, idleTimeout: number, draining: AbortSignal): void;
  /** The handshake failed. */
  refuse(): void;
}

/** One WebSocket. */
export class ServerWebSocket extends EventTarget {
  static readonly CONNECTING: 0 = CONNECTING;
  static readonly OPEN: 1 = OPEN;
  static readonly CLOSING: 2 = CLOSING;
  static readonly CLOSED: 3 = CLOSED;
  declare readonly CONNECTING: 0;
  declare readonly OPEN: 1;
  declare readonly CLOSING: 2;
  declare readonly CLOSED: 3;
  readonly #url: string;
  readonly #protocol: string;
  #frames: Frames | null = null;
  #probe: IdleProbe | null = null;
  /** Aborts when the server is going away, or only the connection, which may outlive this socket (RFC 8441). */
  #draining: AbortSignal | null = null;
  #readyState: number = CONNECTING;
  #binaryType: BinaryType = "blob";
  readonly #handlers: Partial<Record<EventType, Handler>> = {};
  /** Blobs, whose bytes come later, and what was sent behind them. */
  #queue: Promise<void> | null = null;
  #queuedBytes = 0;
  #queuedMessages = 0;
  /** Bytes that were sent after the end, or lost with the connection: `bufferedAmount` keeps them (HTML standard). */
  #lostBytes = 0;

  /** Connecting; `drive` gets the maker's side. What listeners throw goes to `report`. */
  constructor(
    url: string,
    protocol: string,
    report: (error: unknown) => void,
    drive: (driver: Driver) => void,
  ) {
    super();
    this.#url = url;
    this.#protocol = protocol;
    reportTo(this, report);
    drive({
      connect: (frames, idleTimeout, draining) => this.#connect(frames, idleTimeout, draining),
      refuse: () => this.#refuse(),
      heard: () => this.#probe?.heard(),
      queued: () => this.#queuedBytes + this.#queuedMessages * MESSAGE_BYTES,
      message: (data) => this.#message(data),
      failed: (error) => this.#failed(error),
      closed: (code, reason) => this.#closed(code, reason),
    });
  }

  #connect(frames: Frames, idleTimeout: number, draining: AbortSignal): void {
    this.#frames = frames;
    queueMicrotask(() => {
      if (this.#readyState === CONNECTING) {
        this.#readyState = OPEN;
        this.dispatchEvent(new Event("open"));
      }
      frames.start();
      if (!this.#isAlive) return;
      if (idleTimeout > 0) this.#probe = new IdleProbe(this.#probed, idleTimeout);
      this.#draining = draining;
      if (draining.aborted) this.#goAway();
      else draining.addEventListener("abort", this.#goAway, { once: true });
    });
  }

  readonly #goAway = (): void => this.close(GOING_AWAY, "the server is going away");

  #refuse(): void {
    queueMicrotask(() => {
      this.#failed(new Error("the request was no handshake of a WebSocket"));
      this.#closed(ABNORMAL, "");
    });
  }

  // As the standard has it.

  get url(): string {
    return this.#url;
  }

  get readyState(): number {
    return this.#readyState;
  }

  get protocol(): string {
    return this.#protocol;
  }

  get extensions(): string {
    return this.#frames?.extensions ?? "";
  }

  get bufferedAmount(): number {
    const held = this.#isAlive ? this.#frames?.bufferedAmount ?? 0 : 0;
    return held + this.#queuedBytes + this.#lostBytes;
  }

  get binaryType(): BinaryType {
    return this.#binaryType;
  }

  set binaryType(type: BinaryType) {
    if (type === "blob" || type === "arraybuffer") this.#binaryType = type;
  }

  /** Sends a message; bytes are those of now. */
  send(data: string | Blob | ArrayBufferLike | ArrayBufferView): void {
    if (this.#readyState === CONNECTING) {
      throw new DOMException("send(): the WebSocket is not open yet", "InvalidStateError");
    }
    const message = messageOf(data);
    if (this.#readyState !== OPEN) {
      this.#lostBytes += sizeOf(message);
    } else if (message instanceof Blob || this.#queue !== null) {
      this.#enqueue(message);
    } else {
      this.#frames!.send(message);
    }
  }

  /** In order: behind a Blob everything waits until its bytes are there. */
  #enqueue(message: string | Bytes | Blob): void {
    const size = sizeOf(message);
    this.#queuedBytes += size;
    this.#queuedMessages++;
    const last = (this.#queue ?? Promise.resolve()).then(async () => {
      try {
        const content = message instanceof Blob ? new Uint8Array(await message.arrayBuffer()) : message;
        this.#queuedBytes -= size;
        this.#queuedMessages--;
        if (this.#isAlive) this.#frames!.send(content);
        else this.#lostBytes += size;
      } catch (error) {
        this.#fail(error); // a Blob of a file that cannot be read
      }
      if (this.#queue === last) this.#queue = null;
    });
    this.#queue = last;
  }

  /**
   * Begins the closing handshake, also before `open`, which does not follow then. A server may say more than a page:
   * 1000 to 1003 and 1007 to 1014, too.
   *
   * @throws {DOMException} `InvalidAccessError` on a code that must not travel, `SyntaxError` on a reason that is too long
   */
  close(code?: number, reason?: string): void {
    if (code !== undefined && !maySay(code = Math.trunc(Number(code)))) {
      throw new DOMException(`close(): ${code} is no code that a server may send`, "InvalidAccessError");
    }
    const text = reason === undefined ? "" : String(reason);
    if (encoder.encode(text).length > MAX_REASON_BYTES) {
      throw new DOMException(`close(): the reason is longer than ${MAX_REASON_BYTES} bytes`, "SyntaxError");
    }
    if (this.#readyState >= CLOSING) return;
    this.#readyState = CLOSING;
    // A reason without a code is one of 1000.
    const end = (): void => this.#frames?.close(code ?? (text === "" ? undefined : 1000), text);
    if (this.#queue === null) end();
    else void this.#queue.then(end);
  }

  /** Ends the connection without a closing handshake; tells why. */
  #fail(error: unknown): void {
    this.#failed(error);
    this.#frames?.terminate();
  }

  // Events of the connection.

  #message(data: string | ArrayBuffer): void {
    if (this.#readyState !== OPEN) return;
    const content = typeof data === "string" || this.#binaryType === "arraybuffer" ? data : new Blob([data]);
    this.dispatchEvent(new MessageEvent("message", { data: content }));
  }

  #failed(error: unknown): void {
    if (this.#readyState === CLOSED) return;
    this.#readyState = CLOSING;
    this.dispatchEvent(errorEvent(error));
  }

  #closed(code: number, reason: string): void {
    if (this.#readyState === CLOSED) return;
    this.#lostBytes += Math.max(0, this.#frames?.bufferedAmount ?? 0);
    this.#readyState = CLOSED;
    this.#draining?.removeEventListener("abort", this.#goAway);
    this.#probe?.stop();
    this.dispatchEvent(closeEvent(code, reason, code !== ABNORMAL));
  }

  get #isAlive(): boolean {
    return this.#readyState === OPEN || this.#readyState === CLOSING;
  }

  get #probed(): Probed {
    const frames = this.#frames!;
    return {
      get isBlocked() {
        return frames.isBlocked;
      },
      ping: () => {
        if (this.#readyState === OPEN) this.#frames!.ping();
      },
      presumedGone: () => {
        this.#fail(new Error("the client has sent nothing for idleTimeout, and answered no ping"));
      },
    };
  }

  // Listeners.

  override addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: AddEventListenerOptions | boolean,
  ): void {
    const guard = listener && guarded(listener) as EventListener;
    EventTarget.prototype.addEventListener.call(this, type, guard, options);
  }

  override removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: EventListenerOptions | boolean,
  ): void {
    const guard = listener && guarded(listener) as EventListener;
    EventTarget.prototype.removeEventListener.call(this, type, guard, options);
  }

  #setHandler(type: EventType, handler: unknown): void {
    const known = type in this.#handlers;
    this.#handlers[type] = typeof handler === "function" ? handler as Handler : null;
    // One listener for all handlers of a type that there will be: its place in the order is that of the first.
    if (!known) this.addEventListener(type, (event) => this.#handlers[type]?.call(this, event as never));
  }

  get onopen(): Handler {
    return this.#handlers.open ?? null;
  }

  set onopen(handler: Handler) {
    this.#setHandler("open", handler);
  }

  get onmessage(): Handler {
    return this.#handlers.message ?? null;
  }

  set onmessage(handler: Handler) {
    this.#setHandler("message", handler);
  }

  get onerror(): Handler {
    return this.#handlers.error ?? null;
  }

  set onerror(handler: Handler) {
    this.#setHandler("error", handler);
  }

  get onclose(): Handler {
    return this.#handlers.close ?? null;
  }

  set onclose(handler: Handler) {
    this.#setHandler("close", handler);
  }
}

Object.assign(ServerWebSocket.prototype, { CONNECTING, OPEN, CLOSING, CLOSED });
// `instanceof WebSocket`, where the platform has one. Every member is ours, or EventTarget's.
if (typeof WebSocket === "function") {
  Object.setPrototypeOf(ServerWebSocket.prototype, WebSocket.prototype);
}

/** What is sent, independent of what becomes of `data`. */
function messageOf(data: unknown): string | Bytes | Blob {
  if (data instanceof Blob) return data;
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  }
  const isBuffer = data instanceof ArrayBuffer ||
    (typeof SharedArrayBuffer === "function" && data instanceof SharedArrayBuffer);
  return isBuffer ? new Uint8Array(data).slice() : String(data);
}

function sizeOf(message: string | Uint8Array | Blob): number {
  if (typeof message === "string") return encoder.encode(message).length;
  return message instanceof Blob ? message.size : message.length;
}

/** Codes that an endpoint may send (RFC 6455 §7.4, and the IANA's registry). */
function maySay(code: number): boolean {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

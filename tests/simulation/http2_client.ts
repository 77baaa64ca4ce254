/**
 * A simulated client of HTTP/2: does its steps on its transport, many requests at a time, within the windows that the
 * server gives it, and checks that the server keeps within its own.
 */
import { ReferenceEncoder } from "../support/hpack.ts";
import { Client } from "./client.ts";
import { Http2Circumstances } from "./http2_circumstances.ts";
import {
  FIRST_WINDOW,
  FLAG,
  frame,
  headersFrames,
  MAX_31,
  PREFACE,
  SETTING,
  settingsPayload,
  TYPE,
  uint32,
} from "./http2_frames.ts";
import { OwnWindows } from "./http2_own_windows.ts";
import type { Http2Ways, SettingsPlan, StreamWay } from "./http2_plan.ts";
import { Http2Receiver, type ReceiverPort } from "./http2_receiver.ts";
import { requestBlock, sendBody } from "./http2_requests.ts";
import { Http2Responses } from "./http2_responses.ts";
import { Http2Sender } from "./http2_sender.ts";
import { ClientStream } from "./http2_stream.ts";
import { VIOLATIONS } from "./http2_violations.ts";
import type { Ledger } from "./ledger.ts";
import type { ClientPlan, ClientStep, Plan, RequestPlan } from "./plan.ts";
import type { World } from "./world.ts";

/** Streams whose client waits for their place for longer are not opened, in milliseconds. */
const PATIENCE = 5_000;

/** One client. */
export class Http2Client extends Client implements ReceiverPort {
  readonly ways: Http2Ways;
  /** What explains what comes. */
  readonly circumstances: Http2Circumstances;
  readonly streams: ClientStream[] = [];
  readonly sender: Http2Sender;
  readonly encoder: ReferenceEncoder;
  /** Octets of DATA that it may still send on the connection, and what the server may. */
  sendWindow: number = FIRST_WINDOW;
  readonly windows: OwnWindows;
  /** What GOAWAY told: the last of them counts. */
  lastStream: number = Infinity;
  goawayCode: number | null = null;
  readonly #receiver = new Http2Receiver(this);
  readonly #responses: Http2Responses;
  #nextId = 1;
  /** What the server's SETTINGS say. */
  #streamWindow = FIRST_WINDOW;
  #streamsAllowed = Infinity;
  readonly #pings: Uint8Array[] = [];
  /** Whether the size of its dynamic table has changed since the last request: a block tells of two changes at most. */
  #isResized = false;

  constructor(world: World, ledger: Ledger, plan: ClientPlan, run: Plan) {
    super(world, ledger, plan);
    this.ways = plan.http2!;
    this.encoder = new ReferenceEncoder(4096);
    this.sender = new Http2Sender(world, this.ways, this, (bytes) => this.sendBytes(bytes));
    this.circumstances = new Http2Circumstances(this, run);
    this.#responses = new Http2Responses(this.circumstances, (message) => this.malformed(message));
    this.windows = new OwnWindows(this.ways, this.sender);
  }

  get tunnels(): boolean {
    return false;
  }

  // Its steps.

  async run(): Promise<void> {
    this.sender.write(PREFACE);
    this.#sendSettings(this.ways.settings);
    this.windows.widen(this.ways.connectionWindow);
    if (this.ways.table !== 4096) this.encoder.resize(this.ways.table);
    for (const step of this.plan.steps) {
      if (this.isBroken || this.hasEnded) return;
      await this.#do(step);
      if (step.do !== "open" || step.way.awaits) this.sender.flush();
    }
    this.sender.flush();
  }

  /** Whether it may send what has to do with new streams. */
  get #maySend(): boolean {
    return !this.hasErred && this.lastStream === Infinity && !this.sawEnd && !this.isBroken && !this.hasEnded;
  }

  async #do(step: ClientStep): Promise<void> {
    switch (step.do) {
      case "open":
        return await this.#open(step.request, step.way);
      case "wait":
        return await this.world.sleep(step.ms);
      case "answers":
        this.sender.flush();
        return await this.waitFor(() => this.streams.every(({ isOver }) => isOver), step.ms);
      case "stop reading":
        this.circumstances.hasStopped = true;
        this.reads = false;
        return;
      case "read on":
        this.reads = true;
        return this.transport.readOn();
      case "end":
        return this.end();
      case "reset":
        return this.reset();
    }
    if (!this.#maySend) return;
    switch (step.do) {
      case "rst":
        return this.#reset(this.#streamOf(step.of), step.code);
      case "ping":
        for (let i = 0; i < step.count; i++) this.#ping();
        return;
      case "settings":
        return this.#sendSettings(step.values);
      case "table":
        if (!this.#isResized) this.encoder.resize(step.size);
        this.#isResized = true;
        return;
      case "priority":
        return this.#reprioritize(this.#streamOf(step.of), step.field);
      case "unknown": {
        const id = this.#streamOf(step.of)?.id ?? 0;
        return this.sender.write(frame(TYPE.unknown, 0xff, id, new Uint8Array(step.length)));
      }
      case "goaway":
        return this.sender.write(frame(TYPE.goaway, 0, 0, [...uint32(0), ...uint32(0), 0x61]));
      case "give":
        return this.windows.giveSome(this.streams);
      case "violate":
        return this.#violate(step.name, this.#streamOf(step.of));
      case "flood":
        return this.#flood(step.request, step.count, step.code);
    }
  }

  async #open(request: RequestPlan, way: StreamWay): Promise<void> {
    const isFree = (): boolean => this.streams.filter(({ isOver }) => !isOver).length < this.#streamsAllowed;
    if (!isFree()) this.sender.flush();
    await this.waitFor(() => isFree() || !this.#maySend, PATIENCE);
    if (!isFree() || !this.#maySend) return;
    const stream = this.#begin(request, way);
    const sending = sendBody(this, stream);
    if (way.awaits) await sending;
  }

  /** Sends the head of a request. */
  #begin(request: RequestPlan, way: StreamWay): ClientStream {
    const entry = this.ledger.open(this.plan.id, request);
    this.asked.push(entry);
    const id = this.#nextId;
    this.#nextId += 2;
    const { stream: window, settingsSent } = this.windows;
    const stream = new ClientStream(id, entry, way, this.#streamWindow, window, settingsSent);
    this.streams.push(stream);
    const endsStream = request.body === null && !way.endsApart;
    const block = requestBlock(this, stream);
    this.#isResized = false;
    this.sender.write(...headersFrames(id, block, endsStream ? FLAG.endStream : 0, way.headers));
    this.sender.whenSent(() => stream.isOpened = true);
    if (endsStream) this.requestEnded(stream);
    this.circumstances.countBusy();
    return stream;
  }

  /** END_STREAM was written. */
  requestEnded(stream: ClientStream): void {
    stream.sentEnd = true;
    const { entry } = stream;
    this.sender.whenSent(() => entry.isSent = entry.request.defect === null && !stream.isReset);
  }

  #streamOf(request: number): ClientStream | undefined {
    return this.streams.find(({ entry }) => entry.request.id === request);
  }

  #reset(stream: ClientStream | undefined, code: number): void {
    if (stream === undefined || stream.isOver || stream.resetCode !== null) return;
    this.circumstances.countResets(1);
    stream.isReset = stream.entry.isReset = true;
    this.sender.write(frame(TYPE.rstStream, 0, stream.id, uint32(code)));
  }

  #flood(request: RequestPlan, count: number, code: number): void {
    this.circumstances.countResets(count);
    for (let i = 0; i < count; i++) {
      const way: StreamWay = {
        headers: { splits: [], padding: -1, hasPriority: false },
        data: [100],
        pads: [-1],
        gap: -1,
        endsApart: false,
        awaits: false,
        priority: null,
      };
      this.#reset(this.#begin({ ...request, id: request.id + i }, way), code);
    }
  }

  #ping(): void {
    const data = Uint8Array.from([...uint32(this.plan.id), ...uint32(this.#pings.length)]);
    this.#pings.push(data);
    this.sender.write(frame(TYPE.ping, 0, 0, data));
  }

  #sendSettings(values: SettingsPlan): void {
    this.windows.settingsAreSent(values);
    this.sender.write(frame(TYPE.settings, 0, 0, settingsPayload(values)));
  }

  #reprioritize(stream: ClientStream | undefined, field: string | null): void {
    if (stream === undefined) return;
    if (field === null) return this.sender.write(frame(TYPE.priority, 0, stream.id, [...uint32(0), 3]));
    const octets = new TextEncoder().encode(field);
    this.sender.write(frame(TYPE.priorityUpdate, 0, 0, [...uint32(stream.id), ...octets]));
  }

  #violate(name: string, stream: ClientStream | undefined): void {
    const violation = VIOLATIONS[name];
    this.hasErred = true;
    this.circumstances.violated = stream ?? null;
    this.sender.write(...violation.frames({ opened: stream?.id ?? 0, next: this.#nextId }));
    this.sender.whenSent(() => this.circumstances.violation = violation);
  }

  // What the transport tells.

  protected feed(bytes: Uint8Array): void {
    this.#receiver.feed(bytes);
    this.sender.flush();
  }

  protected feedEnd(isWhole: boolean): void {
    this.#receiver.end(isWhole);
  }

  /** What it was told in HTTP/1.1, which a server may speak before it has read the preface. */
  get http1(): string | null {
    return this.#receiver.http1;
  }

  // What the receiver tells.

  settingsCame(values: readonly (readonly [id: number, value: number])[]): void {
    for (const [id, value] of values) {
      if (id === SETTING.maxConcurrentStreams) this.#streamsAllowed = value;
      if (id !== SETTING.initialWindowSize) continue;
      for (const stream of this.streams) stream.sendWindow += value - this.#streamWindow;
      this.#streamWindow = value;
    }
    this.#later(this.ways.acks, () => this.sender.write(frame(TYPE.settings, FLAG.ack, 0, [])));
  }

  settingsAcknowledged(): void {
    const values = this.windows.acknowledge(this.streams);
    if (values === null) return this.malformed("SETTINGS are acknowledged that were not sent");
    const table = values.findLast(([id]) => id === SETTING.headerTableSize);
    if (table !== undefined) this.#receiver.headers.maxSize = table[1];
  }

  pingCame(data: Uint8Array): void {
    const copy = data.slice();
    this.#later(this.ways.pongs, () => this.sender.write(frame(TYPE.ping, FLAG.ack, 0, copy)));
  }

  pongCame(data: Uint8Array): void {
    const expected = this.#pings.shift();
    if (String(expected) !== String(data)) {
      this.malformed("a PING is answered that was not sent, or out of turn");
    }
  }

  goawayCame(last: number, code: number, text: string): void {
    this.world.note(() => `client ${this.plan.id} gets GOAWAY ${last}, code ${code}: ${text}`);
    if (last > this.lastStream) this.malformed("a later GOAWAY names a later stream");
    if (last !== MAX_31 && last >= this.#nextId + 6) {
      this.malformed("GOAWAY names a stream that was not opened");
    }
    if (code !== 0 && !this.circumstances.explains(code)) {
      this.malformed(`GOAWAY with code ${code}, for which there is no reason: ${text}`);
    }
    this.lastStream = last;
    this.goawayCode = code;
  }

  windowCame(id: number, increment: number): void {
    if (id === 0) {
      this.sendWindow += increment;
      if (this.sendWindow > 2 * this.circumstances.maxWindow) {
        this.malformed("the connection's window is beyond its limit");
      }
      return;
    }
    const stream = this.#streamOfFrame(id, "WINDOW_UPDATE");
    if (stream === undefined) return;
    if (stream.resetCode !== null) this.malformed("WINDOW_UPDATE behind RST_STREAM");
    stream.sendWindow += increment;
    if (stream.sendWindow > this.circumstances.maxWindow) {
      this.malformed("a stream's window is beyond its limit");
    }
  }

  /** The stream of a frame; where what it has sent is not right, there may be others. */
  #streamOfFrame(id: number, what: string): ClientStream | undefined {
    const stream = this.streams[(id - 1) / 2];
    if (stream === undefined && !this.hasErred) {
      this.malformed(`${what} of stream ${id}, which was not opened`);
    }
    return stream;
  }

  headersCame(id: number, lines: readonly (readonly [string, string])[], endsStream: boolean): void {
    const stream = this.#streamOfFrame(id, "HEADERS");
    if (stream === undefined) return;
    this.world.note(() => `client ${this.plan.id} gets ${lines[0]?.[1]} for ${stream.entry.name}`);
    if (this.#isOpen(stream, "HEADERS")) this.#responses.headersCame(stream, lines, endsStream);
  }

  dataCame(id: number, bytes: Uint8Array, length: number, endsStream: boolean): void {
    const stream = this.#streamOfFrame(id, "DATA");
    const isOpen = stream !== undefined && this.#isOpen(stream, "DATA");
    const fault = this.windows.take(isOpen ? stream : undefined, length);
    if (fault !== null) this.malformed(fault);
    if (isOpen) this.#responses.dataCame(stream, bytes, endsStream);
    this.#later(this.ways.gives, () => this.windows.give(stream));
  }

  resetCame(id: number, code: number): void {
    const stream = this.#streamOfFrame(id, "RST_STREAM");
    if (stream === undefined) return;
    this.world.note(() => `client ${this.plan.id} gets RST_STREAM for ${stream.entry.name}, code ${code}`);
    stream.entry.isReset = true;
    this.#responses.resetCame(stream, code);
  }

  /** Whether the server may send on `stream`; what crosses our RST_STREAM is of no interest. */
  #isOpen(stream: ClientStream, what: string): boolean {
    if (stream.sawEnd || stream.resetCode !== null) {
      this.malformed(`${what} to ${stream.entry.name} behind its end`);
    }
    return !stream.isReset;
  }

  malformed(message: string): void {
    this.fail(message);
  }

  /** Does what is sent in answer, after so long. */
  #later(ms: number, act: () => void): void {
    if (ms < 0) return;
    const mayAct = (): boolean => !this.isBroken && !this.hasEnded && !this.hasErred;
    if (ms === 0) {
      if (mayAct()) act();
      return;
    }
    this.world.after(ms, () => {
      if (!mayAct()) return;
      act();
      this.sender.flush();
    });
  }

  /** Waits, for a part of a request. */
  wait(isThere: () => boolean, ms: number): Promise<void> {
    return this.waitFor(isThere, ms);
  }
}

/**
 * A simulated client of HTTP/2: does its steps on its transport, many requests at a time, within the windows that the
 * server gives it, and checks that the server keeps within its own.
 */
import { ReferenceEncoder } from "../support/hpack.ts";
import { Client } from "./client.ts";
import {
  CODE,
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
import type { Http2Ways, SettingsPlan, StreamWay } from "./http2_plan.ts";
import { Http2Receiver, type ReceiverPort } from "./http2_receiver.ts";
import { requestBlock, sendBody } from "./http2_requests.ts";
import { type Circumstances, Http2Responses, initialWindow } from "./http2_responses.ts";
import { Http2Sender } from "./http2_sender.ts";
import { ClientStream } from "./http2_stream.ts";
import { type Violation, VIOLATIONS } from "./http2_violations.ts";
import type { Ledger } from "./ledger.ts";
import type { ClientPlan, ClientStep, Plan, RequestPlan } from "./plan.ts";
import type { World } from "./world.ts";

/** Streams whose client waits for their place for longer are not opened, in milliseconds. */
const PATIENCE = 5_000;

/** One client. */
export class Http2Client extends Client implements ReceiverPort, Circumstances {
  readonly ways: Http2Ways;
  readonly maxBodyBytes: number;
  readonly streams: ClientStream[] = [];
  readonly sender: Http2Sender;
  readonly encoder: ReferenceEncoder;
  /** Octets of DATA that the client, and the server, may still send on the connection. */
  sendWindow: number = FIRST_WINDOW;
  receiveWindow: number;
  /** What GOAWAY told: the last of them counts. */
  lastStream: number = Infinity;
  goawayCode: number | null = null;
  /** What it has done wrong, once that has left. */
  violation: Violation | null = null;
  #violated: ClientStream | null = null;
  readonly #receiver = new Http2Receiver(this);
  readonly #responses: Http2Responses;
  readonly #maxStreams: number;
  readonly #maxWindow: number;
  #nextId = 1;
  #used = 0;
  /** What the server's SETTINGS say. */
  #streamWindow = FIRST_WINDOW;
  #streamsAllowed = Infinity;
  /** Own SETTINGS: those that wait for an acknowledgement, how many there were, and the window in the last. */
  readonly #settings: SettingsPlan[] = [];
  #settingsSent = 0;
  #settingsSeen = 0;
  #ownWindow = FIRST_WINDOW;
  readonly #pings: Uint8Array[] = [];
  /** Whether it has ever done what makes the server's view of streams and times differ from its own. */
  #hasReset = false;
  #hasStopped = false;
  /** The most streams, or running handlers, that there were. */
  #mostBusy = 0;
  #hasFlooded = false;

  constructor(world: World, ledger: Ledger, plan: ClientPlan, { options, http2 }: Plan) {
    super(world, ledger, plan);
    this.ways = plan.http2!;
    const option = (name: string, usual: number): number =>
      Number(new Map<string, unknown>([...options, ...http2 ?? []]).get(name) ?? usual);
    this.maxBodyBytes = option("maxBodyBytes", 0);
    this.#maxStreams = option("maxConcurrentStreams", 100);
    this.#maxWindow = Math.max(
      FIRST_WINDOW,
      option("maxWindowSize", 2 ** 20),
      option("initialWindowSize", 0),
    );
    this.encoder = new ReferenceEncoder(4096);
    this.sender = new Http2Sender(world, this.ways, this, (bytes) => this.sendBytes(bytes));
    this.#responses = new Http2Responses(this, (message) => this.malformed(message));
    this.receiveWindow = FIRST_WINDOW;
  }

  get tunnels(): boolean {
    return false;
  }

  // Its steps.

  async run(): Promise<void> {
    this.sender.write(PREFACE);
    this.#sendSettings(this.ways.settings);
    if (this.ways.connectionWindow > 0) {
      this.receiveWindow += this.ways.connectionWindow;
      this.sender.write(frame(TYPE.windowUpdate, 0, 0, uint32(this.ways.connectionWindow)));
    }
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
        this.#hasStopped = true;
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
        return this.encoder.resize(step.size);
      case "priority":
        return this.#reprioritize(this.#streamOf(step.of), step.field);
      case "unknown": {
        const id = this.#streamOf(step.of)?.id ?? 0;
        return this.sender.write(frame(TYPE.unknown, 0xff, id, new Uint8Array(step.length)));
      }
      case "goaway":
        return this.sender.write(frame(TYPE.goaway, 0, 0, [...uint32(0), ...uint32(0), 0x61]));
      case "give":
        for (const stream of this.streams) this.#giveStream(stream, Math.max(stream.used, 1_000));
        return this.#giveConnection(Math.max(this.#used, 1_000));
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
    const stream = new ClientStream(id, entry, way, this.#streamWindow, this.#ownWindow, this.#settingsSent);
    this.streams.push(stream);
    const endsStream = request.body === null && !way.endsApart;
    const block = requestBlock(this, stream);
    this.sender.write(...headersFrames(id, block, endsStream ? FLAG.endStream : 0, way.headers));
    this.sender.whenSent(() => stream.isOpened = true);
    if (endsStream) this.requestEnded(stream);
    this.countBusy();
    return stream;
  }

  /** END_STREAM was written. */
  requestEnded(stream: ClientStream): void {
    stream.sentEnd = true;
    const { entry } = stream;
    this.sender.whenSent(() => entry.isSent = entry.request.defect === null && !stream.isReset);
  }

  /** Notes how much is under way. */
  countBusy(): void {
    const open = this.streams.filter(({ isOver }) => !isOver).length;
    const running = this.asked.filter(({ isRunning }) => isRunning).length;
    this.#mostBusy = Math.max(this.#mostBusy, open, running);
  }

  #streamOf(request: number): ClientStream | undefined {
    return this.streams.find(({ entry }) => entry.request.id === request);
  }

  #reset(stream: ClientStream | undefined, code: number): void {
    if (stream === undefined || stream.isOver || stream.resetCode !== null) return;
    this.#hasReset = true;
    stream.isReset = stream.entry.isReset = true;
    this.sender.write(frame(TYPE.rstStream, 0, stream.id, uint32(code)));
  }

  #flood(request: RequestPlan, count: number, code: number): void {
    this.#hasFlooded ||= count > 300;
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
    this.#settings.push(values);
    this.#settingsSent++;
    this.#ownWindow = initialWindow(values) ?? this.#ownWindow;
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
    this.#violated = stream ?? null;
    this.sender.write(...violation.frames({ opened: stream?.id ?? 0, next: this.#nextId }));
    this.sender.whenSent(() => this.violation = violation);
  }

  // What explains what comes.

  get mayBeRefused(): boolean {
    if (this.asked.length <= this.#maxStreams && this.#mostBusy < this.#maxStreams) return false;
    return this.#mostBusy >= this.#maxStreams || this.#hasReset || this.#hasStopped;
  }

  get isSlow(): boolean {
    const { latency, room, drainDelay } = this.plan.transport;
    return this.#hasStopped || this.hasEnded || this.hasErred || this.ways.gives !== 0 || this.ways.gap > 0 ||
      latency > 0 || drainDelay > 0 ||
      room < 1_000_000 || this.receiveWindow <= 0 || initialWindow(this.ways.settings) !== null ||
      this.plan.steps.some((step) => step.do === "settings");
  }

  codesOf(stream: ClientStream): readonly number[] {
    return this.hasErred && (this.violation?.mayBeOfStream || this.#violated === stream)
      ? this.violation?.codes ?? []
      : [];
  }

  /** Whether it may not have acknowledged SETTINGS in time. */
  get mayBeLate(): boolean {
    return this.ways.acks !== 0 || this.isSlow;
  }

  /** Whether a GOAWAY with this code has a reason. */
  explains(code: number): boolean {
    if (code === CODE.settingsTimeout) return this.mayBeLate;
    if (code === CODE.enhanceYourCalm && (this.#hasFlooded || this.ways.gap > 0 || this.hasEnded)) {
      return true;
    }
    return this.hasErred && (this.violation === null || this.violation.codes.includes(code));
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
    const values = this.#settings.shift();
    if (values === undefined) return this.malformed("SETTINGS are acknowledged that were not sent");
    const seen = this.#settingsSeen++;
    const window = initialWindow(values);
    if (window !== null) {
      const before = this.#acknowledgedWindow;
      for (const stream of this.streams) {
        if (stream.settingsSent <= seen) stream.receiveWindow += window - before;
      }
      this.#acknowledgedWindow = window;
    }
    const table = values.findLast(([id]) => id === SETTING.headerTableSize);
    if (table !== undefined) this.#receiver.headers.maxSize = table[1];
  }

  #acknowledgedWindow = FIRST_WINDOW;

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
    if (code !== 0 && !this.explains(code)) {
      this.malformed(`GOAWAY with code ${code}, for which there is no reason: ${text}`);
    }
    this.lastStream = last;
    this.goawayCode = code;
  }

  windowCame(id: number, increment: number): void {
    if (id === 0) {
      this.sendWindow += increment;
      if (this.sendWindow > 2 * this.#maxWindow) {
        this.malformed("the connection's window is beyond its limit");
      }
      return;
    }
    const stream = this.#streamOfFrame(id, "WINDOW_UPDATE");
    if (stream === undefined) return;
    if (stream.resetCode !== null) this.malformed("WINDOW_UPDATE behind RST_STREAM");
    stream.sendWindow += increment;
    if (stream.sendWindow > this.#maxWindow) this.malformed("a stream's window is beyond its limit");
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
    this.receiveWindow -= length;
    this.#used += length;
    if (this.receiveWindow < 0) this.malformed("more DATA than the connection's window allows");
    const stream = this.#streamOfFrame(id, "DATA");
    if (stream !== undefined && this.#isOpen(stream, "DATA")) {
      stream.receiveWindow -= length;
      stream.used += length;
      if (stream.receiveWindow < 0 && length > 0) {
        this.malformed(`more DATA to ${stream.entry.name} than its window allows`);
      }
      this.#responses.dataCame(stream, bytes, endsStream);
    }
    this.#later(this.ways.gives, () => this.#give(stream));
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

  // Windows.

  #give(stream: ClientStream | undefined): void {
    const { share } = this.ways;
    if (stream !== undefined && (stream.receiveWindow <= 0 || stream.used >= share * this.#ownWindow)) {
      this.#giveStream(stream, stream.used);
    }
    if (this.receiveWindow <= 0 || this.#used >= share * FIRST_WINDOW) this.#giveConnection(this.#used);
  }

  #giveStream(stream: ClientStream, count: number): void {
    if (stream.isAnswered || count === 0) return;
    stream.used = 0;
    stream.receiveWindow += count;
    this.sender.write(frame(TYPE.windowUpdate, 0, stream.id, uint32(count)));
  }

  #giveConnection(wanted: number): void {
    const count = Math.min(wanted, MAX_31 - this.receiveWindow);
    if (count <= 0) return;
    this.#used = 0;
    this.receiveWindow += count;
    this.sender.write(frame(TYPE.windowUpdate, 0, 0, uint32(count)));
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

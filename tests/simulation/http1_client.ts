/**
 * A simulated client of HTTP/1.1: does its steps on its transport, reads what comes, and judges each response by the
 * ledger.
 */
import { concat } from "../support/bytes.ts";
import { type Body, Client } from "./client.ts";
import { sameBytes } from "./content.ts";
import type { Entry } from "./ledger.ts";
import type { ClientStep, RequestPlan } from "./plan.ts";
import { encodeRequest, responseContent } from "./request_writer.ts";
import { ON_ERROR_TEXT } from "./server_callbacks.ts";
import { type ResponseListener, ResponseReader, type SeenResponse } from "./response_reader.ts";

/** Answers that the engine gives by itself, to requests that are not wrong in themselves. */
const REFUSALS: ReadonlySet<number> = new Set([408, 413, 503]);

const SERVER_ERROR_TEXT = new TextEncoder().encode("500 Internal Server Error\n");
const SERVER_ERROR_LENGTH = SERVER_ERROR_TEXT.length;
const SERVER_ERROR: Body = (from, to) => SERVER_ERROR_TEXT.subarray(from, to);
const ON_ERROR: Body = (from, to) => ON_ERROR_BODY.subarray(from, to);
const ON_ERROR_BODY = new TextEncoder().encode(ON_ERROR_TEXT);
const NO_BODY: Body = () => new Uint8Array(0);

/** One client. */
export class Http1Client extends Client implements ResponseListener {
  /** How many of its requests were answered. */
  answered = 0;
  readonly #reader = new ResponseReader(this);
  /** Requests that go in one piece with the next. */
  readonly #joined: Uint8Array[] = [];
  #saw100 = false;
  /** It has sent a part of a request, and sends no more. */
  #isCutOff = false;

  /** Whether a response has said that it is the last. */
  get sawLast(): boolean {
    return this.#reader.isLast;
  }

  /** Whether the connection is another protocol's. */
  get tunnels(): boolean {
    return this.#reader.tunnel !== null;
  }

  /** Does its steps. */
  async run(): Promise<void> {
    for (const step of this.plan.steps) {
      if (this.isBroken || this.hasEnded) return;
      if (step.do !== "send") await this.#sendJoined([], 0);
      await this.#do(step);
    }
    await this.#sendJoined([], 0);
  }

  async #do(step: ClientStep): Promise<void> {
    switch (step.do) {
      case "send":
        return await this.#send(step);
      case "junk":
        if (this.#isCutOff || this.sawLast) return;
        this.hasErred = true;
        return this.sendBytes(new TextEncoder().encode(step.text));
      case "wait":
        return await this.world.sleep(step.ms);
      case "answers":
        return await this.waitFor(() => this.answered >= this.asked.length, step.ms);
      case "stop reading":
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
  }

  async #send(step: Extract<ClientStep, { do: "send" }>): Promise<void> {
    // What it would send after the last response, or into a tunnel, is no request.
    if (this.tunnels || this.sawLast || this.#isCutOff) return;
    const { request, part, cuts, gap } = step;
    const entry = this.ledger.open(this.plan.id, request);
    const { head, body } = encodeRequest(this.plan.id, request);
    entry.headLength = head.length;
    entry.bodyLength = body.length;
    if (request.defect !== null) this.hasErred = true;
    this.asked.push(entry);
    this.#saw100 = false;
    const expects = request.body?.expects ?? null;
    if (part !== null) {
      this.#isCutOff = true;
      this.#joined.push(concat([head, body]).subarray(0, Math.min(part, head.length + body.length - 1)));
      return await this.#sendJoined(cuts, gap);
    }
    if (expects === null) {
      this.#joined.push(head, body);
      if (!step.joins) await this.#sendJoined(cuts, gap);
    } else {
      this.#joined.push(head);
      await this.#sendJoined(cuts, gap);
      const isOver = (): boolean => this.#saw100 || this.answered >= this.asked.length;
      await this.waitFor(isOver, expects);
      // Whose request was answered without 100 need not send the body that it announced.
      if (!this.#saw100 && this.sawLast) return;
      this.#joined.push(body);
      await this.#sendJoined(cuts, gap);
    }
    if (this.isBroken || this.hasEnded) return;
    entry.isSent = request.defect === null;
  }

  /** Sends what was joined, in pieces of these sizes, again and again, `gap` apart. */
  async #sendJoined(cuts: readonly number[], gap: number): Promise<void> {
    const bytes = concat(this.#joined.splice(0));
    for (let at = 0, i = 0; at < bytes.length; i++) {
      if (this.isBroken || this.hasEnded) return;
      const to = cuts.length === 0
        ? bytes.length
        : Math.min(bytes.length, at + Math.max(1, cuts[i % cuts.length]));
      this.sendBytes(bytes.subarray(at, to));
      at = to;
      if (gap >= 0) await this.world.sleep(gap);
    }
  }

  // What the transport tells.

  protected feed(bytes: Uint8Array): void {
    this.#reader.feed(bytes);
  }

  protected feedEnd(isWhole: boolean): void {
    this.#reader.end(isWhole);
  }

  // What the reader tells.

  method(): string | null {
    return this.asked[this.answered]?.request.method ?? null;
  }

  responded(response: SeenResponse): void {
    this.world.note(() => `client ${this.plan.id} gets ${response.status}, ${response.length} bytes`);
    if (response.status >= 200) {
      this.#judge(response);
      this.answered++;
    } else if (response.status === 100) {
      if (this.asked[this.answered].request.body?.expects == null) {
        this.fail("100 came to a client that expects none");
      }
      if (this.asked[this.answered].request.minor === 0) this.fail("100 came to HTTP/1.0");
      this.#saw100 = true;
    } else if (this.asked[this.answered].request.minor === 0 && response.status !== 101) {
      this.fail(`${response.status} came to HTTP/1.0`);
    }
  }

  malformed(message: string): void {
    this.fail(message);
  }

  // Whether it is right.

  bodyCame(response: SeenResponse, piece: Uint8Array): void {
    const expected = this.#bodyOf(response);
    if (expected === null) return;
    const from = response.length;
    if (!sameBytes(piece, expected(from, from + piece.length))) {
      this.fail(`the body of the answer to ${this.asked[this.answered].name} is wrong from ${from} on`);
    }
  }

  /** What the body of a response must be; `null` for texts that the engine makes. */
  #bodyOf({ status, fields }: SeenResponse): Body | null {
    const name = fields.get("x-name");
    if (name === "error") return ON_ERROR;
    if (name !== undefined) return this.asked[this.answered]?.answer.body ?? NO_BODY;
    return status === 500 ? SERVER_ERROR : null;
  }

  #judge(response: SeenResponse): void {
    const entry = this.asked[this.answered];
    const name = response.fields.get("x-name");
    if (entry === undefined) {
      const isRefusal = name === undefined && (this.hasErred || REFUSALS.has(response.status));
      if (!isRefusal) this.fail(`a ${response.status} that nobody asked for`);
      return;
    }
    if (name === undefined) return this.#judgeOwn(response, entry);
    if (name === "error") return this.#judgeError(response, entry);
    if (name !== entry.name) return this.fail(`the answer to ${entry.name} is that to ${name}`);
    if (response.status !== entry.answer.status) {
      return this.fail(`the answer to ${name} has status ${response.status}, not ${entry.answer.status}`);
    }
    if (entry.request.minor === 0 && response.framing === "chunked") {
      this.fail("a chunked response to HTTP/1.0");
    }
    if (wantsClose(entry.request) && !this.#reader.isLast) {
      this.fail(`the answer to ${name} does not close, as asked`);
    }
    if (response.framing === "none") return;
    // One that is as long as it says is complete before its handler says so.
    const isKnown = entry.answer.phase === "complete" ||
      (response.framing === "length" && entry.answer.phase === "streaming");
    if (!isKnown) this.fail(`the answer to ${name} is complete, and its handler has not ended`);
    // Where the handler gave more than it said, the rest is not sent, and the connection ends.
    const isTooLong = entry.failed && response.framing === "length" && response.length < entry.answer.length;
    if (response.length !== entry.answer.length && !isTooLong) {
      this.fail(`the answer to ${name} has ${response.length} bytes instead of ${entry.answer.length}`);
    }
    if (response.framing === "chunked" && entry.answer.trailers !== response.trailers.length > 0) {
      this.fail(`the answer to ${name} has ${response.trailers.length} trailers`);
    }
  }

  /** A response that the engine itself has made. */
  #judgeOwn({ status, framing, length }: SeenResponse, entry: Entry): void {
    if (status === 500) {
      if (!entry.failed) this.fail(`500 came to ${entry.name}, whose handler has not failed`);
      if (framing !== "none" && length !== SERVER_ERROR_LENGTH) this.fail("the body of a 500 is wrong");
      return;
    }
    if (entry.request.method === "CONNECT" && status === 200 && entry.upgraded) return;
    if (status < 400) return this.fail(`a ${status} to ${entry.name} that no handler has sent`);
    const isRefusal = REFUSALS.has(status) || this.hasErred;
    if (!isRefusal) return this.fail(`${status} came to ${entry.name}, which is right`);
    if (!this.#reader.isLast) this.fail(`a ${status} of the engine's that does not close`);
  }

  /** A response that `onError` has made. */
  #judgeError({ status, framing, length }: SeenResponse, entry: Entry): void {
    if (!entry.failed || status !== 500) {
      this.fail(`an answer of onError to ${entry.name}, which has not failed`);
    }
    if (framing !== "none" && length !== ON_ERROR_TEXT.length) {
      this.fail("the body of an answer of onError is wrong");
    }
  }

  tunnelled(bytes: Uint8Array, before: number): void {
    const entry = this.asked[Math.max(0, this.asked.findLastIndex(({ upgraded }) => upgraded))];
    const to = before + bytes.length;
    const expected = responseContent(this.plan.id, entry.request.id).bytes(before, to);
    if (bytes.length === 0) return;
    if (!entry.upgraded) this.fail(`${entry.name} was switched over by nobody`);
    else if (to > entry.answer.length || !sameBytes(bytes, expected)) {
      this.fail(`the bytes of the tunnel of ${entry.name} are wrong from ${before} on`);
    }
  }
}

function wantsClose({ minor, fields }: RequestPlan): boolean {
  const options = fields.filter(([name]) => name === "Connection").map(([, value]) => value.toLowerCase());
  if (options.some((value) => value.includes("close"))) return true;
  return minor === 0 && !options.includes("keep-alive");
}

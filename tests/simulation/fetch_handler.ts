/**
 * A `fetch` handler that does what the plan says, right and wrong, and writes into the ledger what its responses
 * are made of.
 */
import type { FetchHandler, FetchInfo } from "../../src/api/fetch.ts";
import type { Timeouts } from "../../src/api/timeouts.ts";
import { FastResponse } from "../../src/fetch/fast_response.ts";
import type { Content } from "./content.ts";
import { type Acting, Call, drive, HandlerError, type Surroundings, thenable } from "./handler_call.ts";
import { Answer, type Entry, STRANGER } from "./ledger.ts";
import type { Act, FetchBody } from "./plan.ts";
import { responseContent } from "./request_writer.ts";
import { useTunnel } from "./tunnel_user.ts";

const encoder = new TextEncoder();

/** The handler of a run. */
export function fetchHandler(surroundings: Surroundings): FetchHandler {
  return (request, info) => {
    const name = request.headers.get("x-name") ?? "";
    if (name === STRANGER) {
      surroundings.ledger.strangers++;
      return new FastResponse(null, { status: 204 });
    }
    const entry = surroundings.ledger.find(name);
    if (entry === undefined) {
      surroundings.world.fail(`a request that nobody sent: ${request.method} ${request.url}`);
      return new FastResponse();
    }
    const call = new FetchCall(surroundings, request, info, entry);
    surroundings.world.note(() => `the handler is called for ${entry.name}`);
    return answer(call);
  };
}

function answer(call: FetchCall): Response | Promise<Response> {
  const { entry, plan, world } = call;
  entry.isReturned = false;
  const failed = (error: unknown): never => {
    entry.isReturned = true;
    entry.isRunning = false;
    entry.failed = true;
    throw error;
  };
  const ended = (): Response => {
    entry.isReturned = true;
    entry.isRunning = false;
    if (call.response === undefined) entry.failed = true;
    return call.response as Response;
  };
  let running: void | Promise<void>;
  try {
    running = drive(call.perform(plan.acts));
  } catch (error) {
    return failed(error);
  }
  if (running instanceof Promise) call.runsOn();
  const response = running instanceof Promise ? running.then(ended, failed) : ended();
  if (plan.returns === "thenable" || plan.returns === "twice") {
    return thenable(response, plan.returns === "twice" ? 2 : 1, world) as Promise<Response>;
  }
  return response;
}

/** A call with a request. */
class FetchCall extends Call {
  readonly #request: Request;
  readonly #info: FetchInfo;
  /** What is returned at last: a response, mostly. */
  response: unknown = undefined;
  #sendsTrailers = false;

  constructor(surroundings: Surroundings, request: Request, info: FetchInfo, entry: Entry) {
    super(surroundings, info.connection, entry);
    this.#request = request;
    this.#info = info;
  }

  checkIdentity(): void {
    const name = this.#request.headers.get("x-name");
    if (name !== this.entry.name) this.world.fail(`the request ${this.entry.name} is that of ${name}`);
    if (this.#request.method !== this.entry.request.method) this.world.fail(`the method of ${name} is wrong`);
  }

  protected *doOwn(act: Act): Acting {
    switch (act.act) {
      case "return":
        return this.#makeResponse(act);
      case "interim":
        return this.ask(this.entry.answer.phase === "unanswered", "earlyHints()", () => {
          this.#info.earlyHints({ link: "</a>" });
        });
      case "abort": // there is none: it watches its end instead, and does not care
        void this.#info.completed;
        return;
      case "upgrade": {
        const upgraded = this.ask(false, "upgrade()", () => this.#info.upgrade());
        this.response = upgraded.response;
        yield* useTunnel(this.world, this.entry, upgraded, act);
        return;
      }
      default:
        throw new TypeError(`no act of a fetch handler: ${act.act}`);
    }
  }

  #makeResponse(act: Extract<Act, { act: "return" }>): void {
    const { entry } = this;
    if (entry.upgraded) return;
    if (act.made === "nothing" || act.made === "number") {
      entry.failed = true;
      entry.answer = new Answer();
      this.response = act.made === "number" ? 200 : undefined;
      return;
    }
    const { status, body, lengthOff, trailers } = act;
    const headers: Record<string, string> = { "x-name": entry.name };
    const content = responseContent(entry.client, entry.request.id);
    const isBodiless = status === 204 || status === 304 || status === 205;
    const answer = entry.answer = new Answer();
    const given = isBodiless ? null : this.#body(body, content, answer);
    answer.phase = isBodiless ? "complete" : answer.phase;
    answer.status = status;
    if (lengthOff !== null && "length" in body) {
      headers["content-length"] = String(answer.length + lengthOff);
      if (lengthOff !== 0) entry.failed = true;
    }
    if (trailers) this.#info.sendTrailers(() => ({ "x-sum": "1" }));
    this.#sendsTrailers ||= trailers;
    // They come behind a body.
    answer.trailers = this.#sendsTrailers && given !== null;
    const init = { status, headers };
    // deno-lint-ignore no-explicit-any
    this.response = act.made === "fast" ? new FastResponse(given, init) : new Response(given as any, init);
  }

  /** What to make the response of; notes in the ledger what that is. */
  #body(
    body: FetchBody,
    content: Content,
    answer: Answer,
  ): BodyInit | AsyncIterable<string | Uint8Array> | null {
    answer.phase = "complete";
    switch (body.of) {
      case "nothing":
        return null;
      case "bytes": {
        answer.length = body.length;
        answer.body = (from, to) => content.bytes(from, to);
        return content.bytes(0, body.length) as Uint8Array<ArrayBuffer>;
      }
      case "text":
      case "wide text": {
        const text = body.of === "text" ? content.text(0, body.length) : content.wideText(body.length);
        const bytes = encoder.encode(text);
        answer.length = bytes.length;
        answer.body = (from, to) => bytes.subarray(from, to);
        return text;
      }
      case "stream":
      case "generator": {
        answer.phase = "streaming";
        answer.body = (from, to) => content.bytes(from, to);
        const pieces = this.#pieces(body, content, answer);
        return body.of === "generator" ? pieces : streamOf(pieces, answer);
      }
    }
  }

  async *#pieces(
    { chunks, ends }: Extract<FetchBody, { ends: unknown }>,
    content: Content,
    answer: Answer,
  ): AsyncGenerator<Uint8Array> {
    const { entry } = this;
    for (const [length, after] of chunks) {
      if (after >= 0) await this.world.sleep(after);
      const from = answer.length;
      answer.length += length;
      yield content.bytes(from, from + length);
    }
    if (ends === "never") await new Promise(() => {});
    if (ends === "errors") {
      entry.failed = true;
      throw new HandlerError(`the body of ${entry.name} fails`);
    }
    answer.phase = "complete";
  }

  protected lastActs(): readonly Act[] {
    return [];
  }

  protected get isAborted(): boolean {
    return this.#request.signal.aborted;
  }

  protected setTimeouts(timeouts: Timeouts): void {
    this.#info.setTimeouts(timeouts);
  }

  protected signal(which: "signal" | "draining"): AbortSignal | undefined {
    return which === "signal" ? this.#request.signal : this.#info.draining;
  }

  protected readAll(how: "bytes" | "text" | "json"): Promise<unknown> {
    return how === "bytes" ? this.#request.arrayBuffer() : this.#request[how]();
  }

  protected pieces(): AsyncIterator<Uint8Array> {
    return this.stream() ?? [][Symbol.iterator]() as unknown as AsyncIterator<Uint8Array>;
  }

  protected stream(): AsyncIterator<Uint8Array> | null {
    const { body } = this.#request;
    return body === null ? null : (body as ReadableStream<Uint8Array>)[Symbol.asyncIterator]();
  }
}

/** A stream as users make them: pulled, and ended when nobody wants it. */
function streamOf(
  pieces: AsyncGenerator<Uint8Array>,
  answer: Answer,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      answer.source = "read";
      const { done, value } = await pieces.next();
      if (done) controller.close();
      else controller.enqueue(value as Uint8Array<ArrayBuffer>);
    },
    cancel() {
      answer.source = "cancelled";
      void pieces.return(undefined);
    },
  });
}

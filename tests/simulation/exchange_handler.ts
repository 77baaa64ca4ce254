/**
 * An `exchange` handler that does what the plan says, right and wrong, and writes into the ledger what the engine
 * has taken of it.
 */
import type { Exchange, ExchangeHandler, Fields } from "../../src/api/exchange.ts";
import type { Timeouts } from "../../src/api/timeouts.ts";
import { type Answer, type Entry, STRANGER } from "./ledger.ts";
import type { Act } from "./plan.ts";
import { type Acting, Call, drive, type Surroundings, thenable } from "./handler_call.ts";
import { responseContent } from "./request_writer.ts";
import { useTunnel } from "./tunnel_user.ts";

const encoder = new TextEncoder();

/** The handler of a run. */
export function exchangeHandler(surroundings: Surroundings): ExchangeHandler {
  return (x) => {
    const name = x.header("x-name") ?? "";
    if (name === STRANGER) {
      surroundings.ledger.strangers++;
      return x.respond(204);
    }
    const entry = surroundings.ledger.find(name);
    if (entry === undefined) {
      return surroundings.world.fail(`a request that nobody sent: ${x.method} ${x.target}`);
    }
    const call = new ExchangeCall(surroundings, x, entry);
    surroundings.world.note(() => `the handler is called for ${entry.name}`);
    return answer(call);
  };
}

function answer(call: ExchangeCall): void | Promise<void> {
  const { entry, plan, world } = call;
  const failed = (error: unknown): never => {
    call.isOver = true;
    entry.isRunning = false;
    entry.failed = true;
    throw error;
  };
  /** Told when a handler ends that the engine hears of. */
  const ended = (): void => {
    call.isOver = true;
    entry.isRunning = false;
    if (entry.answer.phase === "unanswered") entry.failed = true;
  };
  const isHeard = plan.returns !== "callback";
  let running: void | Promise<void>;
  try {
    running = drive(call.perform(plan.acts));
  } catch (error) {
    return failed(error);
  }
  if (running instanceof Promise) {
    // Who has answered before it returned has no more to do with the exchange.
    if (!isHeard) call.isOver = entry.answer.phase === "complete";
    if (!isHeard) return void running.catch(() => {});
    call.runsOn();
    running = running.then(ended, failed);
    return plan.returns === "plain"
      ? running
      : thenable(running, plan.returns === "twice" ? 2 : 1, world) as Promise<void>;
  }
  if (plan.returns === "plain" || !isHeard) {
    // Who returns nothing may answer later; who has answered has no more to do with the exchange.
    call.isOver = entry.answer.phase === "complete";
    return;
  }
  ended();
  return thenable(undefined, plan.returns === "twice" ? 2 : 1, world) as Promise<void>;
}

/** A call with an exchange. */
class ExchangeCall extends Call {
  readonly #x: Exchange;
  /** The content-length of the answer that it has started. */
  #declared: number | null = null;

  constructor(surroundings: Surroundings, x: Exchange, entry: Entry) {
    super(surroundings, x.connection, entry);
    this.#x = x;
  }

  checkIdentity(): void {
    if (this.entry.answer.phase === "complete") return; // from then on it is not the handler's
    const name = this.ask(true, "header()", () => this.#x.header("x-name"));
    if (name !== this.entry.name) this.world.fail(`the exchange of ${this.entry.name} is that of ${name}`);
  }

  protected *doOwn(act: Act): Acting {
    const x = this.#x;
    const { entry } = this;
    const { request, answer: { phase } } = entry;
    const content = responseContent(entry.client, request.id);
    switch (act.act) {
      case "respond": {
        const { status, form, length, bad, close } = act;
        const body = form === "wide text"
          ? content.wideText(length)
          : form === "text"
          ? content.text(0, length)
          : form === "bytes"
          ? content.bytes(0, length)
          : null;
        const bytes = body === null
          ? new Uint8Array(0)
          : typeof body === "string"
          ? encoder.encode(body)
          : body;
        const isBodiless = status === 204 || status === 304 || status === 205 ||
          (request.method === "CONNECT" && status < 300);
        const isRight = phase === "unanswered" && !bad && !(isBodiless && bytes.length > 0);
        const fields: Fields = {
          "x-name": entry.name,
          ...close && { connection: "close" },
          ...bad && { "x-bad": "a\r\nb" },
        };
        // Written down first: the client may have read it before the call returns.
        if (isRight) this.#answered(status, bytes.length, (from, to) => bytes.subarray(from, to));
        return this.ask(isRight, "respond()", () => x.respond(status, fields, body));
      }
      case "start": {
        if (phase === "unanswered") {
          entry.answer.phase = "streaming";
          entry.answer.status = 200;
          entry.answer.body = (from, to) => content.bytes(from, to);
        }
        const fields: Fields = { "x-name": entry.name, "content-length": act.declared?.toString() };
        this.ask(phase === "unanswered", "start()", () => x.start(200, fields));
        // Nobody counts what is dropped.
        const isDropped = request.method === "HEAD" || request.method === "CONNECT";
        this.#declared = isDropped ? null : act.declared;
        return;
      }
      case "write": {
        if (phase !== "streaming") return void x.write("X");
        const { length } = entry.answer;
        const isTooLong = this.#declared !== null && length + act.length > this.#declared;
        const to = length + act.length;
        if (isTooLong) entry.failed = true;
        else entry.answer.length = to;
        const chunk = act.text ? content.text(length, to) : content.bytes(length, to);
        if (this.ask(!isTooLong, "write()", () => x.write(chunk)) || !act.patient) return;
        yield this.ask(true, "ready()", () => x.ready());
        return;
      }
      case "end": {
        const isTooShort = this.#declared !== null && entry.answer.length < this.#declared;
        if (phase === "streaming") {
          if (isTooShort) entry.failed = true;
          else entry.answer.phase = "complete";
          entry.answer.trailers = act.trailers;
        }
        const trailers = act.trailers ? { "x-sum": entry.answer.length } : undefined;
        return this.ask(phase === "streaming" && !isTooShort, "end()", () => x.end(null, trailers));
      }
      case "interim":
        return this.ask(phase === "unanswered", "earlyHints()", () => x.earlyHints({ link: "</a>" }));
      case "abort":
        entry.failed = true;
        return this.ask(phase !== "complete", "abort()", () => x.abort());
      case "upgrade": {
        const upgraded = this.ask(false, "upgrade()", () => x.upgrade());
        yield* useTunnel(this.world, entry, upgraded, act);
        return;
      }
      default:
        throw new TypeError(`no act of an exchange handler: ${act.act}`);
    }
  }

  #answered(status: number, length: number, body: Answer["body"]): void {
    const { entry } = this;
    entry.answer.phase = "complete";
    entry.answer.status = status;
    entry.answer.length = length;
    entry.answer.body = body;
  }

  protected get isAborted(): boolean {
    try {
      return this.#x.signal.aborted;
    } catch {
      return false; // it is over
    }
  }

  protected setTimeouts(timeouts: Timeouts): void {
    this.#x.setTimeouts(timeouts);
  }

  protected signal(which: "signal" | "draining"): AbortSignal | undefined {
    return this.#x[which];
  }

  protected lastActs(): readonly Act[] {
    if (this.entry.answer.phase === "streaming") return [{ act: "end", trailers: false }];
    if (this.entry.answer.phase === "complete") return [];
    return [{ act: "respond", status: 503, length: 10, form: "text", close: false, bad: false }];
  }

  protected readAll(how: "bytes" | "text" | "json"): Promise<unknown> {
    return this.#x[how]();
  }

  protected pieces(): AsyncIterator<Uint8Array> {
    return this.#x.chunks();
  }

  protected stream(): AsyncIterator<Uint8Array> {
    return this.#x.stream()[Symbol.asyncIterator]();
  }
}

/**
 * What handlers of both kinds have in common: a call does the acts of its plan one after another, waits where they
 * wait, and returns to the engine in one of the ways in which a function can.
 */
import type { Connection } from "../../src/api/transport.ts";
import type { Timeouts } from "../../src/api/timeouts.ts";
import { sameBytes } from "./content.ts";
import type { Client } from "./client.ts";
import type { Entry, Ledger } from "./ledger.ts";
import type { Act, HandlerPlan, ReadHow } from "./plan.ts";
import { isRefusedBefore } from "./http2_defects.ts";
import { requestContent } from "./request_writer.ts";
import type { World } from "./world.ts";

const encoder = new TextEncoder();

/** What all calls of a run need. */
export interface Surroundings {
  readonly world: World;
  readonly ledger: Ledger;
  readonly clients: ReadonlyMap<number, Client>;
  /** The option: more gets 413. */
  readonly maxBodyBytes: number;
  /** How many handlers of an HTTP/2 connection may run. */
  readonly maxConcurrentStreams: number;
}

/** What a handler throws on purpose. */
export class HandlerError extends Error {}

/** Acts under way: gives the promises that it waits for, and gets what they give. */
export type Acting = Generator<PromiseLike<unknown>, void, unknown>;

/** A call of a handler. */
export abstract class Call {
  readonly entry: Entry;
  readonly world: World;
  readonly plan: HandlerPlan;
  protected readonly connection: Connection;
  protected readonly client: Client;
  readonly #surroundings: Surroundings;
  /** The engine was told that the handler has ended: what is left may not touch the exchange any more. */
  isOver = false;
  #hasRead = false;

  constructor(surroundings: Surroundings, connection: Connection, entry: Entry) {
    this.#surroundings = surroundings;
    this.world = surroundings.world;
    this.entry = entry;
    this.plan = entry.request.handler;
    this.connection = connection;
    this.client = surroundings.clients.get(entry.client)!;
    this.#checkOrder();
  }

  /** Its handler is asynchronous. */
  runsOn(): void {
    this.entry.isRunning = true;
    if (this.client.plan.http2 === null) return;
    const running = this.client.asked.filter(({ isRunning }) => isRunning).length;
    if (running <= this.#surroundings.maxConcurrentStreams) return;
    this.world.fail(`${running} handlers run for client ${this.client.plan.id}`);
  }

  /** It is called once, on the connection that it came on, in its turn. */
  #checkOrder(): void {
    const { entry, client } = this;
    const before = client.asked.slice(0, client.asked.indexOf(entry));
    if (++entry.calls > 1) this.world.fail(`${entry.name} was handled twice`);
    if (client.connection !== null && client.connection !== this.connection) {
      this.world.fail(`${entry.name} came on another connection`);
    }
    const isInTurn = client.plan.http2 !== null || before.every(({ calls }) => calls > 0);
    if (!isInTurn) this.world.fail(`${entry.name} was handled before its turn`);
    if (client.plan.http2 === null ? mustBeRefused(entry) : isRefusedBefore(entry.request)) {
      this.world.fail(`${entry.name} was handled, although it has the defect: ${entry.request.defect}`);
    }
  }

  /** Whether nobody waits for an answer any more, so that the engine may refuse what else would be right. */
  get isLost(): boolean {
    const { state } = this.connection;
    const { isBroken, hasEnded, hasErred, plan } = this.client;
    // A stream may end alone.
    if (plan.http2 !== null && (this.entry.isReset || this.entry.request.defect !== null || this.isAborted)) {
      return true;
    }
    return state === "closed" || state === "draining" || isBroken || hasEnded || hasErred ||
      plan.transport.faults.length > 0;
  }

  /** Calls the engine. What it throws is wrong where the call `isRight`. */
  protected ask<T>(isRight: boolean, what: string, call: () => T): T {
    try {
      return call();
    } catch (error) {
      if (isRight && !this.isLost) this.world.fail(`${what} of ${this.entry.name} threw: ${error}`);
      throw error;
    }
  }

  /** Does `acts`. */
  *perform(acts: readonly Act[]): Acting {
    for (const act of acts) {
      if (this.isOver) return; // what else it does would be done to another request
      try {
        yield* this.#do(act);
      } catch (error) {
        if (!this.plan.catches || error instanceof HandlerError) throw error;
      }
      if (!this.isOver) this.checkIdentity();
    }
  }

  *#do(act: Act): Acting {
    switch (act.act) {
      case "wait":
        yield act.ms < 0 ? Promise.resolve() : this.world.sleep(act.ms);
        return;
      case "work":
        return this.world.work(act.ms);
      case "read":
        return yield* this.#read(act.how, act.pieces, act.awaits);
      case "throw":
        throw new HandlerError(`the handler of ${this.entry.name} throws`);
      case "never":
        yield new Promise(() => {});
        return;
      case "close":
        return this.connection.close();
      case "shutdown":
        return this.connection.shutdown();
      case "timeouts":
        return this.ask(this.entry.answer.phase === "unanswered", "setTimeouts()", () => {
          this.setTimeouts({ [act.name]: act.ms });
        });
      case "listen":
        return this.ask(this.entry.answer.phase !== "complete", act.to, () => this.#listen(act.to, act.then));
      case "beside":
        return this.#beside(act.acts);
      default:
        yield* this.doOwn(act);
    }
  }

  /** Does `acts` while other things go on: what fails in them is nobody's business. */
  #beside(acts: readonly Act[]): void {
    try {
      drive(this.perform(acts))?.catch(() => {});
    } catch {
      // As later.
    }
  }

  #listen(to: "signal" | "draining", then: "nothing" | "close" | "answer"): void {
    const signal = this.signal(to);
    if (to === "signal" && signal !== undefined) this.entry.signal = signal;
    const onAbort = (): void => {
      if (then === "close") this.connection.close();
      if (then === "answer") this.#beside(this.lastActs());
    };
    if (signal === undefined) return;
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort);
  }

  *#read(how: ReadHow, pieces: number, awaits: boolean): Acting {
    const { entry } = this;
    const isFirst = !this.#hasRead && entry.answer.phase === "unanswered";
    this.#hasRead = true;
    entry.bodyUntouched = false;
    const length = entry.request.body?.length ?? 0;
    const mayFail = (): boolean =>
      !isFirst || this.isLost || entry.answer.phase === "complete" ||
      (this.#surroundings.maxBodyBytes > 0 && length > this.#surroundings.maxBodyBytes);
    if (!awaits) {
      // Nobody looks at what becomes of it: that must not end the process.
      void this.readAll(how === "pieces" || how === "stream" ? "bytes" : how);
      return;
    }
    let at = 0;
    const take = (bytes: Uint8Array): void => {
      const expected = requestContent(entry.client, entry.request.id).bytes(at, at + bytes.length);
      if (!sameBytes(bytes, expected)) {
        this.world.fail(`the request body of ${entry.name} is wrong from ${at} on`);
      }
      at += bytes.length;
    };
    let isWhole = true;
    entry.isReading = isFirst;
    try {
      if (how === "pieces" || how === "stream") {
        const source = how === "pieces" ? this.pieces() : this.stream();
        if (source === null) return;
        for (let i = 0;; i++) {
          if (i === pieces) {
            isWhole = false;
            yield Promise.resolve(source.return?.());
            break;
          }
          const { done, value } = (yield source.next()) as IteratorResult<Uint8Array>;
          if (done) break;
          take(value);
        }
      } else {
        const all = yield this.readAll(how);
        if (how === "json") return;
        take(typeof all === "string" ? encoder.encode(all) : new Uint8Array(all as ArrayBuffer | Uint8Array));
      }
    } catch (error) {
      if (how === "json" && error instanceof SyntaxError) return;
      if (!mayFail()) this.world.fail(`reading the body of ${entry.name} failed: ${error}`);
      throw error;
    } finally {
      entry.isReading = false;
    }
    if (isFirst && isWhole && at !== length) {
      this.world.fail(`the request body of ${entry.name} has ${at} bytes instead of ${length}`);
    }
  }

  /** Whether the request is the same as it was when the handler was called. */
  abstract checkIdentity(): void;
  /** Does an act of this kind of handler alone. */
  protected abstract doOwn(act: Act): Acting;
  /** Whether its signal says that it is lost. */
  protected abstract readonly isAborted: boolean;
  protected abstract setTimeouts(timeouts: Timeouts): void;
  protected abstract signal(which: "signal" | "draining"): AbortSignal | undefined;
  /** What ends the answer as it is. */
  protected abstract lastActs(): readonly Act[];
  /** The engine's own promise, so that nobody else's is rejected. */
  protected abstract readAll(how: "bytes" | "text" | "json"): Promise<unknown>;
  protected abstract pieces(): AsyncIterator<Uint8Array>;
  protected abstract stream(): AsyncIterator<Uint8Array> | null;
}

/** Whether the engine must have refused the request's head. */
function mustBeRefused({ request }: Entry): boolean {
  return request.defect !== null && !request.defect.includes("chunk") && request.defect !== "bad trailer";
}

/** Does what `acting` does; answers a promise where it waits. */
export function drive(acting: Acting): void | Promise<void> {
  const first = acting.next();
  if (!first.done) return driveOn(acting, first.value);
}

async function driveOn(acting: Acting, awaited: PromiseLike<unknown>): Promise<void> {
  for (;;) {
    const outcome = await Promise.resolve(awaited).then(
      (given) => () => acting.next(given),
      (error) => () => acting.throw(error),
    );
    const step = outcome();
    if (step.done) return;
    awaited = step.value;
  }
}

/** A thenable that is no promise: calls back once or twice, and at once where it can. */
export function thenable<T>(given: T | Promise<T>, times: 1 | 2, world: World): PromiseLike<T> {
  return {
    // deno-lint-ignore no-explicit-any
    then(fulfilled: any, rejected: any): any {
      const callBack = (call: (value: unknown) => void, value: unknown): void => {
        call(value);
        if (times === 2) call(value);
        if (times === 2) world.after(1, () => call(value));
      };
      if (!(given instanceof Promise)) return callBack(fulfilled, given);
      given.then((value) => callBack(fulfilled, value), (error) => callBack(rejected, error));
    },
  } as PromiseLike<T>;
}

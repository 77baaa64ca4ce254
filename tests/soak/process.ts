/**
 * A server process of the soak test, and what it tells of itself.
 */
import { readdirSync } from "node:fs";
import type { Addr } from "../../src/api/transport.ts";
import { connectTcp } from "../support/byte_streams.ts";
import { Child, command } from "../support/child.ts";
import { get } from "../support/memory.ts";
import { WireClient } from "../support/wire_client.ts";

/** A place to serve at, and how. */
export interface PlaceOptions {
  readonly handler: "fetch" | "exchange";
  readonly tls?: boolean;
  readonly port?: number;
  readonly hostname?: string;
  readonly path?: string;
}

/** How a server process fares. Its counts are of all its servers, ended ones included. */
export interface ServerState {
  readonly accepted: number;
  readonly closed: number;
  /** Connections that did not end by themselves when their server did. */
  readonly forced: number;
  /** Connections that are open, those of draining servers aside. */
  readonly open: number;
  /** Servers that drain. */
  readonly draining: number;
  /** Errors that nobody should have caused. */
  readonly faults: readonly string[];
  /** Resident bytes, after a collection. */
  readonly rss: number;
  /** Bytes of the heap that are used, and of what it holds outside. */
  readonly heap: number;
  /** Timers under way; 0 where the runtime does not tell. */
  readonly timers: number;
}

/** The command that runs the server on this runtime, with a garbage collector that can be called. */
function serverCommand(): string[] {
  const [runtime, ...rest] = command("tests/soak/server");
  if ("Bun" in globalThis) return [runtime, ...rest];
  if ("Deno" in globalThis) return [runtime, rest[0], "--v8-flags=--expose-gc", ...rest.slice(1)];
  return [runtime, "--expose-gc", ...rest];
}

/** A server process; `await using` ends it at last. */
export class ServerProcess implements AsyncDisposable {
  /** Where its places are. */
  readonly addrs: readonly Addr[];
  readonly #child: Child;
  readonly #control: number;

  private constructor(child: Child) {
    const [{ addrs, control }] = child.told;
    this.addrs = addrs;
    this.#control = control.port;
    this.#child = child;
  }

  /** Starts one that serves at `places`. */
  static async start(places: readonly PlaceOptions[]): Promise<ServerProcess> {
    return new ServerProcess(await Child.start([...serverCommand(), JSON.stringify(places)]));
  }

  /** What it says when it is asked for `path`. */
  async ask(path: "/state" | "/restart" | "/leave"): Promise<ServerState> {
    using client = new WireClient(await connectTcp(this.#control));
    await client.send(get(path, "Connection: close"));
    return JSON.parse((await client.response()).text);
  }

  /** Descriptors that it has open; 0 where the system does not tell. */
  descriptors(): number {
    try {
      return readdirSync(`/proc/${this.#child.pid}/fd`).length;
    } catch {
      return 0;
    }
  }

  /** How it fared, once it has left. */
  async left(): Promise<ServerState> {
    const code = await this.#child.ended;
    const { told: [, state], errors } = this.#child;
    if (state === undefined) throw new Error(`the server ended with ${code}:\n${errors}`);
    return errors === "" ? state : { ...state, faults: [...state.faults, `it printed: ${errors}`] };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#child[Symbol.asyncDispose]();
  }
}

/**
 * The servers of a process and the places they serve at. They can be restarted in it, or with it; either way they
 * finish what is under way, while others take their places.
 */
import { inspect } from "node:util";
import type { Addr } from "../../src/api/transport.ts";
import { Place, Site } from "./place.ts";
import { type PlaceOptions, ServerProcess, type ServerState } from "./process.ts";
import type { Tally } from "./tally.ts";

/** The servers; `await using` ends them at last. */
export class Servers implements AsyncDisposable {
  /** Where clients find them. */
  readonly places: readonly Place[];
  /** The process that there is now. */
  process: ServerProcess;
  /** Times that servers took over from others. */
  changes = 0;
  readonly #site = new Site();
  readonly #options: readonly PlaceOptions[];
  readonly #tally: Tally;
  /** Those that have been told to leave. */
  readonly #leaving: Promise<void>[] = [];
  #accepted = 0;

  private constructor(process: ServerProcess, options: readonly PlaceOptions[], tally: Tally) {
    this.process = process;
    this.#options = options.map((option, i) => ({ ...option, ...portOf(process.addrs[i]) }));
    this.#tally = tally;
    this.places = options.map(({ tls = false }, i) => new Place(this.#site, tally, process.addrs[i], tls));
  }

  /** Starts them. */
  static async start(options: readonly PlaceOptions[], tally: Tally): Promise<Servers> {
    return new Servers(await ServerProcess.start(options), options, tally);
  }

  /** Others take over in the same process. */
  async restart(): Promise<void> {
    await this.#site.change(() => this.process.ask("/restart"));
    this.changes++;
  }

  /** Another process takes over. */
  async replace(): Promise<void> {
    await this.#site.change(async () => {
      await this.#leave();
      this.process = await ServerProcess.start(this.#options);
    });
    this.changes++;
  }

  async #leave(): Promise<void> {
    const { process } = this;
    await process.ask("/leave");
    const checked = process.left().then((state) => this.#check(state));
    this.#leaving.push(checked.catch((error) => this.#tally.fault(inspect(error))));
  }

  /** Ends them, and checks how all of them fared. */
  async end(): Promise<void> {
    await this.#leave();
    await Promise.all(this.#leaving);
    const { connections } = this.#site;
    if (this.#accepted > connections) {
      this.#tally.fault(`${this.#accepted} connections were accepted of ${connections}`);
    }
  }

  #check({ accepted, closed, forced, faults }: ServerState): void {
    this.#accepted += accepted;
    for (const fault of faults) this.#tally.fault(fault);
    if (closed !== accepted) this.#tally.fault(`of ${accepted} connections ${closed} ended`);
    if (forced > 0) this.#tally.fault(`${forced} connections were forced to end`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
  }
}

function portOf(addr: Addr): { port?: number } {
  return addr.transport === "tcp" ? { port: addr.port } : {};
}

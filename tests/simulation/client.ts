/**
 * What simulated clients of all protocols have in common: a plan, a transport, how they end, and how they wait.
 */
import type { Connection } from "../../src/api/transport.ts";
import type { Entry, Ledger } from "./ledger.ts";
import type { ClientPlan } from "./plan.ts";
import { SimulatedTransport, type TransportClient } from "./simulated_transport.ts";
import type { World } from "./world.ts";

/** The bytes of a body from one index to another. */
export type Body = (from: number, to: number) => Uint8Array;

/** One client. */
export abstract class Client implements TransportClient {
  readonly plan: ClientPlan;
  readonly transport: SimulatedTransport;
  /** The server's side, once it is accepted. */
  connection: Connection | null = null;
  reads = true;
  /** Whether it has half-closed, and whether it has broken the connection, or was told that it is. */
  hasEnded = false;
  isBroken = false;
  /** Whether the server has ended its side. */
  sawEnd = false;
  /** Whether it has sent what no server can take. */
  hasErred = false;
  /** What it has asked, in this order. */
  readonly asked: Entry[] = [];
  protected readonly world: World;
  protected readonly ledger: Ledger;
  /** Who waits for something to come. */
  readonly #waiting = new Set<() => void>();

  constructor(world: World, ledger: Ledger, plan: ClientPlan) {
    this.world = world;
    this.ledger = ledger;
    this.plan = plan;
    this.transport = new SimulatedTransport(world, plan.transport, this, plan.address);
  }

  /** Does its steps. */
  abstract run(): Promise<void>;

  /** Whether the connection is another protocol's. */
  abstract readonly tunnels: boolean;

  protected sendBytes(bytes: Uint8Array): void {
    this.world.note(() => `client ${this.plan.id} sends ${bytes.length} bytes`);
    if (bytes.length > 0) this.transport.send(bytes);
  }

  /** Half-closes. */
  end(): void {
    if (this.hasEnded || this.isBroken) return;
    this.world.note(() => `client ${this.plan.id} ends`);
    this.hasEnded = true;
    this.transport.sendEnd();
  }

  /** Breaks the connection. */
  reset(): void {
    if (this.isBroken) return;
    this.world.note(() => `client ${this.plan.id} resets`);
    this.isBroken = true;
    this.transport.reset();
    this.news();
  }

  /** Resolves when `isThere`, the connection has ended, or after `ms`; -1 waits for as long as it takes. */
  protected async waitFor(isThere: () => boolean, ms: number): Promise<void> {
    let isLate = false;
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (!isLate && !isThere() && !this.isBroken && !this.sawEnd) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      if (ms >= 0) {
        this.world.after(ms, () => {
          isLate = true;
          look();
        });
      }
      look();
    });
  }

  /** Something has come. */
  protected news(): void {
    for (const look of [...this.#waiting]) look();
  }

  // What the transport tells.

  received(bytes: Uint8Array): void {
    if (this.isBroken) return;
    if (this.sawEnd) this.fail("bytes came after the end");
    this.feed(bytes);
    this.news();
  }

  ended(isWhole: boolean): void {
    if (this.isBroken || this.sawEnd) return;
    this.world.note(() => `client ${this.plan.id} sees the end`);
    this.feedEnd(isWhole);
    this.sawEnd = true;
    this.news();
  }

  broken(): void {
    this.world.note(() => `client ${this.plan.id} sees a reset`);
    this.isBroken = true;
    this.news();
  }

  /** Reads what came. */
  protected abstract feed(bytes: Uint8Array): void;
  /** The server has ended its side. */
  protected abstract feedEnd(isWhole: boolean): void;

  protected fail(message: string): void {
    this.world.fail(`client ${this.plan.id}: ${message}`);
  }
}

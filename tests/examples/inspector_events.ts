/**
 * What the inspector example tells by its events, read as it comes, and clients that give it something to tell.
 */
import assert from "node:assert/strict";
import { connectTcp } from "../support/byte_streams.ts";
import { inTime } from "../support/deadline.ts";
import type { Example } from "../support/example.ts";
import { get } from "../support/memory.ts";
import { WireClient } from "../support/wire_client.ts";

/** A connection, as a snapshot tells of it. */
export interface Row {
  readonly id: number;
  readonly state: string;
  readonly age: number;
  readonly idleTimeLeft: number | null;
  readonly requests: number;
  readonly peer: string;
}

/** A number that is told of the whole server. */
export type Total =
  | "accepted"
  | "rejected"
  | "evicted"
  | "active"
  | "idle"
  | "requests"
  | "reused"
  | "reuseRatio";

/** What one event tells. */
export interface Snapshot {
  readonly stats: Readonly<Record<Total, number>> & { readonly closed: Readonly<Record<string, number>> };
  readonly connections: readonly Row[];
}

/** The row of connection `id`, if there is one that suits. */
export function find(
  { connections }: Snapshot,
  id: number,
  suits: (row: Row) => boolean = () => true,
): Row | undefined {
  return connections.find((row) => row.id === id && suits(row));
}

/** A client of the stream of events. */
export class Events implements Disposable {
  readonly client: WireClient;
  /** The connection that brings the events, as the first of them says. */
  connection = 0;

  constructor(client: WireClient) {
    this.client = client;
  }

  static async watch(example: Example): Promise<Events> {
    const events = new Events(await connect(example));
    await events.client.send(get("/events"));
    const head = await events.client.readUntil("\r\n\r\n");
    assert.match(head, /^HTTP\/1\.1 200 /);
    assert.match(head, /\r\ncontent-type: text\/event-stream\r\n/);
    assert.match(head, /\r\ncache-control: no-store\r\n/);
    assert.match(head, /\r\ntransfer-encoding: chunked(\r\n|$)/);
    const first = await events.client.readUntil("\n\n");
    const told = /\nevent: connection\ndata: (\d+)$/.exec(first);
    assert.ok(told !== null, first);
    events.connection = Number(told[1]);
    return events;
  }

  /** The next snapshot. */
  async next(): Promise<Snapshot> {
    // Before it may stand the borders of chunks.
    const text = await inTime(this.client.readUntil("\n\n"), "the next snapshot");
    return JSON.parse(text.slice(text.indexOf("data: ") + "data: ".length));
  }

  /** Waits for a snapshot in which `seek` finds something. */
  until<T>(seek: (snapshot: Snapshot) => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
    const poll = async (): Promise<T> => {
      for (;;) {
        const found = await seek(await this.next());
        if (found !== undefined && found !== false) return found;
      }
    };
    return inTime(poll(), "what a snapshot is to show");
  }

  /** Resolves when the body has ended, as a chunked one should. */
  async assertEnd(): Promise<void> {
    await inTime(this.client.readUntil("\r\n0\r\n\r\n"), "the end of the events");
  }

  [Symbol.dispose](): void {
    this.client.reset();
  }
}

/** Connects to an example. */
export async function connect({ port }: Example): Promise<WireClient> {
  return new WireClient(await connectTcp(port));
}

/** Asks for one of the paths that tell of the connection. */
export async function ask(
  client: WireClient,
  path: string,
): Promise<{ connection: number; request: number }> {
  await client.send(get(path));
  return JSON.parse((await client.response()).text);
}

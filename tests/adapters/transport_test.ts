/**
 * The contract of `Transport` (src/api/transport.ts) where it is hard to keep: before a TLS handshake is over, after the end,
 * and while the stream is paused.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import test from "node:test";
import tls from "node:tls";
import { listenOnNode } from "../../src/adapters/node_listener.ts";
import { runtime } from "../../src/adapters/runtime.ts";
import type { Listen, Listener } from "../../src/server/listener.ts";
import type { NetAddr, Transport } from "../../src/api/transport.ts";
import type { ListenOptions } from "../../src/api/options.ts";
import { connectTcp, connectTls, connectUnix } from "../support/byte_streams.ts";
import { toBytes } from "../support/bytes.ts";
import { AUTHORITY, FIRST } from "../support/certificates.ts";
import { inTime } from "../support/deadline.ts";
import { takeTransports, Told } from "../support/taken_transports.ts";
import { until } from "../support/until.ts";
import { type ByteStream, WireClient } from "../support/wire_client.ts";

const IS_DENO = "Deno" in globalThis;
const IS_BUN = "Bun" in globalThis;

/** More bytes than the system takes of a write. */
const MUCH = 20_000_000;

const DESCRIPTORS = "/proc/self/fd";
const NO_DESCRIPTORS = existsSync(DESCRIPTORS) ? false : `the system has no ${DESCRIPTORS}`;
const descriptors = (): number => readdirSync(DESCRIPTORS).length;
/** More connections than a runtime opens descriptors for itself meanwhile. */
const CLOSED = 10;

interface Way {
  readonly name: string;
  readonly listen: Listen;
  readonly place: ListenOptions;
  /** Connects to where the server listens. */
  readonly connect: (server: Listener) => Promise<ByteStream>;
  /** As `connect`, where `reset` of that leaves the system's connection in order. */
  readonly connectToBreak?: (server: Listener) => Promise<ByteStream>;
  /** Whether a client that breaks the connection while the transport is paused is noticed, by `probe` or without. */
  readonly noticed: boolean;
}

const portOf = ({ addr }: Listener): number => (addr as NetAddr).port;
const tcp = { port: 0, hostname: "127.0.0.1" };
const folder = mkdtempSync(join(tmpdir(), "mooring-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

const toPort = (server: Listener): Promise<ByteStream> => connectTcp(portOf(server));
const toTlsPort = (server: Listener): Promise<ByteStream> => connectTls(portOf(server));
const toPath = ({ addr }: Listener): Promise<ByteStream> => connectUnix((addr as { path: string }).path);

/** TLS whose TCP connection is reset, instead of closed. */
async function toBreakTls(server: Listener): Promise<ByteStream> {
  const socket = net.connect(portOf(server), "127.0.0.1");
  await once(socket, "connect");
  const secure = tls.connect({ socket, ca: AUTHORITY, checkServerIdentity: () => undefined });
  secure.on("error", () => {});
  await once(secure, "secureConnect");
  return {
    read: () => Promise.resolve(null),
    write: (bytes) => new Promise((resolve) => secure.write(bytes, () => resolve())),
    end: () => void secure.end(),
    reset: () => void socket.resetAndDestroy(),
  };
}

const unix = { path: join(folder, "socket") };

const WAYS: readonly Way[] = [
  { name: "TCP", listen: runtime.listen, place: tcp, connect: toPort, noticed: true },
  // Deno writes nothing to find it out by.
  {
    name: "TLS",
    listen: runtime.listen,
    place: { ...tcp, tls: FIRST },
    connect: toTlsPort,
    connectToBreak: toBreakTls,
    noticed: !IS_DENO,
  },
  {
    name: "a Unix socket",
    listen: runtime.listen,
    place: unix,
    connect: toPath,
    noticed: !IS_DENO && !IS_BUN,
  },
  { name: "TCP of the Node adapter", listen: listenOnNode, place: tcp, connect: toPort, noticed: true },
];

/** One transport that was taken, what it tells, and its client. */
async function taken(
  { listen, place, connect }: Pick<Way, "listen" | "place" | "connect">,
  begin: (transport: Transport) => void,
  body: (transport: Transport, told: Told, client: ByteStream) => Promise<void>,
): Promise<void> {
  const told = new Told();
  let transport!: Transport;
  const server = await takeTransports(listen, place, (accepted) => {
    transport = accepted;
    accepted.start(told);
    begin(accepted);
  });
  const client = await connect(server);
  try {
    await until(() => transport !== undefined, true, "accepted");
    await body(transport, told, client);
  } finally {
    client.reset();
    transport?.close(false);
    await server.close();
  }
}

for (const way of WAYS) {
  const { name } = way;

  test(`a transport takes every call after its end, and tells nothing more (${name})`, async () => {
    await taken(way, () => {}, async (transport, told, client) => {
      await client.write(toBytes("x"));
      await until(() => told.received, 1, "received bytes");
      client.reset();
      const ended = (): string | undefined => told.events.find((event) => event !== "receive");
      await until(() => ended() !== undefined, true, "the end");
      for (let i = 0; i < 2; i++) {
        transport.pause();
        transport.resume();
        transport.probe?.();
        transport.write(toBytes("answer"), 0, 6);
        transport.unsent();
        await aTurn();
      }
      transport.end();
      await aTurn();
      transport.close(true);
      const before = told.events.length;
      transport.close(false);
      await aTurn();
      assert.equal(told.events.length, before);
      const closed = told.events.indexOf("transportClosed");
      assert.ok(closed === -1 || closed === before - 1, `transportClosed is last: ${told.events}`);
    });
  });

  test(`a transport that was closed tells nothing more, from inside of an event too (${name})`, async () => {
    await taken(way, () => {}, async (transport, told, client) => {
      told.onReceive = () => transport.close(true);
      await client.write(toBytes("x"));
      await until(() => told.received > 0, true, "bytes came");
      await client.write(new Uint8Array(100_000)).catch(() => {});
      client.end();
      await aTurn();
      assert.deepEqual(told.events, ["receive"]);
      assert.equal(told.received, 1);
    });
  });

  test(`a break while bytes are being sent is told (${name})`, async () => {
    const breaking = { ...way, connect: way.connectToBreak ?? way.connect };
    await taken(breaking, () => {}, async (transport, told, client) => {
      await client.write(toBytes("x"));
      await until(() => told.received, 1, "received bytes");
      assert.equal(transport.write(new Uint8Array(MUCH), 0, MUCH), false);
      client.reset();
      await until(() => told.events.includes("transportClosed"), true, "the break");
      const after = told.events.slice(told.events.indexOf("transportClosed") + 1);
      assert.ok(after.every((event) => event === "drained"), `transportClosed is last: ${told.events}`);
    });
  });

  if (!way.noticed) continue;
  test(`a break while the transport is paused is noticed (${name})`, async () => {
    const breaking = { ...way, connect: way.connectToBreak ?? way.connect };
    await taken(breaking, () => {}, async (transport, told, client) => {
      told.onReceive = () => transport.pause();
      await client.write(new Uint8Array(70_000));
      await until(() => told.received > 0, true, "bytes came");
      client.reset();
      const look = (): string | undefined => {
        if (told.events.at(-1) !== "transportClosed") transport.probe?.();
        return told.events.at(-1);
      };
      await until(look, "transportClosed", "the last event");
    });
  });
}

for (const way of WAYS.filter(({ name }) => /^TCP/.test(name))) {
  test(
    `an abrupt close behind our end keeps no descriptor (${way.name})`,
    { skip: NO_DESCRIPTORS },
    async () => {
      for (const count of [10, MUCH]) {
        const before = descriptors();
        for (let i = 0; i < CLOSED; i++) {
          await taken(way, () => {}, async (transport, told, client) => {
            await client.write(toBytes("x"));
            await until(() => told.received, 1, "received bytes");
            transport.write(new Uint8Array(count), 0, count);
            transport.end();
            transport.close(true);
          });
        }
        await until(() => descriptors() < before + CLOSED, true, "the descriptors are free");
      }
    },
  );
}

const TLS = WAYS.find(({ name }) => name === "TLS")!;

test("what is written and ended during the TLS handshake comes after it", async () => {
  const seen: (boolean | undefined)[] = [];
  const begin = (transport: Transport): void => {
    seen.push(transport.handshaking);
    transport.write(toBytes("early"), 0, 5);
    transport.pause();
    transport.resume();
    transport.end();
  };
  await taken(TLS, begin, async (transport, told, client) => {
    const wire = new WireClient(client);
    assert.equal(new TextDecoder().decode(await inTime(wire.readToEnd(), "the end")), "early");
    await until(() => transport.handshaking, false, "handshaking");
    client.end();
    await until(() => told.events.includes("receiveEnd"), true, "the client's end");
    assert.deepEqual(seen, [true]);
  });
});

/** Resolves when everything that the system had to tell by now was told. */
async function aTurn(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setTimeout(resolve, 10));
}

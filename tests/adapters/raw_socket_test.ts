/**
 * The socket itself, which an upgraded connection gives away where it runs on `node:net`: with everything that came
 * after the request, in order, and free of the engine.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import test from "node:test";
import { serve, type Server } from "../../mod.ts";
import type { Connection, NetAddr } from "../../src/api/transport.ts";
import type { Upgraded } from "../../src/api/exchange.ts";
import type { ServeOptions } from "../../src/api/options.ts";
import { assertSameBytes, concat, patternBytes } from "../support/bytes.ts";
import { connectTcp, connectTls } from "../support/byte_streams.ts";
import { FIRST } from "../support/certificates.ts";
import { inTime } from "../support/deadline.ts";
import { get } from "../support/memory.ts";
import { WireClient } from "../support/wire_client.ts";

const IS_DENO = "Deno" in globalThis;
const IS_BUN = "Bun" in globalThis;
const ASK = get("/", "Connection: upgrade", "Upgrade: echo");

/** A server that gives what it upgrades to `use`, at once or `later`. */
async function serveUpgrades(
  options: ServeOptions,
  later: boolean,
  use: (upgraded: Upgraded, connection: Connection) => void,
): Promise<{ server: Server; client: WireClient }> {
  const server = await serve({
    ...options,
    port: 0,
    hostname: "127.0.0.1",
    exchange(x) {
      const { connection } = x;
      if (!later) return use(x.upgrade(), connection);
      return new Promise<void>((resolve) => setTimeout(resolve, 20)).then(() => use(x.upgrade(), connection));
    },
  });
  const { port } = server.addr as NetAddr;
  const client = new WireClient(await (options.tls === undefined ? connectTcp(port) : connectTls(port)));
  return { server, client };
}

if (!IS_BUN) {
  // Deno's TLS connections are none of node:tls.
  for (const secure of IS_DENO ? [false] : [false, true]) {
    const options: ServeOptions = secure ? { tls: FIRST } : {};
    const on = secure ? "TLS" : "TCP";

    for (const later of [false, true]) {
      test(`the socket echoes all that comes after the request (${on}, ${later ? "later" : "at once"})`, async () => {
        let connection!: Connection;
        const { server, client } = await serveUpgrades(options, later, (upgraded, given) => {
          connection = given;
          const socket = upgraded.socket as Socket;
          assert.equal(upgraded.socket, socket);
          socket.pipe(socket);
        });
        const body = patternBytes(1024 * 1024);
        await client.send(ASK, "right behind");
        const sent = client.send(body);
        assert.equal((await inTime(client.response(), "the answer")).status, 101);
        const got = await inTime(client.readBytes(12 + body.length), "the echo");
        assertSameBytes(got, concat(["right behind", body]));
        await sent;
        assert.equal(connection.state, "upgraded");
        assert.equal(server.stats().upgraded, 1);
        client.end();
        await client.assertEnd();
        assert.equal(await inTime(connection.closed, "the end"), "upgraded");
        await server.close();
      });
    }

    test(`the socket gives what waited in the engine before what comes (${on})`, async () => {
      let take!: () => Socket;
      const { server, client } = await serveUpgrades(
        { ...options, highWaterMark: 1000 },
        false,
        (upgraded) => {
          take = () => upgraded.socket as Socket;
        },
      );
      await client.send(ASK);
      assert.equal((await client.response()).status, 101);
      const body = patternBytes(500_000);
      const sent = client.send(body);
      await new Promise((resolve) => setTimeout(resolve, 50)); // it is paused by now
      const socket = take();
      const parts: Uint8Array[] = [];
      let length = 0;
      for await (const part of socket) {
        parts.push(part as Uint8Array);
        length += (part as Uint8Array).length;
        if (length === body.length) break;
      }
      assertSameBytes(concat(parts), body);
      await sent;
      client.reset();
      await server.close();
    });

    test(`the streams of a socket that was taken fail, and the engine times nothing (${on})`, async () => {
      let upgraded!: Upgraded;
      let connection!: Connection;
      const limits = {
        ...options,
        writeTimeout: 100,
        idleTimeout: 100,
        headerTimeout: 100,
        requestTimeout: 100,
      };
      const { server, client } = await serveUpgrades(limits, false, (given, its) => {
        upgraded = given;
        connection = its;
        // Written at once, so that it waits together with the answer.
        (upgraded.socket as Socket).write("hello");
      });
      await client.send(ASK);
      assert.equal((await client.response()).status, 101);
      assertSameBytes(await client.readBytes(5), concat(["hello"]));
      await assert.rejects(upgraded.readable.getReader().read(), /socket/);
      await assert.rejects(upgraded.writable.getWriter().write(concat(["x"])), /socket/);
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      assert.equal(connection.state, "upgraded");
      (upgraded.socket as Socket).end("bye");
      assertSameBytes(await client.readToEnd(), concat(["bye"]));
      client.end();
      (upgraded.socket as Socket).resume();
      assert.equal(await inTime(connection.closed, "the end"), "upgraded");
      await server.close();
    });

    test(`a socket that was taken while bytes of ours were on their way ends with its client (${on})`, async () => {
      let take!: () => Socket;
      let closed!: Promise<unknown>;
      const { server, client } = await serveUpgrades(options, false, (upgraded, connection) => {
        upgraded.writable.getWriter().write(new Uint8Array(20_000_000)).catch(() => {});
        closed = connection.closed;
        take = () => upgraded.socket as Socket;
      });
      await client.send(ASK);
      assert.equal((await client.response()).status, 101);
      const socket = take();
      socket.on("error", () => {}); // it may tell of the reset
      const over = new Promise((resolve) => socket.once("close", resolve));
      client.reset();
      socket.resume();
      await inTime(over, "the close of the socket");
      assert.equal(await inTime(closed, "the end"), "upgraded");
      await server.close();
    });

    test(`close() ends a socket that was taken, and a broken one is told (${on})`, async () => {
      const taken: Socket[] = [];
      const connections: Connection[] = [];
      const { server, client } = await serveUpgrades(options, true, (upgraded, connection) => {
        const socket = upgraded.socket as Socket;
        socket.on("error", () => {});
        socket.resume();
        taken.push(socket);
        connections.push(connection);
      });
      await client.send(ASK);
      assert.equal((await client.response()).status, 101);
      const closed = once(taken[0], "close");
      await server.close();
      await inTime(closed, "the close of the socket");
      await client.assertOver();
      assert.equal(await connections[0].closed, "forced");
    });
  }

  test("a socket that is taken of a connection that has broken ends (TCP)", async () => {
    let upgraded!: Upgraded;
    const { server, client } = await serveUpgrades({ highWaterMark: 1000 }, false, (given) => {
      upgraded = given;
    });
    await client.send(ASK);
    assert.equal((await client.response()).status, 101);
    client.send(patternBytes(500_000)).catch(() => {}); // until it is paused, and hears of no reset
    await new Promise((resolve) => setTimeout(resolve, 50));
    client.reset();
    await new Promise((resolve) => setTimeout(resolve, 50));
    upgraded.writable.getWriter().write(concat(["x"])).catch(() => {}); // fails when the socket is taken
    const socket = upgraded.socket as Socket;
    socket.on("error", () => {}).resume();
    await inTime(new Promise((resolve) => socket.once("close", resolve)), "the close of the socket");
    await server.close();
  });
}

if (IS_BUN || IS_DENO) {
  test("connections that are no sockets of node:net have none to give", async () => {
    let socket: unknown = "not asked";
    const options: ServeOptions = IS_DENO ? { tls: FIRST } : {};
    const { server, client } = await serveUpgrades(options, false, (upgraded) => {
      socket = upgraded.socket;
      upgraded.readable.pipeTo(upgraded.writable).catch(() => {});
    });
    await client.send(ASK, "echo");
    assert.equal((await client.response()).status, 101);
    assertSameBytes(await client.readBytes(4), concat(["echo"]));
    assert.equal(socket, undefined);
    client.reset();
    await server.close();
  });
}

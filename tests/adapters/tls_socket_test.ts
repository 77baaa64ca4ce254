/** Over TLS a socket takes bytes at once, and tells later that they are sent: nothing is mixed up, and nothing hangs. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { connect } from "node:tls";
import { type CloseReason, type NetAddr, serve } from "../../mod.ts";
import { Deferred } from "../../src/core/deferred.ts";
import { FIRST } from "../support/certificates.ts";

const PARTS = 150;

/** A part of an answer: of no length and no byte that its neighbours have. */
const part = (client: number, i: number): string =>
  String.fromCharCode(33 + (client * 31 + i) % 90).repeat(1 + (i * 7919) % 20_000);

/** Asks as client `id`; answers with the body. */
function ask(port: number, id: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Uint8Array[] = [];
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      socket.write(`GET /${id} HTTP/1.0\r\nHost: a.example\r\n\r\n`);
    });
    // Not paused now and then: clients of node:tls on Deno may never go on after that.
    socket.on("data", (chunk: Uint8Array) => parts.push(chunk));
    socket.on("end", () => resolve(Buffer.concat(parts).toString("latin1").split("\r\n\r\n")[1]));
    socket.on("error", reject);
  });
}

test("answers that are written in parts, on some connections at once, are whole", async () => {
  const server = await serve({
    port: 0,
    hostname: "127.0.0.1",
    tls: FIRST,
    async exchange(x) {
      const id = Number(x.target.slice(1));
      x.start(200);
      for (let i = 0; i < PARTS; i++) {
        if (!x.write(part(id, i))) await x.ready();
        if (i % 7 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
      }
      x.end();
    },
  });
  try {
    const { port } = server.addr as NetAddr;
    const bodies = await Promise.all(Array.from({ length: 6 }, (_, id) => ask(port, id)));
    bodies.forEach((body, id) => {
      const expected = Array.from({ length: PARTS }, (_, i) => part(id, i)).join("");
      assert.ok(body === expected, `client ${id} got what is its own`);
    });
  } finally {
    await server.close();
  }
});

test("a client that keeps its side open after the last response is left after lingerTimeout", async () => {
  const closed = new Deferred<CloseReason>();
  const server = await serve({
    port: 0,
    hostname: "127.0.0.1",
    tls: FIRST,
    lingerTimeout: 100,
    exchange(x) {
      x.connection.closed.then(closed.resolve);
      x.respond(200, { connection: "close" }, "the last one");
    },
  });
  const { port } = server.addr as NetAddr;
  const options = { port, host: "127.0.0.1", rejectUnauthorized: false, allowHalfOpen: true };
  const socket = connect(options, () => socket.write("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"));
  socket.on("error", () => {}).resume();
  try {
    assert.equal(await closed.promise, "response_close");
  } finally {
    socket.destroy();
    await server.close();
  }
});

/** Expect: 100-continue: who is told to go on, and when. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exchange } from "../../src/api/exchange.ts";
import { connect, get, parseResponses, settled } from "../support/memory.ts";

test("Expect: 100-continue gets 100 once, when the body is asked for", async () => {
  let x!: Exchange;
  const { client } = connect({ exchange: (exchange) => void (x = exchange) });
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  assert.equal(client.text(), "");
  const text = x.text();
  await settled();
  assert.equal(client.text(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hi");
  x.respond(200, {}, await text);
  await settled();
  const responses = parseResponses(client.text());
  assert.deepEqual(responses.map(({ status, body }) => [status, body]), [[100, ""], [200, "hi"]]);
  assert.equal(responses[1].headers.get("connection"), "keep-alive");
});

test("no 100 is sent where the body has begun to come, or to HTTP/1.0", async () => {
  for (const version of ["1.0", "1.1"]) {
    const { client } = connect({ exchange: async (x) => x.respond(200, {}, await x.text()) });
    const head = `POST / HTTP/${version}\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n`;
    client.send(version === "1.1" ? head + "h" : head);
    await settled();
    assert.equal(client.text(), "");
    client.send(version === "1.1" ? "i" : "hi");
    await settled();
    assert.deepEqual(parseResponses(client.text()).map(({ status }) => status), [200]);
  }
});

test("a final status without 100 closes", () => {
  const { client } = connect({ exchange: (x) => x.respond(401) });
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  assert.equal(parseResponses(client.text())[0].headers.get("connection"), "close");
  assert.equal(client.ended, true);
});

test("a body that is cancelled is not asked for with 100", async () => {
  const { client } = connect({
    async exchange(x) {
      await x.stream().cancel();
      x.respond(403);
    },
  });
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  await settled();
  const responses = parseResponses(client.text());
  assert.deepEqual(responses.map(({ status }) => status), [403]);
  assert.equal(responses[0].headers.get("connection"), "close");
});

test("a request without a body is not told to continue", async () => {
  const { client } = connect({ exchange: async (x) => x.respond(200, {}, await x.text()) });
  client.send(get("/", "Expect: 100-continue"));
  await settled();
  assert.deepEqual(parseResponses(client.text()).map(({ status }) => status), [200]);
});

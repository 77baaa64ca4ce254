/** Which connections go on after a response, and what the response says about that. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { echoTarget } from "../support/exchange_handlers.ts";
import { connect, get, parseResponses } from "../support/memory.ts";

for (
  const [name, lines, closes] of [
    ["Connection: close", ["Connection: close"], true],
    ["close in another case, in a list", ["Connection: foo, CLOSE"], true],
    ["close on a second line", ["Connection: keep-alive", "Connection: close"], true],
    ["a token that contains close", ["Connection: not-close, closed"], false],
    ["no Connection", [], false],
  ] as const
) {
  test(`HTTP/1.1 with ${name} ${closes ? "closes" : "persists"}`, () => {
    const { client } = connect({ exchange: echoTarget });
    client.send(get("/1", ...lines) + get("/2"));
    const responses = parseResponses(client.text());
    assert.equal(responses.length, closes ? 1 : 2);
    assert.equal(responses[0].headers.get("connection"), closes ? "close" : "keep-alive");
    assert.equal(client.ended, closes);
  });
}

test("HTTP/1.0 closes, and with keep-alive persists and is told so", () => {
  const request = (line: string): string => `GET /1 HTTP/1.0\r\n${line}\r\n`;
  const plain = connect({ exchange: echoTarget });
  plain.client.send(request(""));
  assert.equal(parseResponses(plain.client.text())[0].headers.get("connection"), "close");
  assert.equal(plain.client.ended, true);
  const kept = connect({ exchange: echoTarget, keepAliveHint: false });
  kept.client.send(request("Connection: Keep-Alive\r\n") + request("Connection: Keep-Alive\r\n"));
  const responses = parseResponses(kept.client.text());
  assert.equal(responses.length, 2);
  assert.equal(responses[0].headers.get("connection"), "keep-alive");
});

test("the hint tells timeout, and max counts down to close", () => {
  const { client } = connect({ exchange: echoTarget, maxRequests: 3, idleTimeout: 7500 });
  client.send(get("/1") + get("/2") + get("/3") + get("/4"));
  const responses = parseResponses(client.text());
  assert.deepEqual(responses.map(({ headers }) => headers.get("keep-alive")), [
    "timeout=7, max=2",
    "timeout=7, max=1",
    undefined,
  ]);
  assert.equal(responses[2].headers.get("connection"), "close");
});

test("keepAliveHint: false says nothing to HTTP/1.1", () => {
  const { client } = connect({ exchange: echoTarget, keepAliveHint: false });
  client.send(get());
  const { headers } = parseResponses(client.text())[0];
  assert.equal(headers.has("connection") || headers.has("keep-alive"), false);
});

test("keepAlive: false closes after each response", () => {
  const { client } = connect({ exchange: echoTarget, keepAlive: false });
  client.send(get("/1") + get("/2"));
  assert.equal(parseResponses(client.text()).length, 1);
  assert.equal(client.ended, true);
});

test("a response that says close ends the connection", () => {
  const { client } = connect({ exchange: (x) => x.respond(200, { Connection: "Close" }, "bye") });
  client.send(get("/1") + get("/2"));
  const responses = parseResponses(client.text());
  assert.equal(responses.length, 1);
  assert.equal(responses[0].headers.get("connection"), "close");
});

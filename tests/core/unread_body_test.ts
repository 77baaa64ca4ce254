/** Bodies that the handler does not read: dropped, never taken for a request, and only up to a budget. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { echoTarget } from "../support/exchange_handlers.ts";
import { connect, get, parseResponses, post } from "../support/memory.ts";

test("a body that the handler ignores is never read as a request", () => {
  const { client, connection } = connect({ exchange: echoTarget });
  client.send(post(get("/evil"), "/1") + get("/2"));
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), ["/1", "/2"]);
  assert.equal(connection.requests, 2);
});

test("a body that the handler ignores is drained when it comes later", () => {
  const { client } = connect({ exchange: echoTarget });
  const request = post("x".repeat(5000), "/1");
  client.send(request.slice(0, 200));
  client.send(request.slice(200) + get("/2"));
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), ["/1", "/2"]);
});

test("an unread body over the budget is announced with close, and discarded", () => {
  const { client, connection } = connect({ exchange: echoTarget, drainBody: { bytes: 10 } });
  client.send(post("x".repeat(11), "/1") + get("/2"));
  const responses = parseResponses(client.text());
  assert.deepEqual(responses.map(({ body }) => body), ["/1"]);
  assert.equal(responses[0].headers.get("connection"), "close");
  assert.equal(connection.state, "draining");
  assert.equal(client.ended, true);
});

test("an unread chunked body over the budget ends the connection", async () => {
  const { client, connection } = connect({ exchange: echoTarget, drainBody: { bytes: 10 } });
  client.send(
    "POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n0\r\n\r\n" +
      get("/2"),
  );
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), ["/1"]);
  client.sendEnd();
  assert.equal(await connection.closed, "unread_body");
});

test("what comes behind a read that was pending at the response is discarded, and the next request answered", () => {
  const { client } = connect({
    exchange(x) {
      if (x.method === "POST") void x.chunks().next();
      x.respond(200, {}, x.target);
    },
  });
  const chunked =
    "POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n";
  client.send(chunked + get("/2"));
  assert.deepEqual(parseResponses(client.text()).map(({ body }) => body), ["/1", "/2"]);
});

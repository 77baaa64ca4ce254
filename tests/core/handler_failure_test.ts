/** Exchange handlers that throw, reject or do not answer: a 500, or the end of the connection. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { echoTarget } from "../support/exchange_handlers.ts";
import { connect, get, parseResponses, post, settled } from "../support/memory.ts";

test("a handler that throws gives a 500, and the connection goes on", () => {
  const failure = new Error("no luck");
  const { client, errors } = connect({
    exchange(x) {
      if (x.target === "/1") throw failure;
      echoTarget(x);
    },
  });
  client.send(post("unread", "/1") + get("/2"));
  assert.deepEqual(parseResponses(client.text()).map(({ status }) => status), [500, 200]);
  assert.deepEqual(errors, [failure]);
});

test("a handler that rejects, or ends without an answer, gives a 500", async () => {
  const { client, errors } = connect({
    exchange: (x) => x.target === "/1" ? Promise.reject(new Error("later")) : Promise.resolve(),
  });
  client.send(get("/1") + get("/2"));
  await settled();
  assert.deepEqual(parseResponses(client.text()).map(({ status }) => status), [500, 500]);
  assert.match(String(errors[1]), /without an answer/);
});

test("a handler that fails in the middle of its response ends the connection without the last chunk", async () => {
  const { client, connection } = connect({
    exchange(x) {
      x.start(200);
      x.write("half");
      throw new Error("broken");
    },
  });
  client.send(get());
  assert.match(client.text(), /4\r\nhalf\r\n$/);
  assert.equal(client.closed, true);
  assert.equal(await connection.closed, "handler_error");
});

/** The trailers of requests, as both kinds of handler read them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { FetchInfo } from "../../src/api/fetch.ts";
import { connect, get, parseResponses, post, settled } from "../support/memory.ts";
import { chunk, head, quiet } from "../support/request_bodies.ts";

const WITH_TRAILERS = head("chunked") + chunk("body") + "0\r\nX-Sum: 42\r\nx-more: a\r\nX-More: b\r\n\r\n";

test("x.trailers() gives the trailers once the body was read, and none before", async () => {
  const seen: unknown[] = [];
  const { client, errors } = connect({
    async exchange(x) {
      seen.push([...x.trailers()]);
      await x.text();
      seen.push([...x.trailers()]);
      x.respond(200);
    },
  });
  client.send(WITH_TRAILERS.slice(0, -10));
  await settled();
  client.send(WITH_TRAILERS.slice(-10) + post("none"));
  await quiet();
  assert.deepEqual(errors, []);
  assert.deepEqual(seen, [[], [["x-sum", "42"], ["x-more", "a"], ["x-more", "b"]], [], []]);
});

test("info.trailers gives the trailers once the body was read, whoever looked before, and after the response", async () => {
  let info!: FetchInfo;
  const { client, errors } = connect({
    async fetch(request, given) {
      info = given;
      assert.deepEqual([...info.trailers], []);
      await request.text();
      return new Response(info.trailers.get("x-sum"));
    },
  });
  client.send(WITH_TRAILERS);
  await quiet();
  assert.deepEqual(errors, []);
  assert.equal(parseResponses(client.text())[0].body, "42");
});

test("info.trailers outlive the exchange, and are not those of a later request", async () => {
  const infos: FetchInfo[] = [];
  const { client } = connect({
    async fetch(request, info) {
      infos.push(info);
      return new Response(await request.text());
    },
  });
  client.send(WITH_TRAILERS + WITH_TRAILERS.replace("42", "43"));
  await quiet();
  client.send(get());
  await quiet();
  assert.deepEqual(infos.map(({ trailers }) => trailers.get("x-sum")), ["42", "43", null]);
  assert.equal(infos[0].trailers.get("x-more"), "a, b");
});

/**
 * Interim responses (RFC 9110 §15.2, RFC 8297): sent at once, before the final one, and to nobody who does not know
 * them.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ExchangeError } from "../../src/api/errors.ts";
import type { Exchange, Fields } from "../../src/api/exchange.ts";
import type { FetchInfo } from "../../src/api/fetch.ts";
import { connect, get, parseResponses, post, settled } from "../support/memory.ts";

const LINK = "</style.css>; rel=preload; as=style";

test("interim() and earlyHints() are sent as they are called, while the handler is pending", async () => {
  let x!: Exchange;
  const { client } = connect({ exchange: (exchange) => void (x = exchange) });
  client.send(get());
  x.interim(102);
  await settled();
  const processing = "HTTP/1.1 102 Processing\r\n\r\n";
  assert.equal(client.text(), processing);
  x.earlyHints({ link: LINK });
  await settled();
  const hints = `HTTP/1.1 103 Early Hints\r\nlink: ${LINK}\r\n\r\n`;
  assert.equal(client.text(), processing + hints);
  x.interim(103, [["Link", "</a>"], ["Link", "</b>"]]);
  x.interim(199);
  await settled();
  x.respond(200, {}, "final");
  const responses = parseResponses(client.text());
  assert.deepEqual(responses.map(({ status }) => status), [102, 103, 103, 199, 200]);
  assert.match(client.text(), /\r\nLink: <\/a>\r\nLink: <\/b>\r\n\r\n/);
  assert.equal(responses[4].body, "final");
  assert.equal(responses[4].headers.get("connection"), "keep-alive");
});

test("info.earlyHints() is sent while the handler is pending, also with Headers", async () => {
  let info!: FetchInfo;
  let answer!: (response: Response) => void;
  const { client } = connect({
    fetch(_, given) {
      info = given;
      return new Promise((resolve) => answer = resolve);
    },
  });
  client.send(get());
  for (let i = 0; i < 3; i++) info.earlyHints(new Headers({ link: LINK }));
  await settled();
  assert.deepEqual(parseResponses(client.text()).map(({ headers }) => headers.get("link")), [
    LINK,
    LINK,
    LINK,
  ]);
  answer(new Response("final"));
  await settled();
  assert.equal(parseResponses(client.text())[3].body, "final");
  assert.throws(() => info.earlyHints({ link: LINK }), ExchangeError);
});

test("an interim response tells nothing of persistence and framing", () => {
  const { client } = connect({
    exchange(x) {
      x.interim(103, {
        connection: "close",
        "transfer-encoding": "chunked",
        "keep-alive": "timeout=1",
        "x-a": 1,
      });
      x.respond(200);
    },
  });
  client.send(get() + get());
  const responses = parseResponses(client.text());
  assert.deepEqual(responses.map(({ status }) => status), [103, 200, 103, 200]);
  assert.deepEqual([...responses[0].headers], [["x-a", "1"]]);
});

test("no interim response is sent to HTTP/1.0", async () => {
  const { client, errors } = connect({
    exchange(x) {
      x.interim(102);
      x.earlyHints({ link: LINK });
      x.respond(200, {}, "final");
    },
  });
  client.send("GET / HTTP/1.0\r\n\r\n");
  assert.deepEqual(parseResponses(client.text()).map(({ status }) => status), [200]);
  const fetched = connect({
    fetch(_, info) {
      info.earlyHints({ link: LINK });
      return new Response("final");
    },
  });
  fetched.client.send("GET / HTTP/1.0\r\n\r\n");
  await settled();
  assert.deepEqual(parseResponses(fetched.client.text()).map(({ status }) => status), [200]);
  assert.deepEqual([...errors, ...fetched.errors], []);
});

test("interim() refuses statuses that are none of its own", () => {
  const { client, errors } = connect({
    exchange(x) {
      for (const status of [99, 100, 101, 200, 404, 102.5, NaN, -102, 1020, "103" as unknown as number]) {
        assert.throws(() => x.interim(status), RangeError, String(status));
      }
      x.respond(204);
    },
  });
  client.send(get());
  assert.deepEqual(errors, []);
  assert.deepEqual(parseResponses(client.text()).map(({ status }) => status), [204]);
});

test("interim() refuses fields that cannot travel, and sends nothing then", () => {
  const wrong: Fields[] = [
    { "x-a": "b\r\nc: d" },
    { "x-a": "\0" },
    { "x-a": "→" },
    { "x a": "b" },
    { "": "b" },
    { "content-length": 0 },
  ];
  const { client, errors } = connect({
    exchange(x) {
      for (const fields of wrong) {
        assert.throws(() => x.earlyHints(fields), TypeError, JSON.stringify(fields));
      }
      x.respond(200, {}, "final");
    },
  });
  client.send(get());
  assert.deepEqual(errors, []);
  assert.deepEqual(parseResponses(client.text()).map(({ status, body }) => [status, body]), [[200, "final"]]);
});

test("interim() says so where the response has begun", async () => {
  const { client, errors } = connect({
    async exchange(x) {
      x.start(200);
      assert.throws(() => x.interim(102), ExchangeError);
      assert.throws(() => x.earlyHints({}), ExchangeError);
      x.end();
      assert.throws(() => x.interim(102), ExchangeError);
      await null;
      assert.throws(() => x.earlyHints({}), ExchangeError);
    },
  });
  client.send(get());
  await settled();
  assert.deepEqual(errors, []);
  assert.equal(parseResponses(client.text()).length, 1);
});

test("interim() for a client that is gone does nothing", async () => {
  let x!: Exchange;
  const { client, errors } = connect({ exchange: (exchange) => void (x = exchange) });
  client.send(get());
  client.reset();
  x.interim(102);
  x.earlyHints({ link: LINK });
  await settled();
  assert.equal(client.text(), "");
  assert.deepEqual(errors, []);
});

test("100 comes in its turn among other interim responses, and HEAD gets them too", async () => {
  const { client, errors } = connect({
    async exchange(x) {
      x.earlyHints({ link: LINK });
      const body = await x.text();
      x.interim(102);
      x.respond(200, {}, body);
    },
  });
  client.send(post("", "/", "Expect: 100-continue").replace("h: 0", "h: 4"));
  await settled();
  assert.deepEqual(parseResponses(client.text()).map(({ status }) => status), [103, 100]);
  client.send("body" + get().replace("GET", "HEAD"));
  for (let i = 0; i < 3; i++) await settled();
  const responses = parseResponses(client.text(), ["", "", "", "", "", "", "HEAD"]);
  assert.deepEqual(responses.map(({ status }) => status), [103, 100, 102, 200, 103, 102, 200]);
  assert.deepEqual(errors, []);
});

test("interim responses do not hide that a final status without 100 closes", () => {
  const { client } = connect({
    exchange(x) {
      x.interim(102);
      x.respond(401);
    },
  });
  client.send(post("", "/", "Expect: 100-continue").replace("h: 0", "h: 4"));
  const [, final] = parseResponses(client.text());
  assert.deepEqual([final.status, final.headers.get("connection")], [401, "close"]);
});

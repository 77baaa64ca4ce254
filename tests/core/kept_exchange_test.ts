/** What a handler keeps of a request stays that request's, whatever comes in the memory that it lay in. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exchange } from "../../src/api/exchange.ts";
import { FastResponse } from "../../src/fetch/fast_response.ts";
import { connect } from "../support/memory.ts";

const FIRST = "GET /first HTTP/1.1\r\nHost: a.example\r\nCookie: mine\r\n\r\n";
const OTHER = "GET /other HTTP/1.1\r\nHost: b.example\r\nCookie: hers\r\n\r\n";

/** Memory that a transport reads into again and again. */
const memory = new Uint8Array(256);

function fill(text: string): number {
  return new TextEncoder().encodeInto(text, memory).written;
}

test("a request whose handler closes the connection stays its own", () => {
  let request!: Request;
  const { internal } = connect({
    fetch(given, info) {
      request = given;
      info.connection.close();
      return new FastResponse("too late");
    },
  });
  internal.receive(memory, 0, fill(FIRST));
  fill(OTHER);
  assert.equal(request.url, "http://a.example/first");
  assert.equal(request.headers.get("cookie"), "mine");
});

test("an exchange that was aborted, or whose body breaks its length, shows no other request", () => {
  const ways: ((x: Exchange) => void)[] = [
    (x) => x.abort(),
    (x) => x.connection.close(),
    (x) => {
      x.start(200, { "content-length": "5" });
      assert.throws(() => x.write("far too long"), RangeError);
    },
  ];
  for (const end of ways) {
    let kept!: Exchange;
    const { internal } = connect({
      exchange(x) {
        kept = x;
        end(x);
      },
    });
    internal.receive(memory, 0, fill(FIRST));
    fill(OTHER);
    assert.equal(kept.target, "/first");
    assert.equal(kept.header("cookie"), "mine");
  }
});

test("headers() of one request gives nothing of the next", () => {
  let kept: IterableIterator<[string, string]> | undefined;
  const seen: unknown[] = [];
  const { internal } = connect({
    exchange(x) {
      if (kept === undefined) {
        kept = x.headers();
        assert.deepEqual(kept.next().value, ["host", "a.example"]);
      } else {
        assert.throws(() => seen.push(kept!.next().value), /the exchange is over/);
      }
      x.respond(200);
    },
  });
  internal.receive(memory, 0, fill(FIRST));
  internal.receive(memory, 0, fill(OTHER));
  assert.equal(internal.policy.requests, 2);
  assert.deepEqual(seen, []);
});

test("a Request that is kept shows its own head, whether the next repeats its fields, its length or nothing", () => {
  const kept: Request[] = [];
  const { internal } = connect({
    fetch(request) {
      kept.push(request);
      return new FastResponse("ok");
    },
  });
  const targets = ["/a", "/a", "/a", "/b", "/b", "/longer", "/a", "/c", "/c"];
  const cookies = ["1", "1", "1", "1", "2", "2", "2", "2", "3"];
  targets.forEach((target, i) => {
    const head = `GET ${target} HTTP/1.1\r\nHost: a.example\r\nCookie: ${cookies[i]}\r\n\r\n`;
    internal.receive(memory, 0, fill(head));
    memory.fill(0);
  });
  assert.deepEqual(kept.map(({ url }) => new URL(url).pathname), targets);
  assert.deepEqual(kept.map(({ headers }) => headers.get("cookie")), cookies);
});

test("a request stays its own while its body comes in memory that is used again", () => {
  let request!: Request;
  const { client, connection, internal } = connect({
    fetch(given) {
      request = given;
      return new FastResponse("early");
    },
  });
  const head = "POST /one HTTP/1.1\r\nHost: a.example\r\nContent-Length: 60\r\n\r\n";
  const memory = new TextEncoder().encode(head.padEnd(200));
  internal.receive(memory, 0, head.length);
  const body = "GET /forged HTTP/1.1\r\nHost: evil.example\r\nX-Admin: 1\r\n\r\n".padEnd(60);
  memory.set(new TextEncoder().encode(body));
  internal.receive(memory, 0, 60);
  assert.equal(request.url, "http://a.example/one");
  assert.equal(request.headers.get("x-admin"), null);
  assert.equal(connection.state, "idle");
  client.reset();
});

/**
 * Heads that come again: each request is read as it was sent, whatever was read before it on this connection or
 * another.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FastResponse } from "../../mod.ts";
import { echoTarget } from "../support/exchange_handlers.ts";
import { connect, type Connected, get, parseResponses, settled } from "../support/memory.ts";

test("each of many equal requests that expect it gets its 100", async () => {
  const { client } = connect({
    async exchange(x) {
      x.respond(200, {}, x.hasBody ? await x.text() : "none");
    },
  });
  const head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
  const plain = head.replace("Expect: 100-continue", "Accept: 100-continue");
  for (const sent of [head, head, head, head, plain, plain, plain, head, plain, head]) {
    client.written.length = 0;
    client.send(sent);
    await settled();
    assert.equal(client.text(), sent === head ? "HTTP/1.1 100 Continue\r\n\r\n" : "");
    client.send("hi");
    await settled();
    const statuses = parseResponses(client.text()).map(({ status, body }) => [status, body]);
    assert.deepEqual(statuses, sent === head ? [[100, ""], [200, "hi"]] : [[200, "hi"]]);
  }
});

test("an unanswered expectation closes, after any number of equal requests that were told to go on", async () => {
  const head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
  for (const before of [0, 1, 2, 3, 4]) {
    let requests = 0;
    const { client } = connect({
      async exchange(x) {
        if (requests++ < before) await x.text();
        x.respond(200);
      },
    });
    for (let i = 0; i < before; i++) {
      client.send(head);
      await settled();
      client.send("hi");
      await settled();
    }
    assert.equal(client.ended, false);
    client.send(head);
    await settled();
    assert.equal(client.ended, true);
    assert.equal(parseResponses(client.text()).at(-1)!.headers.get("connection"), "close");
  }
});

test("each server has its own limits for a head that was read on others before", () => {
  const request = get("/", "X-One: 1", "X-Two: 2");
  const status = (limits: { maxHeaders?: number; maxHeaderBytes?: number }): number => {
    const { client } = connect({ exchange: echoTarget, ...limits });
    client.send(request);
    const [{ status }] = parseResponses(client.text());
    client.reset();
    return status;
  };
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 3; i++) assert.equal(status({}), 200);
    assert.equal(status({ maxHeaders: 2 }), 431);
    for (let i = 0; i < 3; i++) assert.equal(status({ maxHeaders: 3 }), 200);
    assert.equal(status({ maxHeaderBytes: request.length - 1 }), 431);
    assert.equal(status({ maxHeaderBytes: request.length }), 200);
  }
});

test("equal requests stay their own while others come in memory that is used again", async () => {
  const read: string[] = [];
  const { internal, client } = connect({
    async exchange(x) {
      await null;
      read.push(`${x.target} ${x.header("x-mark")} ${x.header("host")}`);
      x.respond(200);
    },
  });
  const memory = new Uint8Array(200);
  const expected: string[] = [];
  for (
    const [target, mark] of [["/1", "a"], ["/2", "a"], ["/3", "a"], ["/four", "a"], ["/5", "a"], ["/6", "b"]]
  ) {
    const bytes = new TextEncoder().encode(get(target, `X-Mark: ${mark}`));
    const start = expected.length * 3;
    memory.set(bytes, start);
    internal.receive(memory, start, start + bytes.length);
    memory.fill(0x7a);
    expected.push(`${target} ${mark} a.example`);
    await settled();
  }
  assert.deepEqual(read, expected);
  client.reset();
});

test("a Request that is kept of each of many that are alike stays what it was", () => {
  const kept: Request[] = [];
  const { client } = connect({
    fetch(request) {
      kept.push(request);
      return new FastResponse("ok");
    },
  });
  const expected: unknown[] = [];
  for (
    const [method, target, mark, before] of [
      ["GET", "/1", "a", ""],
      ["GET", "/1", "a", ""],
      ["GET", "/1", "a", ""],
      ["GET", "/2", "a", ""],
      ["PUT", "/2", "a", ""],
      ["GET", "/2", "a", ""],
      ["GET", "/2", "b", ""],
      ["GET", "/2", "a", ""],
      ["GET", "/", "a", "\r\n"],
      ["GET", "/2", "a", ""],
      ["GET", "/2", "a", ""],
      ["GET", "/2", "a", "\r\n"],
      ["GET", "/2?longer", "a", ""],
      ["GET", "/2", "a", ""],
      ["GET", "/2", "c", ""],
      ["GET", "/2", "c", ""],
      ["GET", "/2", "c", ""],
      ["GET", "/3", "c", ""],
    ]
  ) {
    client.send(before + get(target, `X-Mark: ${mark}`).replace("GET", method));
    expected.push([method, `http://a.example${target}`, mark, 2]);
  }
  const read = kept.map((
    { method, url, headers },
  ) => [method, url, headers.get("x-mark"), [...headers].length]);
  assert.deepEqual(read, expected);
});

test("a refused head after equal ones gets its status, and the next connection is served", () => {
  for (const line of ["X-Mark : a", "X-Mark: \0", "Content-Length: x", "Host: a.example", "Expect: more"]) {
    for (const before of [0, 1, 2, 3, 4]) {
      const good = `X-Mark: ${"a".repeat(line.length - "X-Mark: ".length)}`;
      const refused = connect({ exchange: echoTarget });
      refused.client.send(get("/", good).repeat(before) + get("/", line) + get("/", good));
      const statuses = parseResponses(refused.client.text()).map(({ status }) => status);
      assert.deepEqual(statuses.slice(0, -1), Array(before).fill(200));
      assert.ok([400, 417].includes(statuses.at(-1)!), line);
      refused.client.sendEnd();
      const next = connect({ exchange: echoTarget });
      next.client.send(get("/next", good));
      assert.equal(parseResponses(next.client.text())[0].body, "/next");
      next.client.reset();
    }
  }
});

test("any sequence of requests that are alike reaches the handlers as it was sent, however it is split", () => {
  const request = fc.record({
    connection: fc.nat(2),
    method: fc.constantFrom("GET", "HEAD", "POST", "DELETE"),
    target: fc.constantFrom("/", "/1", "/a?b=c"),
    version: fc.constantFrom("1.0", "1.1", "1.1"),
    fields: fc.constantFrom<(readonly [string, string])[]>(
      [["host", "a.example"], ["x-mark", "a"], ["connection", "keep-alive"]],
      [["host", "a.example"], ["x-mark", "b"], ["connection", "keep-alive"]],
      [["host", "b.example"], ["x-mark", "a"], ["connection", "keep-alive"]],
      [["host", "a.example"], ["connection", "keep-alive"], ["x-mark", "a"]],
      [["host", "a.example"], ["x-mark", "a"], ["connection", "keep-alive"], ["content-length", "2"]],
      [["host", "a.example"], ["x-mark", "a"], ["connection", "keep-alive"], ["content-length", "3"]],
    ),
    times: fc.integer({ min: 1, max: 4 }),
    cut: fc.nat(200),
  });
  fc.assert(
    fc.property(fc.array(request, { minLength: 1, maxLength: 12 }), (requests) => {
      const seen: unknown[] = [];
      const opened: Connected[] = [];
      for (let i = 0; i < 3; i++) {
        opened.push(connect({
          exchange(x) {
            seen.push([x.method, x.target, x.httpVersion, [...x.headers()], x.contentLength]);
            x.respond(204);
          },
        }));
      }
      const expected: unknown[] = [];
      for (const { connection, method, target, version, fields, times, cut } of requests) {
        const length = fields[3] === undefined ? 0 : Number(fields[3][1]);
        const section = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
        const text = `${method} ${target} HTTP/${version}\r\n${section}\r\n${"b".repeat(length)}`;
        for (let i = 0; i < times; i++) {
          const place = cut % text.length;
          opened[connection].client.send(text.slice(0, place));
          opened[connection].client.send(text.slice(place));
          expected.push([method, target, version, fields, length]);
        }
      }
      assert.deepEqual(seen, expected);
      for (const { client } of opened) client.reset();
    }),
    { numRuns: 300 },
  );
});

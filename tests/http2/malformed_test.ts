/** Requests that are malformed (RFC 9113 §8.1.1, §8.2, §8.3): a stream error of PROTOCOL_ERROR, and the connection lives on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProtocolError } from "../../src/api/errors.ts";
import type { Exchange } from "../../src/api/exchange.ts";
import { connectHttp2, FLAG, frame, request } from "../support/http2_client.ts";
import type { Field } from "../support/hpack.ts";
import { settled } from "../support/memory.ts";

const exchange = (x: Exchange): void => x.respond(200);

const without = (name: string): Field[] => request().filter((field) => field[0] !== name);

const MALFORMED: Record<string, Field[]> = {
  // §8.2.1
  "an upper-case name": request({}, ["X-Upper", "1"]),
  "an upper-case letter in a name": request({}, ["x-uppeR", "1"]),
  "an empty name": request({}, ["", "1"]),
  "a space in a name": request({}, ["x y", "1"]),
  "a colon in a name": request({}, ["x:y", "1"]),
  "an octet above 0x7f in a name": request({}, ["x-\xe4", "1"]),
  "NUL in a value": request({}, ["x-a", "a\0b"]),
  "LF in a value": request({}, ["x-a", "a\nb: c"]),
  "CR in a value": request({}, ["x-a", "a\rb"]),
  "a space before a value": request({}, ["x-a", " a"]),
  "a space behind a value": request({}, ["x-a", "a "]),
  "a tab before a value": request({}, ["x-a", "\ta"]),
  "a tab behind a value": request({}, ["x-a", "a\t"]),
  // §8.2.2
  "connection": request({}, ["connection", "keep-alive"]),
  "keep-alive": request({}, ["keep-alive", "timeout=1"]),
  "proxy-connection": request({}, ["proxy-connection", "close"]),
  "transfer-encoding": request({}, ["transfer-encoding", "chunked"]),
  "upgrade": request({}, ["upgrade", "h2c"]),
  "te other than trailers": request({}, ["te", "trailers, deflate"]),
  // §8.3
  "an unknown pseudo-field": request({ unknown: "1" }),
  "a pseudo-field of responses": request({ status: "200" }),
  "a pseudo-field behind a field": [["x-a", "1"], ...request()],
  "a pseudo-field behind fields": [...without(":path"), ["x-a", "1"], [":path", "/"]],
  "a field without a name, before the others": [["", ""], ...request()],
  "no pseudo-fields": [["x-a", "1"]],
  "no fields at all": [],
  // §8.3.1
  "no :method": without(":method"),
  "no :scheme": without(":scheme"),
  "no :path": without(":path"),
  "no :authority, and no Host": without(":authority"),
  ":method twice": [...request(), [":method", "GET"]],
  ":scheme twice": [...request(), [":scheme", "http"]],
  ":path twice": [...request(), [":path", "/"]],
  ":authority twice": [...request(), [":authority", "a.example"]],
  "an empty :method": request({ method: "" }),
  ":method that is no token": request({ method: "GE T" }),
  "an empty :scheme": request({ scheme: "" }),
  ":scheme that is another": request({ scheme: "ftp" }),
  "an empty :path": request({ path: "" }),
  ":path without a slash": request({ path: "a" }),
  ":path that is a URL": request({ path: "http://a.example/" }),
  ":path with a space": request({ path: "/a b" }),
  ":path with a tab": request({ path: "/a\tb" }),
  ":path with LF": request({ path: "/ HTTP/1.1\nx: y" }),
  ":path * of a GET": request({ path: "*" }),
  "an empty :authority": request({ authority: "" }),
  ":authority with user information": request({ authority: "user@a.example" }),
  ":authority with a path": request({ authority: "a.example/x" }),
  ":authority with a space": request({ authority: "a example" }),
  ":authority with a port that is none": request({ authority: "a.example:x" }),
  "Host other than :authority": request({}, ["host", "b.example"]),
  "Host twice": request({}, ["host", "a.example"], ["host", "a.example"]),
  "an empty Host without :authority": [...without(":authority"), ["host", ""]],
  // §8.5
  "CONNECT with :path": request({ method: "CONNECT" }).filter(([name]) => name !== ":scheme"),
  "CONNECT with :scheme": request({ method: "CONNECT" }).filter(([name]) => name !== ":path"),
  "CONNECT without :authority": [[":method", "CONNECT"]],
  ":protocol of a GET": request({ protocol: "websocket" }),
  // §8.1.1
  "content-length that is no number": request({}, ["content-length", "1x"]),
  "content-length with a sign": request({}, ["content-length", "+1"]),
  "an empty content-length": request({}, ["content-length", ""]),
  "two values of content-length": request({}, ["content-length", "0"], ["content-length", "1"]),
  "content-length of several": request({}, ["content-length", "0, 0"]),
  "content-length of a body that does not come": request({ method: "POST" }, ["content-length", "1"]),
  "content-length beyond what can be counted": request({}, ["content-length", "99999999999999999999"]),
};

for (const [name, fields] of Object.entries(MALFORMED)) {
  test(`malformed: ${name}`, async () => {
    const refused: ProtocolError[] = [];
    const { peer, server, connection } = await connectHttp2({
      exchange,
      onRefused: (error) => refused.push(error),
    });
    peer.send(peer.headers(1, fields));
    assert.deepEqual(peer.told(), ["RST_STREAM 1 PROTOCOL_ERROR"]);
    assert.deepEqual(refused.map(({ status }) => status), [400]);
    peer.get(3, "/", ["x-a", "1"]);
    assert.deepEqual(peer.told(), ["HEADERS 3 200 end"]);
    assert.deepEqual([server.stats().requests, connection.state], [1, "idle"]);
  });
}

test("what follows a malformed head of a request with a body is passed over", async () => {
  const { peer, connection } = await connectHttp2({ exchange });
  peer.send(peer.headers(1, without(":path"), 0));
  peer.data(1, "x");
  peer.data(1, "y", FLAG.end);
  peer.get(3);
  assert.deepEqual(peer.told(), ["RST_STREAM 1 PROTOCOL_ERROR", "HEADERS 3 200 end"]);
  assert.equal(connection.state, "idle");
});

const GOOD: Record<string, [fields: Field[], seen: string]> = {
  "Host beside :authority": [request({}, ["host", "A.example"]), "GET a.example /"],
  "Host without :authority": [[...without(":authority"), ["host", "b.example"]], "GET b.example /"],
  "te: trailers": [request({}, ["te", "trailers"]), "GET a.example /"],
  "OPTIONS of *": [request({ method: "OPTIONS", path: "*" }), "OPTIONS a.example *"],
  "a method of its own": [request({ method: "M-SEARCH" }), "M-SEARCH a.example /"],
  "a scheme that is not the connection's": [request({ scheme: "https" }), "GET a.example /"],
  "a port": [request({ authority: "a.example:8080" }), "GET a.example:8080 /"],
  "an IPv6 address": [request({ authority: "[::1]:8080" }), "GET [::1]:8080 /"],
  "pseudo-fields in any order": [request().reverse(), "GET a.example /"],
  "an empty value": [request({}, ["x-a", ""]), "GET a.example /"],
  "octets above 0x7f in a value": [request({}, ["x-a", "\xe4\xff"]), "GET a.example /"],
  "content-length twice, alike": [
    request({}, ["content-length", "0"], ["content-length", "0"]),
    "GET a.example /",
  ],
};

for (const [name, [fields, seen]] of Object.entries(GOOD)) {
  test(`well-formed: ${name}`, async () => {
    const { peer } = await connectHttp2({
      exchange: (x) => x.respond(200, {}, `${x.method} ${x.authority} ${x.target}`),
    });
    peer.send(peer.headers(1, fields));
    assert.deepEqual(peer.told(), ["HEADERS 1 200", `DATA 1 ${JSON.stringify(seen)} end`]);
  });
}

test("CONNECT is an exchange handler's to answer, and 501 of a fetch handler", async () => {
  const connect: Field[] = [[":method", "CONNECT"], [":authority", "b.example:443"]];
  const seen: string[] = [];
  const one = await connectHttp2({
    exchange(x) {
      seen.push(`${x.method} ${x.target}`);
      x.respond(405);
    },
  });
  one.peer.send(one.peer.headers(1, connect));
  assert.deepEqual(one.peer.told(), ["HEADERS 1 405 end"]);
  assert.deepEqual(seen, ["CONNECT b.example:443"]);
  const two = await connectHttp2({ fetch: () => new Response("no tunnel") });
  two.peer.send(two.peer.headers(1, connect));
  await settled();
  assert.equal(two.peer.told()[0], "HEADERS 1 501");
});

const BAD_TRAILERS: Record<string, [fields: Field[], flags: number]> = {
  "a pseudo-field": [[[":path", "/"]], FLAG.end],
  "an empty pseudo-field": [[[":path", ""]], FLAG.end],
  "a pseudo-field of responses": [[[":status", "200"]], FLAG.end],
  "an upper-case name": [[["X-A", "1"]], FLAG.end],
  "connection": [[["connection", "close"]], FLAG.end],
  "LF in a value": [[["x-a", "a\nb"]], FLAG.end],
  "no END_STREAM": [[["x-a", "1"]], 0],
  "more than maxHeaderBytes": [[["x-a", "1".repeat(5_000)]], FLAG.end],
  "more than maxHeaders": [Array.from({ length: 21 }, (): Field => ["x-a", "1"]), FLAG.end],
};

for (const [name, [fields, flags]] of Object.entries(BAD_TRAILERS)) {
  test(`malformed trailers: ${name}`, async () => {
    let failure: unknown;
    const { peer } = await connectHttp2({
      maxHeaderBytes: 4_096,
      maxHeaders: 20,
      exchange: (x) =>
        x.target === "/" ? x.respond(200) : x.text().then(() => {}, (error) => void (failure = error)),
    });
    peer.post(1, "/read");
    peer.data(1, "body");
    peer.send(peer.headers(1, fields, flags));
    peer.get(3);
    assert.deepEqual(peer.told(), ["RST_STREAM 1 PROTOCOL_ERROR", "HEADERS 3 200 end"]);
    await settled();
    assert.equal((failure as ProtocolError).code, "body_incomplete");
  });
}

test("a second trailer section is a frame behind the end: STREAM_CLOSED", async () => {
  const { peer } = await connectHttp2({ exchange: () => {} });
  peer.post(1);
  peer.send(peer.headers(1, [["x-a", "1"]]), peer.headers(1, [["x-a", "1"]]));
  assert.deepEqual(peer.told(), ["RST_STREAM 1 STREAM_CLOSED"]);
});

test("a block of size updates alone is one without fields", async () => {
  const { peer } = await connectHttp2({ exchange });
  peer.send(frame("HEADERS", FLAG.end | FLAG.endHeaders, 1, Uint8Array.of(0x20)));
  assert.deepEqual(peer.told(), ["RST_STREAM 1 PROTOCOL_ERROR"]);
});

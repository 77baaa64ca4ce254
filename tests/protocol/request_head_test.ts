/** RequestHead: what it reads of a head, what it refuses and with which status, and that no split makes a difference. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CHUNKED } from "../../src/protocol/framing.ts";
import { CLOSE, KEEP_ALIVE, UPGRADE } from "../../src/protocol/persistence.ts";
import { NEED_MORE, RequestHead } from "../../src/protocol/request_head.ts";
import {
  assertHeadIncomplete,
  assertHeadRefused,
  bytesOf,
  countReads,
  cutsFrom,
  everyByte,
  headThatKnows,
  isRead,
  LIMITS,
  parseInPieces,
  readHead,
  type Refusal,
  textOf,
  usedHead,
} from "./helpers.ts";

const UNLIMITED = { maxHeaderBytes: 0, maxHeaders: 0, maxTargetBytes: 0 };

/** A request line, then these field lines; Host is among them unless `host` says otherwise. */
function request(
  line: string,
  fields: readonly string[] = [],
  host: readonly string[] = ["Host: a.example"],
) {
  return [line, ...host, ...fields, "", ""].join("\r\n");
}

function get(...fields: string[]): string {
  return request("GET / HTTP/1.1", fields);
}

// What a head tells.

test("RequestHead.parse() reads a head", () => {
  const text = request("GET /path?q=1 HTTP/1.1", ["Accept: */*", "Content-Length: 3"]);
  assert.deepEqual(readHead(text), {
    method: "GET",
    target: "/path?q=1",
    minor: 1,
    fields: [["host", "a.example"], ["accept", "*/*"], ["content-length", "3"]],
    connection: 0,
    framing: 3,
    expectsContinue: false,
    length: text.length,
  });
});

test("RequestHead.parse() reads a head without any field from HTTP/1.0", () => {
  const { method, target, minor, fields } = readHead("GET / HTTP/1.0\r\n\r\n");
  assert.deepEqual({ method, target, minor, fields }, { method: "GET", target: "/", minor: 0, fields: [] });
});

test("RequestHead.parse() answers NEED_MORE for every beginning of a head", () => {
  const text = "\r\n" +
    request("OPTIONS * HTTP/1.1", ["Connection: close", "Expect: 100-continue", "X: y z "]);
  for (let length = 0; length < text.length; length++) assertHeadIncomplete(text.slice(0, length));
  readHead(text);
});

test("RequestHead.parse() keeps methods as they were sent", () => {
  const known = ["GET", "PUT", "POST", "HEAD", "PATCH", "TRACE", "DELETE", "OPTIONS"];
  const other = [
    "get",
    "Get",
    "GEX",
    "XET",
    "XELETE",
    "PUTT",
    "QUERY",
    "PROPFIND",
    "X",
    "M-SEARCH",
    "!#$%&'*+-.^_`|~09azAZ",
  ];
  for (const method of [...known, ...other]) {
    assert.equal(readHead(request(`${method} / HTTP/1.1`)).method, method);
  }
});

test("RequestHead.parse() reads any token as a method, however long", () => {
  const method = "LONG".repeat(50);
  assert.equal(readHead(request(`${method} / HTTP/1.1`)).method, method);
});

test("RequestHead.parse() treats minor versions above 1 as HTTP/1.1", () => {
  for (const [version, minor] of [["1.0", 0], ["1.1", 1], ["1.2", 1], ["1.9", 1]] as const) {
    assert.equal(readHead(request(`GET / HTTP/${version}`)).minor, minor);
  }
});

test("RequestHead.parse() reads the target in each of its four forms", () => {
  for (
    const [method, target] of [
      ["GET", "/"],
      ["GET", "//double"],
      ["GET", "/a/b;c=d?e=f&g=%20"],
      ["GET", '/|^`{}<>"\\[]!$'],
      ["GET", "http://a.example"],
      ["GET", "http://a.example:8080/path?query"],
      ["GET", "HTTPS://A.example?query"],
      ["OPTIONS", "*"],
      ["OPTIONS", "/"],
      ["CONNECT", "a.example:443"],
      ["CONNECT", "[::1]:443"],
    ] as const
  ) {
    assert.equal(readHead(request(`${method} ${target} HTTP/1.1`)).target, target);
  }
});

test("RequestHead.parse() gives fields in order, names in lower case, values without blanks around them", () => {
  const { fields } = readHead(
    request("GET / HTTP/1.1", [
      "X-One:1",
      "x-two: \t 2  2 \t ",
      "X-EMPTY:",
      "X-Blank: \t",
      "x-one: again",
      "X-Latin1: caf\xe9 \xff\x80",
      "!#$%&'*+-.^_`|~09azAZ: :\"\\,",
      "Content-Type: text/plain",
    ]),
  );
  assert.deepEqual(fields.slice(1), [
    ["x-one", "1"],
    ["x-two", "2  2"],
    ["x-empty", ""],
    ["x-blank", ""],
    ["x-one", "again"],
    ["x-latin1", "caf\xe9 \xff\x80"],
    ["!#$%&'*+-.^_`|~09azaz", ':"\\,'],
    ["content-type", "text/plain"],
  ]);
});

test("RequestHead.parse() answers where the head ends, and the rest is left for the body or the next head", () => {
  const text = get("Content-Length: 4");
  const bytes = bytesOf(`xx${text}\r\n\r\nGET /next HTTP/1.1`);
  const head = new RequestHead();
  assert.equal(head.parse(bytes, 2, bytes.length, LIMITS), text.length);
  assert.equal(head.length, text.length);
});

test("RequestHead.parse() reads no byte before or behind the head, and changes none", () => {
  const text = get("Content-Length: 4", "Connection: keep-alive", "Transfer-Encodin: x");
  const memory = bytesOf(`\r\n${text}\n\0\0\0`);
  const reads = new Uint32Array(memory.length);
  assert.equal(new RequestHead().parse(countReads(memory, reads), 2, memory.length, LIMITS), text.length);
  assert.deepEqual([...reads.subarray(0, 2), ...reads.subarray(2 + text.length)], [0, 0, 0, 0, 0, 0]);
  assert.ok(reads.subarray(2, 2 + text.length).every((count) => count > 0));
  assert.equal(textOf(memory), `\r\n${text}\n\0\0\0`, "the bytes were changed");
});

test("RequestHead.parse() looks at each byte a bounded number of times, however the head is split", () => {
  const text = "\r\n\r\n" + request(`GET /${"t".repeat(3000)} HTTP/1.1`, [
    `X-Long: ${"v".repeat(5000)}`,
    `${"n".repeat(1000)}: name`,
    ...Array.from({ length: 50 }, (_, i) => `X-${i}: ${i}`),
    "Content-Length: 12",
    "Connection: keep-alive, upgrade, x",
    "Expect: 100-continue",
  ]);
  const memory = bytesOf(text);
  for (const step of [1, 2, 3, 7, 100, text.length]) {
    const reads = new Uint32Array(memory.length);
    const counted = countReads(memory, reads);
    const head = new RequestHead();
    for (let end = step; end < text.length; end += step) {
      assert.equal(head.parse(counted, 0, end, LIMITS), NEED_MORE);
    }
    assert.equal(head.parse(counted, 0, text.length, LIMITS), text.length);
    // A line is begun, searched for its end, read, and what is known of it looked at: far from once per call.
    assert.ok(Math.max(...reads) <= 16, `in steps of ${step} a byte was read ${Math.max(...reads)} times`);
  }
});

test("RequestHead.fields and target move with the bytes", () => {
  const text = request("GET /target HTTP/1.1", ["X-Test: value"]);
  const head = new RequestHead();
  const first = bytesOf(text);
  head.parse(first, 0, text.length, LIMITS);
  const moved = bytesOf(`....${text}`);
  head.moveTo(moved, 4);
  first.fill(0);
  assert.equal(head.target, "/target");
  assert.equal(head.fields.get("x-test"), "value");
});

test("RequestHead.reset() lets go of the bytes, and begins anew", () => {
  const head = usedHead();
  assert.equal(head.begun, false);
  assert.deepEqual([head.bytes.length, head.fields.bytes.length], [0, 0]);
});

test("RequestHead.begun tells whether a request has begun, empty lines aside", () => {
  const head = new RequestHead();
  const text = "\r\n\r\n" + get();
  const bytes = bytesOf(text);
  const begun = (end: number): boolean => {
    head.parse(bytes, 0, end, LIMITS);
    return head.begun;
  };
  assert.equal(head.begun, false);
  assert.equal(begun(0), false);
  assert.equal(begun(2), false);
  assert.equal(begun(4), false);
  assert.equal(begun(5), true);
  assert.equal(begun(20), true);
  assert.equal(begun(text.length - 1), true);
  head.reset();
  assert.equal(head.begun, false);
});

// Line ends.

test("RequestHead.parse() passes over up to four empty lines before a request", () => {
  for (let count = 0; count <= 4; count++) {
    const text = "\r\n".repeat(count) + get();
    assert.equal(readHead(text).length, text.length);
    assertHeadIncomplete("\r\n".repeat(count));
  }
});

test("RequestHead.parse() rejects more empty lines than that", () => {
  for (const count of [5, 6, 100]) assertHeadRefused("\r\n".repeat(count), "bad_request_line", 400);
  assertHeadRefused("\r\n".repeat(5) + get(), "bad_request_line", 400);
});

test("RequestHead.parse() bounds the empty lines of each request by itself", () => {
  const head = new RequestHead();
  const text = "\r\n".repeat(4) + get();
  for (let i = 0; i < 3; i++) {
    assert.equal(head.parse(bytesOf(text), 0, text.length, LIMITS), text.length);
    head.reset();
  }
});

test("RequestHead.parse() rejects a bare LF", () => {
  const { length } = "GET / HTTP/1.1";
  const text = get("X: y");
  assertHeadRefused("\n" + text, "bad_request_line", 400);
  assertHeadRefused("\r\n\n" + text, "bad_request_line", 400);
  assertHeadRefused(text.slice(0, length) + "\n" + text.slice(length + 2), "bad_version", 400);
  assertHeadRefused("GET / HTTP/1.1\n", "bad_version", 400);
  assertHeadRefused("GET / HTTP/1.1\n\n", "bad_version", 400);
  assertHeadRefused("GET\n / HTTP/1.1\r\n", "bad_request_line", 400);
  assertHeadRefused("GET /\n HTTP/1.1\r\n", "bad_target", 400);
  assertHeadRefused("GET / HTTP\n/1.1\r\n", "bad_version", 400);
  assertHeadRefused(text.replace("X: y\r\n", "X: y\n"), "bad_field", 400);
  assertHeadRefused(text.replace("X: y\r\n", "X:\n"), "bad_field", 400);
  assertHeadRefused(text.replace("X: y\r\n", "X\n"), "bad_field", 400);
  assertHeadRefused(text.slice(0, -2) + "\n", "bad_field", 400);
});

test("RequestHead.parse() rejects a bare CR", () => {
  const text = get("X: y");
  assertHeadRefused("\r" + text, "bad_request_line", 400);
  assertHeadRefused("\r\r\n" + text, "bad_request_line", 400);
  assertHeadRefused("GET\r / HTTP/1.1\r\n", "bad_request_line", 400);
  assertHeadRefused("GET\r/ HTTP/1.1\r\n", "bad_request_line", 400);
  assertHeadRefused("GET /\rHTTP/1.1\r\n", "bad_target", 400);
  assertHeadRefused("GET / HTTP/1.1\r" + text.slice(16), "bad_version", 400);
  assertHeadRefused("GET / HTTP/1.1\r\r\n", "bad_version", 400);
  assertHeadRefused(text.replace("X: y\r\n", "X: y\rz\r\n"), "bad_field", 400);
  assertHeadRefused(text.replace("X: y\r\n", "X: y\r\r\n"), "bad_field", 400);
  assertHeadRefused(text.replace("X: y\r\n", "X\r: y\r\n"), "bad_field", 400);
  assertHeadRefused(text.replace("X: y\r\n", "X:\ry\r\n"), "bad_field", 400);
  assertHeadRefused(text.slice(0, -2) + "\r\r\n", "bad_field", 400);
});

// The request line.

test("RequestHead.parse() rejects a request line with other than single spaces", () => {
  for (
    const [line, code] of [
      [" GET / HTTP/1.1", "bad_request_line"],
      ["\tGET / HTTP/1.1", "bad_request_line"],
      ["GET\t/ HTTP/1.1", "bad_request_line"],
      ["GET\x0b/ HTTP/1.1", "bad_request_line"],
      ["GET  / HTTP/1.1", "bad_target"],
      ["GET \t/ HTTP/1.1", "bad_target"],
      ["GET /\tHTTP/1.1", "bad_target"],
      ["GET /\x0cHTTP/1.1", "bad_target"],
      ["GET /  HTTP/1.1", "bad_version"],
      ["GET / HTTP/1.1 ", "bad_version"],
      ["GET / HTTP/1.1\t", "bad_version"],
      ["GET /a b HTTP/1.1", "bad_version"],
    ] as const
  ) {
    assertHeadRefused(`${line}\r\n`, code, 400);
  }
});

test("RequestHead.parse() rejects a request line without its three parts", () => {
  for (
    const [line, code] of [
      ["GET", "bad_request_line"],
      ["GET ", "bad_target"],
      ["GET /", "bad_target"], // as HTTP/0.9 had it
      ["GET / ", "bad_version"],
      ["GET HTTP/1.1", "bad_target"],
      [" / HTTP/1.1", "bad_request_line"],
      ["/ HTTP/1.1", "bad_request_line"],
      ["HTTP/1.1 200 OK", "bad_request_line"],
      ["\x16\x03\x01\x02\0\x01", "bad_request_line"], // a TLS client
    ] as const
  ) {
    assertHeadRefused(`${line}\r\n`, code, 400);
  }
});

test("RequestHead.parse() rejects a method that is no token", () => {
  for (const byte of '\0\x01\x1f"(),/:;<=>?@[\\]{}\x7f\x80\xe9\xff') {
    assertHeadRefused(`G${byte}T / HTTP/1.1\r\n`, "bad_request_line", 400);
    assertHeadRefused(`${byte}GET / HTTP/1.1\r\n`, "bad_request_line", 400);
  }
});

test("RequestHead.parse() rejects a target with anything but visible ASCII, and a fragment", () => {
  for (const byte of "\0\x01\x08\x0b\x1b\x1f#\x7f\x80\xa0\xc3\xff") {
    assertHeadRefused(`GET /a${byte}b HTTP/1.1\r\n`, "bad_target", 400);
    assertHeadRefused(`GET /a${byte} HTTP/1.1\r\n`, "bad_target", 400);
  }
  assertHeadRefused("GET http://a.example/#top HTTP/1.1\r\n", "bad_target", 400);
});

test("RequestHead.parse() rejects a target of a form that its method does not have", () => {
  for (
    const [method, target] of [
      ["GET", "*"],
      ["OPTIONS", "*/"],
      ["OPTIONS", "**"],
      ["GET", "a.example:80"],
      ["GET", "path"],
      ["GET", "?query"],
      ["GET", "ftp://a.example/"],
      ["GET", "http:/a.example/"],
      ["GET", "http://"],
      ["GET", "http:///path"],
      ["GET", "http://:80/path"],
      ["GET", "http://user@a.example/"],
      ["GET", "http://user:password@a.example/"],
      ["CONNECT", "/"],
      ["CONNECT", "*"],
      ["CONNECT", "a.example"],
      ["CONNECT", "a.example:"],
      ["CONNECT", ":443"],
      ["CONNECT", "a.example:443/"],
      ["CONNECT", "http://a.example:443"],
      ["CONNECT", "user@a.example:443"],
    ] as const
  ) {
    assertHeadRefused(`${method} ${target} HTTP/1.1\r\n`, "bad_target", 400);
  }
});

test("RequestHead.parse() answers other major versions with 505", () => {
  for (const version of ["0.9", "0.0", "2.0", "3.0", "9.9"]) {
    assertHeadRefused(`GET / HTTP/${version}\r\n`, "unsupported_version", 505);
  }
  // The connection preface of HTTP/2 (RFC 9113 §3.4) has a target that would be a 400.
  assertHeadRefused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "unsupported_version", 505);
});

test("RequestHead.parse() rejects a malformed version", () => {
  for (
    const version of [
      "HTTP/1.1x",
      "HTTP/1.10",
      "HTTP/11.1",
      "HTTP/1",
      "HTTP/1.",
      "HTTP/.1",
      "HTTP/1,1",
      "HTTP/1.a",
      "HTTP/a.1",
      "HTTP/:.1",
      "HTTP/1.:",
      "HTTP/1./",
      "HTTP/-1.1",
      "HTTP/1.1.1",
      "http/1.1",
      "Http/1.1",
      "HTTPS/1.1",
      "HTTP 1.1",
      "HTTP1.1",
      "HTCPCP/1.0",
      "ICY/1.1",
      "/1.1",
    ]
  ) {
    assertHeadRefused(`GET / ${version}\r\n`, "bad_version", 400);
  }
});

// Field lines.

test("RequestHead.parse() rejects a space before the colon", () => {
  for (const line of ["X : y", "X\t: y", "Host : a", "Content-Length : 5", "Transfer-Encoding : chunked"]) {
    assertHeadRefused(get(line), "bad_field", 400);
  }
});

test("RequestHead.parse() rejects folded lines", () => {
  for (const fold of [" folded", "\tfolded", " ", "\t", " X: y"]) {
    assertHeadRefused(get("X: y", fold), "bad_field", 400);
    assertHeadRefused(get("X: y", fold, "Z: z"), "bad_field", 400);
  }
});

test("RequestHead.parse() rejects blanks between the request line and the first field", () => {
  assertHeadRefused("GET / HTTP/1.1\r\n Host: a\r\n\r\n", "bad_field", 400);
  assertHeadRefused("GET / HTTP/1.1\r\n\tHost: a\r\n\r\n", "bad_field", 400);
  assertHeadRefused("GET / HTTP/1.1\r\n \r\nHost: a\r\n\r\n", "bad_field", 400);
});

test("RequestHead.parse() rejects a field line without a name or a colon", () => {
  for (const line of [":", ": y", "X", "X y", "X=y", "GET / HTTP/1.1"]) {
    assertHeadRefused(get(line), "bad_field", 400);
  }
});

test("RequestHead.parse() rejects a field name that is no token", () => {
  for (const byte of '\0\x01\x1f "(),/;<=>?@[\\]{}\x7f\x80\xe9\xff') {
    assertHeadRefused(get(`X${byte}Y: z`), "bad_field", 400);
    assertHeadRefused(get(`${byte}X: z`), "bad_field", 400);
  }
});

test("RequestHead.parse() rejects NUL and every other control byte in a field value", () => {
  for (let code = 0; code < 128; code++) {
    if ((code >= 0x20 && code !== 0x7f) || code === 0x09) continue;
    const byte = String.fromCharCode(code);
    assertHeadRefused(get(`X: y${byte}z`), "bad_field", 400);
    assertHeadRefused(get(`X:${byte}`), "bad_field", 400);
  }
});

// Host.

test("RequestHead.parse() rejects HTTP/1.1 without Host", () => {
  for (const version of ["1.1", "1.2"]) {
    assertHeadRefused(`GET / HTTP/${version}\r\n\r\n`, "bad_host", 400);
    assertHeadRefused(`GET / HTTP/${version}\r\nHos: a\r\nHosts: a\r\nHost-: a\r\n\r\n`, "bad_host", 400);
  }
  assertHeadRefused("GET http://a.example/ HTTP/1.1\r\n\r\n", "bad_host", 400);
});

test("RequestHead.parse() rejects a repeated Host, in HTTP/1.0 too", () => {
  for (const version of ["1.0", "1.1"]) {
    for (const second of ["Host: a.example", "hOST: a.example", "Host:", "Host: b.example"]) {
      assertHeadRefused(request(`GET / HTTP/${version}`, ["X: y", second]), "bad_host", 400);
    }
  }
});

test("RequestHead.parse() rejects a malformed Host", () => {
  for (
    const host of ["a b", "a,b c", "user@a", "a/b", "a:b", "a:80:80", "[::1", "::1", "a\xe9", "%zz", ":80"]
  ) {
    for (const version of ["1.0", "1.1"]) {
      assertHeadRefused(request(`GET / HTTP/${version}`, [], [`Host: ${host}`]), "bad_host", 400);
    }
  }
});

test("RequestHead.parse() rejects an empty Host where the target has an authority (RFC 9112 §3.2)", () => {
  for (const version of ["1.0", "1.1"]) {
    for (const start of ["GET http://a.example/", "OPTIONS https://a.example", "CONNECT a.example:443"]) {
      for (const host of ["Host:", "Host: \t"]) {
        assertHeadRefused(request(`${start} HTTP/${version}`, ["X: y"], [host]), "bad_host", 400);
      }
    }
    for (const start of ["GET /", "OPTIONS *"]) {
      assert.deepEqual(readHead(request(`${start} HTTP/${version}`, [], ["Host:"])).fields, [["host", ""]]);
    }
  }
});

test("RequestHead.parse() reads Host in all its forms", () => {
  for (
    const host of [
      "",
      "a",
      "a.example:8080",
      "a.example:",
      "127.0.0.1:1",
      "[::1]",
      "[::1]:80",
      "%41_-~!$&'()*+,;=",
    ]
  ) {
    const { fields } = readHead(request("GET / HTTP/1.1", ["X: y"], [`hOsT: \t${host} `]));
    assert.deepEqual(fields[0], ["host", host]);
  }
});

// Framing.

test("RequestHead.parse() knows a body by Content-Length, by chunked, or not at all", () => {
  assert.equal(readHead(get()).framing, 0);
  assert.equal(readHead(get("Content-Length: 0")).framing, 0);
  assert.equal(readHead(get("CONTENT-LENGTH: 12")).framing, 12);
  assert.equal(readHead(get("Content-Length: 00012")).framing, 12);
  assert.equal(readHead(get("Content-Length: 9007199254740991")).framing, 9007199254740991);
  assert.equal(readHead(get("Transfer-Encoding: chunked")).framing, CHUNKED);
  assert.equal(readHead(get("transfer-encoding:CHUNKED ")).framing, CHUNKED);
  assert.equal(readHead(request("POST / HTTP/1.0", ["Content-Length: 5"], [])).framing, 5);
});

test("RequestHead.parse() takes equal Content-Lengths for one (RFC 9112 §6.3)", () => {
  assert.equal(readHead(get("Content-Length: 5", "X: y", "content-length: 5")).framing, 5);
});

test("RequestHead.parse() rejects differing Content-Lengths", () => {
  assertHeadRefused(get("Content-Length: 5", "Content-Length: 6"), "bad_content_length", 400);
  assertHeadRefused(get("Content-Length: 0", "X: y", "Content-Length: 6"), "bad_content_length", 400);
  assertHeadRefused(get("Content-Length: 5, 6"), "bad_content_length", 400);
  assertHeadRefused(get("Content-Length: 5, 5"), "bad_content_length", 400);
});

test("RequestHead.parse() rejects a malformed Content-Length", () => {
  for (
    const value of ["", ",", "+5", "-5", "-0", "5.0", "5 5", "0x5", "5e0", "five", "5;", "\xb2", "5,x", '"5"']
  ) {
    assertHeadRefused(get(`Content-Length: ${value}`), "bad_content_length", 400);
  }
});

test("RequestHead.parse() rejects a Content-Length that no safe integer holds", () => {
  for (const value of ["9007199254740992", "9007199254740993", "18446744073709551621", "9".repeat(400)]) {
    assertHeadRefused(get(`Content-Length: ${value}`), "bad_content_length", 400);
  }
});

test("RequestHead.parse() rejects Content-Length with Transfer-Encoding, in either order", () => {
  for (const length of ["Content-Length: 5", "Content-Length: 0"]) {
    assertHeadRefused(get(length, "Transfer-Encoding: chunked"), "bad_transfer_encoding", 400);
    assertHeadRefused(get("Transfer-Encoding: chunked", "X: y", length), "bad_transfer_encoding", 400);
  }
});

test("RequestHead.parse() rejects Transfer-Encoding in HTTP/1.0", () => {
  for (const host of [[], ["Host: a"]]) {
    const text = request("POST / HTTP/1.0", ["Transfer-Encoding: chunked"], host);
    assertHeadRefused(text, "bad_transfer_encoding", 400);
  }
});

test("RequestHead.parse() rejects a Transfer-Encoding other than chunked", () => {
  for (
    const value of [
      "",
      ",",
      "gzip",
      "identity",
      "xchunked",
      "chunkedx",
      "chunke",
      "chunked, gzip",
      "chunked, chunked",
      "gzip, chunked, identity",
      "chunked;q=1",
      '"chunked"',
      "chunked x",
      "\x80chunked",
    ]
  ) {
    assertHeadRefused(get(`Transfer-Encoding: ${value}`), "bad_transfer_encoding", 400);
  }
});

test("RequestHead.parse() answers codings before chunked with 501 (RFC 9112 §6.1)", () => {
  for (const value of ["gzip, chunked", "gzip,deflate , Chunked", "identity, chunked"]) {
    assertHeadRefused(get(`Transfer-Encoding: ${value}`), "unknown_transfer_encoding", 501);
  }
});

test("RequestHead.parse() rejects a repeated Transfer-Encoding", () => {
  const line = "Transfer-Encoding: chunked";
  assertHeadRefused(get(line, line), "bad_transfer_encoding", 400);
  assertHeadRefused(get(line, "X: y", "transfer-encoding: gzip"), "bad_transfer_encoding", 400);
});

test("RequestHead.parse() takes no field for another of the same length", () => {
  const head = readHead(
    get(
      "Link: a b",
      "Accept: x",
      "Xonnection: close",
      "Xontent-Length: x",
      "Xransfer-Encoding: x",
      "Hosx: b",
    ),
  );
  assert.deepEqual([head.framing, head.connection, head.expectsContinue], [0, 0, false]);
});

// Connection and Expect.

test("RequestHead.connection tells the options of all Connection lines", () => {
  for (
    const [lines, options] of [
      [[], 0],
      [["Connection: close"], CLOSE],
      [["Connection: Keep-Alive"], KEEP_ALIVE],
      [["Connection: keep-alive, Upgrade"], KEEP_ALIVE | UPGRADE],
      [["Connection: x", "X: y", "CONNECTION: CLOSE"], CLOSE],
      [
        ["Connection: keep-alive", "Connection: ,upgrade,", "connection: close"],
        KEEP_ALIVE | UPGRADE | CLOSE,
      ],
      [["Connection: closed, not-close, close-not, keep-alive2, xkeep-alive"], 0],
      [["Connection: x close"], 0],
      [["Connection:"], 0],
      [["X-Connection: close", "Connectio: close", "Keep-Alive: close", "Proxy-Connection: close"], 0],
    ] as const
  ) {
    assert.equal(readHead(get(...lines)).connection, options, lines.join());
    assert.equal(readHead(request("GET / HTTP/1.0", lines, [])).connection, options, lines.join());
  }
});

test("RequestHead.expectsContinue tells of Expect: 100-continue", () => {
  assert.equal(readHead(get("Content-Length: 1")).expectsContinue, false);
  assert.equal(readHead(get("Content-Length: 1", "Expect: 100-continue")).expectsContinue, true);
  assert.equal(readHead(get("eXPECT:\t100-CONTINUE ")).expectsContinue, true);
  assert.equal(readHead(get("Expected: 100-continue", "Expec: 100-continue")).expectsContinue, false);
  assert.equal(readHead(get("Accept: 100-continue")).expectsContinue, false);
});

test("RequestHead.parse() answers other expectations with 417", () => {
  for (
    const value of [
      "100-continu",
      "100-continue2",
      "200-ok",
      "100-continue, x",
      "x, 100-continue",
      "100-continue;a=b",
    ]
  ) {
    assertHeadRefused(get(`Expect: ${value}`), "unsupported_expectation", 417);
  }
  assertHeadRefused(get("Expect: 100-continue", "Expect: x"), "unsupported_expectation", 417);
});

test("RequestHead.parse() ignores Expect in HTTP/1.0 (RFC 9110 §10.1.1)", () => {
  for (const value of ["100-continue", "200-ok"]) {
    const { expectsContinue, fields } = readHead(request("PUT / HTTP/1.0", [`Expect: ${value}`], []));
    assert.equal(expectsContinue, false);
    assert.deepEqual(fields, [["expect", value]]);
  }
});

// Limits.

test("RequestHead.parse() answers a target over maxTargetBytes with 414", () => {
  const limits = { ...LIMITS, maxTargetBytes: 20 };
  assert.equal(readHead(request(`GET /${"t".repeat(19)} HTTP/1.1`), limits).target.length, 20);
  assertHeadRefused(request(`GET /${"t".repeat(20)} HTTP/1.1`), "target_too_long", 414, limits);
  assertHeadRefused(
    request(`GET http://a.example/${"t".repeat(20)} HTTP/1.1`),
    "target_too_long",
    414,
    limits,
  );
});

test("RequestHead.parse() answers a target over maxTargetBytes with 414 before it ends", () => {
  const limits = { ...LIMITS, maxTargetBytes: 20 };
  assertHeadIncomplete(`GET /${"t".repeat(19)}`, limits);
  assertHeadRefused(`GET /${"t".repeat(1000)}`, "target_too_long", 414, limits);
});

test("RequestHead.parse() answers a request line that never ends with 414, whatever stands in it", () => {
  const limits = { ...LIMITS, maxTargetBytes: 20 };
  for (const endless of ["T".repeat(200), `GET / HTTP/1.1${" ".repeat(200)}`, `GET ${"\0".repeat(200)}`]) {
    const outcome = parseInPieces(endless, everyByte(endless.length), limits);
    assert.deepEqual(outcome, { code: "target_too_long", status: 414 });
  }
});

test("RequestHead.parse() bounds the request line at one length, however it is split", () => {
  const limits = { ...LIMITS, maxTargetBytes: 20 };
  for (const before of ["", "\r\n\r\n"]) {
    for (let method = 1; method <= 60; method++) {
      const text = before + request(`${"M".repeat(method)} /${"t".repeat(19)} HTTP/1.1`);
      // The longest target leaves room for a method of 36 bytes.
      if (method <= 36) readHead(text, limits);
      else assertHeadRefused(text, "target_too_long", 414, limits);
    }
  }
});

test("RequestHead.parse() answers a head over maxHeaderBytes with 431", () => {
  const text = get("X: y", "Content-Length: 5");
  const exact = { ...LIMITS, maxHeaderBytes: text.length };
  assert.equal(readHead(text, exact).length, text.length);
  assertHeadRefused(text, "head_too_large", 431, { ...LIMITS, maxHeaderBytes: text.length - 1 });
  const padded = "\r\n" + text;
  assertHeadRefused(padded, "head_too_large", 431, exact);
  // What else is wrong with it as a whole does not count then, whether it comes whole or not.
  const hostless = request("GET / HTTP/1.1", ["X: y"], []);
  assertHeadRefused(hostless, "head_too_large", 431, { ...LIMITS, maxHeaderBytes: hostless.length - 1 });
});

test("RequestHead.parse() answers a head over maxHeaderBytes with 431 before it ends", () => {
  const limits = { ...LIMITS, maxHeaderBytes: 200 };
  const text = `${get().slice(0, -2)}X: ${"v".repeat(1000)}`;
  assertHeadIncomplete(text.slice(0, 200), limits);
  const refusal = { code: "head_too_large", status: 431 };
  for (const length of [201, text.length]) {
    assert.deepEqual(parseInPieces(text, [length], limits), refusal);
    assert.deepEqual(parseInPieces(text, everyByte(length), limits), refusal);
  }
});

test("RequestHead.parse() answers more than maxHeaders lines with 431", () => {
  const limits = { ...LIMITS, maxHeaders: 5 };
  assert.equal(readHead(get("A: 1", "B: 2", "C: 3", "D: 4"), limits).fields.length, 5);
  assertHeadRefused(get("A: 1", "B: 2", "C: 3", "D: 4", "E: 5"), "too_many_fields", 431, limits);
  assertHeadRefused(get("A: 1", "A: 2", "A: 3", "A: 4", "A: 5"), "too_many_fields", 431, limits);
});

test("RequestHead.parse() takes a limit of 1 for one", () => {
  readHead(get(), { maxHeaderBytes: 0, maxHeaders: 1, maxTargetBytes: 1 });
  assertHeadRefused(get("X: y"), "too_many_fields", 431, { ...UNLIMITED, maxHeaders: 1 });
  assertHeadRefused(request("GET /a HTTP/1.1"), "target_too_long", 414, { ...UNLIMITED, maxTargetBytes: 1 });
  assertHeadRefused("GET / HTTP/1.0\r\n\r\n", "head_too_large", 431, { ...UNLIMITED, maxHeaderBytes: 1 });
});

test("RequestHead.parse() has no limit where it is 0", () => {
  const line = `GET /${"t".repeat(20_000)} HTTP/1.1`;
  const fields = Array.from({ length: 2000 }, (_, i) => `X-${i}: ${"v".repeat(10)}`);
  const text = request(line, [`Y: ${"v".repeat(100_000)}`, ...fields]);
  const { length } = text;
  const head = parseInPieces(text, [10_000, 50_000, 130_000, length], UNLIMITED);
  assert.ok(isRead(head));
  assert.equal(head.length, length);
  assert.equal(head.target.length, 20_001);
  assert.equal(head.fields.length, 2002);
});

test("RequestHead.parse() has each limit for itself", () => {
  const text = request(`GET /${"t".repeat(99)} HTTP/1.1`, ["A: 1", "B: 2", "C: 3"]);
  const { length } = text;
  readHead(text, { maxHeaderBytes: 0, maxHeaders: 4, maxTargetBytes: 100 });
  readHead(text, { maxHeaderBytes: length, maxHeaders: 0, maxTargetBytes: 100 });
  readHead(text, { maxHeaderBytes: length, maxHeaders: 4, maxTargetBytes: 0 });
  assertHeadRefused(text, "target_too_long", 414, { ...UNLIMITED, maxTargetBytes: 99 });
  assertHeadRefused(text, "too_many_fields", 431, { ...UNLIMITED, maxHeaders: 3 });
  assertHeadRefused(text, "head_too_large", 431, { ...UNLIMITED, maxHeaderBytes: length - 1 });
});

// Heads that come again.

/** A head with all that is read of fields, for this target. */
function full(target: string): string {
  return request(`POST ${target} HTTP/1.1`, [
    "Connection: keep-alive, upgrade",
    "Content-Length: 12",
    "Expect: 100-continue",
    "Cookie: a=1",
  ]);
}

test("RequestHead.parse() reads fields that came twice in a row no more, but compares them", () => {
  const text = full("/");
  const sectionStart = text.indexOf("\r\n") + 2;
  const mostReads = (head: RequestHead): number => {
    const reads = new Uint32Array(text.length);
    assert.equal(head.parse(countReads(bytesOf(text), reads), 0, text.length, LIMITS), text.length);
    head.reset();
    return Math.max(...reads.subarray(sectionStart));
  };
  assert.ok(mostReads(new RequestHead()) > 2);
  const head = new RequestHead();
  for (let i = 0; i < 2; i++) {
    assert.equal(head.parse(bytesOf(text), 0, text.length, LIMITS), text.length);
    head.reset();
  }
  assert.deepEqual([mostReads(head), mostReads(head)], [2, 2]);
});

test("RequestHead.parse() reads the request line of a head whose fields it knows", () => {
  const head = headThatKnows(full("/first"));
  for (
    const [line, method, target] of [
      ["POST /other", "POST", "/other"],
      ["POST /first/and/longer?q=1", "POST", "/first/and/longer?q=1"],
      ["PUT /", "PUT", "/"],
      ["\r\n\r\nGET /x", "GET", "/x"],
      ["OPTIONS *", "OPTIONS", "*"],
    ]
  ) {
    const text = full("/first").replace("POST /first", line);
    const read = parseInPieces(text, [text.length], LIMITS, head);
    assert.ok(isRead(read));
    assert.deepEqual(read, readHead(text));
    assert.deepEqual([read.method, read.target, read.length], [method, target, text.length]);
    head.reset();
  }
});

test("RequestHead.parse() refuses a request line before fields that it knows, and knows them still", () => {
  const text = full("/");
  for (
    const [line, code, status] of [
      ["POST  / HTTP/1.1", "bad_target", 400],
      ["POST / HTTP/2.0", "unsupported_version", 505],
      ["POST / HTTP/1.1 ", "bad_version", 400],
      [`POST /${"t".repeat(9000)} HTTP/1.1`, "target_too_long", 414],
    ] as const
  ) {
    const head = headThatKnows(text);
    const bad = text.replace("POST / HTTP/1.1", line);
    assert.deepEqual(parseInPieces(bad, [bad.length], LIMITS, head), { code, status });
    head.reset();
    assert.deepEqual(parseInPieces(text, [text.length], LIMITS, head), readHead(text));
  }
});

test("RequestHead.parse() answers NEED_MORE for every beginning of a head that it knows", () => {
  const text = full("/");
  const whole = readHead(text);
  for (let length = 0; length < text.length; length++) {
    const head = headThatKnows(text);
    assert.equal(parseInPieces(text.slice(0, length), [length], LIMITS, head), NEED_MORE);
    head.reset();
    assert.deepEqual(
      parseInPieces(text, [text.length], LIMITS, head),
      whole,
      `after ${length} bytes`,
    );
  }
});

test("RequestHead.parse() reads the rest of a head that began as one that it knows", () => {
  const text = full("/");
  const other = text.replace("Content-Length: 12", "Content-Length: 21").replace("a=1", "a=2");
  const [whole, otherWhole] = [readHead(text), readHead(other)];
  for (let cut = 0; cut < text.length; cut++) {
    const head = headThatKnows(text);
    assert.deepEqual(
      parseInPieces(other, [cut, other.length], LIMITS, head),
      otherWhole,
      `cut at ${cut}`,
    );
    head.reset();
    assert.deepEqual(parseInPieces(text, [cut, text.length], LIMITS, head), whole, `cut at ${cut}`);
  }
});

test("RequestHead.parse() reads the fields of one version for themselves, though it knows them of the other", () => {
  const texts = [
    full("/"),
    full("/").replace("Content-Length: 12", "X-Length: 12345678"),
    get("Expect: 100-continue", "Connection: close"),
    request("GET / HTTP/1.1", ["Expect: more"]),
    request("GET / HTTP/1.1", ["Transfer-Encoding: chunked"]),
    request("GET / HTTP/1.1", ["X: y"], []),
  ];
  for (const text of texts) {
    const versions = ["1.0", "1.1", "1.2"].map((version) => text.replace("HTTP/1.1", `HTTP/${version}`));
    const outcomes = versions.map((text) => parseInPieces(text, [text.length]));
    assert.notDeepEqual(outcomes[0], outcomes[1]);
    const head = new RequestHead();
    for (const i of [0, 0, 0, 1, 0, 1, 1, 1, 2, 0, 2, 2, 2, 1, 0, 0, 0]) {
      assert.deepEqual(parseInPieces(versions[i], [text.length], LIMITS, head), outcomes[i]);
      head.reset();
    }
  }
});

test("RequestHead.parse() holds fields that it knows against the limits of each call", () => {
  const text = full("/");
  const { length } = text;
  const whole = readHead(text);
  const head = headThatKnows(text);
  for (
    const [limits, code, status] of [
      [{ maxHeaders: 4 }, "too_many_fields", 431],
      [{ maxHeaders: 1 }, "too_many_fields", 431],
      [{ maxHeaderBytes: length - 1 }, "head_too_large", 431],
      [{ maxHeaderBytes: 60 }, "head_too_large", 431],
    ] as const
  ) {
    for (const cuts of [[length], [length - 1, length], everyByte(length)]) {
      for (let time = 1; time <= 3; time++) {
        const refused = parseInPieces(text, cuts, { ...LIMITS, ...limits }, head);
        assert.deepEqual(refused, { code, status }, JSON.stringify(limits));
        head.reset();
      }
      for (let time = 1; time <= 3; time++) {
        const exact = { ...LIMITS, maxHeaders: 5, maxHeaderBytes: length };
        assert.deepEqual(parseInPieces(text, [length], time === 2 ? UNLIMITED : exact, head), whole);
        head.reset();
      }
    }
  }
});

test("RequestHead.expectsContinue is told of each head anew, whatever became of it before", () => {
  const expecting = full("/");
  const other = full("/").replace("Expect: 100-continue", "Accept: 100-continue");
  const head = new RequestHead();
  for (const text of [expecting, expecting, expecting, expecting, other, other, other, expecting, other]) {
    const read = parseInPieces(text, [text.length], LIMITS, head);
    assert.ok(isRead(read));
    assert.equal(read.expectsContinue, text === expecting);
    head.expectsContinue = false; // as a connection does once it has sent 100
    head.reset();
  }
});

test("RequestHead.fields and target of a head that it knows move with the bytes", () => {
  const text = full("/target");
  const head = headThatKnows(text);
  const first = bytesOf(`..${text}`);
  head.parse(first, 2, first.length, LIMITS);
  const moved = bytesOf(`....${text}`);
  head.moveTo(moved, 4);
  first.fill(0);
  assert.equal(head.target, "/target");
  assert.equal(head.fields.get("cookie"), "a=1");
  assert.equal(head.fields.get("host"), "a.example");
});

test("RequestHead.reset() lets go of the bytes of a head that it knows", () => {
  const head = headThatKnows(full("/"));
  assert.deepEqual([head.bytes.length, head.fields.bytes.length, head.begun], [0, 0, false]);
});

test("RequestHead.parse() reads fields that are too long to be remembered, each time", () => {
  const head = new RequestHead();
  for (const length of [100, 2000, 2100, 5000]) {
    for (const [value, times] of [["v", 4], ["w", 1], ["v", 2]] as const) {
      const text = get(`X-Long: ${value.repeat(length)}`, "Content-Length: 3");
      for (let time = 1; time <= times; time++) {
        const read = parseInPieces(text, [text.length], LIMITS, head);
        assert.deepEqual(read, parseInPieces(text, [text.length]));
        head.reset();
      }
    }
  }
});

// Properties.

const DIGITS_AND_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const TCHARS = "!#$%&'*+-.^_`|~" + DIGITS_AND_LETTERS;

function charsBetween(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, i) => String.fromCharCode(first + i));
}

function textFrom(chars: readonly string[], minLength: number, maxLength: number): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...chars), minLength, maxLength });
}

const token = textFrom([...TCHARS], 1, 12);
const vchar = [...charsBetween(0x21, 0x7e), ...charsBetween(0x80, 0xff)];
const value = textFrom([...vchar, " ", "\t"], 0, 30).map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ""));
const blanks = textFrom([" ", "\t"], 0, 3);
const DECIDING = ["host", "expect", "connection", "content-length", "transfer-encoding"];
const field = fc.record({
  name: token.filter((name) => !DECIDING.includes(name.toLowerCase())),
  value,
  before: blanks,
  after: blanks,
});
const validRequest = fc.record({
  method: token.filter((method) => method !== "CONNECT"),
  target: textFrom(charsBetween(0x21, 0x7e).filter((char) => char !== "#"), 0, 40).map((rest) => `/${rest}`),
  minor: fc.constantFrom(0, 1),
  fields: fc.array(field, { maxLength: 40 }),
  hostAt: fc.nat(40),
  emptyLines: fc.nat(4),
});

/** What `validRequest` generated, as fields and as text. */
function render(from: typeof validRequest extends fc.Arbitrary<infer T> ? T : never) {
  const lines = [...from.fields];
  lines.splice(from.hostAt, 0, { name: "HOST", value: "a.example:80", before: " ", after: "" });
  const start = `${from.method} ${from.target} HTTP/1.${from.minor}`;
  const section = lines.map(({ name, value, before, after }) => `${name}:${before}${value}${after}`);
  return { lines, text: "\r\n".repeat(from.emptyLines) + [start, ...section, "", ""].join("\r\n") };
}

const anyCuts = fc.array(fc.nat(5000), { maxLength: 8 });

test("RequestHead.parse() reads from a generated head what generated it, however it is split", () => {
  fc.assert(fc.property(validRequest, anyCuts, (generated, places) => {
    const { lines, text } = render(generated);
    const expected = {
      method: generated.method,
      target: generated.target,
      minor: generated.minor,
      fields: lines.map(({ name, value }): [string, string] => [name.toLowerCase(), value]),
      connection: 0,
      framing: 0,
      expectsContinue: false,
      length: text.length,
    };
    assert.deepEqual(parseInPieces(text, cutsFrom(places, text.length)), expected);
    assert.deepEqual(parseInPieces(text + "GET /", [...cutsFrom(places, text.length)]), expected);
    assert.deepEqual(parseInPieces(text, everyByte(text.length)), expected);
  }));
});

/**
 * Asserts that pieces make no difference. Only a fault in a line that has not ended may be seen later: a line that
 * came in part is looked at again when its end is here.
 */
function assertSplitMakesNoDifference(text: string, places: readonly number[]): void {
  const whole = parseInPieces(text, [text.length]);
  for (const cuts of [cutsFrom(places, text.length), everyByte(text.length)]) {
    const split = parseInPieces(text, cuts);
    if (split === NEED_MORE && typeof whole === "object" && "code" in whole) continue;
    assert.deepEqual(split, whole);
  }
}

const BASES = [
  "POST /path?q HTTP/1.1\r\nHost: a.example:80\r\nContent-Length: 5\r\nConnection: keep-alive, close\r\n\r\nhello",
  "PUT http://[::1]:80/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: a\r\nExpect: 100-continue\r\n\r\n0\r\n\r\n",
  "\r\nCONNECT a.example:443 HTTP/1.0\r\nHost: a.example\r\nX-Latin1:\t\xe9 \r\nContent-Length: 1, 1\r\n\r\n",
];
const mutation = fc.record({
  at: fc.nat(200),
  remove: fc.nat(3),
  insert: textFrom([...'\0\t\n\r "#%*+,-./0159:;@AHTP[]_aehkx\x7f\x80\xff'], 0, 3),
});

test("RequestHead.parse() refuses a mutated head with a ProtocolError, or reads it, however it is split", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...BASES),
      fc.array(mutation, { maxLength: 4 }),
      anyCuts,
      (base, mutations, places) => {
        let text = base;
        for (const { at, remove, insert } of mutations) {
          text = text.slice(0, at) + insert +
            text.slice(at + remove);
        }
        assertSplitMakesNoDifference(text, places);
      },
    ),
    { numRuns: 500 },
  );
});

test("RequestHead.parse() answers random bytes with a number or a ProtocolError", () => {
  const anyBytes = fc.uint8Array({ maxLength: 300 });
  const limits = { maxHeaderBytes: 200, maxHeaders: 3, maxTargetBytes: 30 };
  fc.assert(
    fc.property(anyBytes, fc.boolean(), (bytes, plausible) => {
      const text = (plausible ? "GET / HTTP/1.1\r\n" : "") + String.fromCharCode(...bytes);
      const outcomes = [[text.length], everyByte(text.length)].map((cuts) =>
        parseInPieces(text, cuts, limits)
      );
      for (const outcome of outcomes) {
        const known = outcome === NEED_MORE || "method" in outcome || isError((outcome as Refusal).status);
        assert.ok(known, JSON.stringify(outcome));
      }
    }),
    { numRuns: 500 },
  );
});

/** Heads whose fields are alike, that of which each decides something, and what is no head at all. */
const ALIKE = [
  "POST /a HTTP/1.1\r\nHost: a.example\r\nContent-Length: 15\r\nExpect: 100-continue\r\n\r\n",
  "POST /b/c HTTP/1.1\r\nHost: a.example\r\nContent-Length: 51\r\nExpect: 100-continue\r\n\r\n",
  "\r\nGET /d HTTP/1.1\r\nHost: a.example\r\nContent-Length: 15\r\nAccept: 100-continue\r\n\r\n",
  "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n",
  "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: keep-alive\r\nX-1: y\r\nX-2: z\r\n\r\n",
  "GET / HTTP/1.1\r\n\r\n",
];
const likeness = fc.record({
  from: fc.nat(ALIKE.length - 1),
  minor: fc.constantFrom("0", "1", "1", "2"),
  /** One byte that is another. */
  edit: fc.option(fc.record({
    at: fc.nat(120),
    byte: fc.constantFrom(..."aAhHxX0159:,; \t\r\n\0\x7f\xff"),
  })),
});
const coming = fc.record({
  which: fc.nat(3),
  times: fc.integer({ min: 1, max: 4 }),
  /** The version of this time. */
  version: fc.constantFrom("", "HTTP/1.0", "HTTP/1.1"),
  places: fc.array(fc.nat(200), { maxLength: 2 }),
  /** How many bytes of it come, where the client goes away in the middle. */
  breaksOff: fc.option(fc.nat(150), { freq: 5 }),
  limits: fc.constantFrom(
    LIMITS,
    LIMITS,
    UNLIMITED,
    { ...LIMITS, maxHeaders: 2 },
    { ...LIMITS, maxHeaderBytes: 70 },
  ),
});

/** What `likeness` generated, as a text. */
function renderLikeness({ from, minor, edit }: typeof likeness extends fc.Arbitrary<infer T> ? T : never) {
  const text = ALIKE[from].replace(/HTTP\/1\.\d/, `HTTP/1.${minor}`);
  if (edit === null) return text;
  const at = edit.at % text.length;
  return text.slice(0, at) + edit.byte + text.slice(at + 1);
}

test("RequestHead.parse() reads each head of a sequence as if it were the first", () => {
  fc.assert(
    fc.property(
      fc.array(likeness, { minLength: 1, maxLength: 4 }),
      fc.array(coming, { minLength: 1, maxLength: 8 }),
      (likenesses, sequence) => {
        const texts = likenesses.map(renderLikeness);
        const head = new RequestHead();
        for (const { which, times, version, places, breaksOff, limits } of sequence) {
          const text = texts[which % texts.length].replace(/HTTP\/1\.\d/, version || "$&");
          const cuts = breaksOff === null
            ? cutsFrom(places, text.length)
            : cutsFrom(places, breaksOff % text.length);
          for (let time = 1; time <= times; time++) {
            const outcome = parseInPieces(text, cuts, limits, head);
            assert.deepEqual(outcome, parseInPieces(text, cuts, limits), `at time ${time}`);
            head.expectsContinue = false;
            head.reset();
          }
        }
      },
    ),
    { numRuns: 1000 },
  );
});

test("RequestHead.parse() takes no mutation of a head that it knows for that head", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...BASES, ...ALIKE),
      fc.array(mutation, { minLength: 1, maxLength: 3 }),
      anyCuts,
      (base, mutations, places) => {
        let text = base;
        for (const { at, remove, insert } of mutations) {
          text = text.slice(0, at) + insert + text.slice(at + remove);
        }
        for (const cuts of [[text.length], cutsFrom(places, text.length)]) {
          const expected = parseInPieces(text, cuts);
          assert.deepEqual(parseInPieces(text, cuts, LIMITS, headThatKnows(base)), expected);
        }
      },
    ),
    { numRuns: 500 },
  );
});

function isError(status: number): boolean {
  return [400, 413, 414, 417, 431, 501, 505].includes(status);
}

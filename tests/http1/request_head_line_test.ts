/**
 * RequestHead: methods, targets and versions that it reads, and request lines that it refuses.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertHeadRefused, readHead } from "../wire/helpers.ts";
import { request } from "./heads.ts";

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

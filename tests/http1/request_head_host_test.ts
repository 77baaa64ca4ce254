/**
 * RequestHead: when Host must be there, once, and in what form.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertHeadRefused, readHead } from "../wire/helpers.ts";
import { request } from "./heads.ts";

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

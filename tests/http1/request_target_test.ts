/** Which request targets are well-formed (RFC 9112 §3.2). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isTargetFor } from "../../src/http1/request_target.ts";
import { inMemory } from "../wire/helpers.ts";

function targetIsValid(method: string, text: string): boolean {
  return inMemory(text, (bytes, start, end) => isTargetFor(method, bytes, start, end));
}

function assertTargets(expected: boolean, method: string, targets: readonly string[]): void {
  for (const target of targets) {
    assert.equal(targetIsValid(method, target), expected, `${method} ${JSON.stringify(target)}`);
  }
}

test("isTargetFor() accepts origin-form for every method but CONNECT", () => {
  for (const method of ["GET", "OPTIONS", "POST", "X"]) {
    assertTargets(true, method, ["/", "/a?b", "//a", "/*", "/:80"]);
  }
  assertTargets(false, "CONNECT", ["/", "/a:80"]);
});

test("isTargetFor() accepts the asterisk for OPTIONS alone", () => {
  assertTargets(true, "OPTIONS", ["*"]);
  assertTargets(false, "OPTIONS", ["**", "*/", "*?a"]);
  for (const method of ["GET", "CONNECT", "options"]) assertTargets(false, method, ["*"]);
});

test("isTargetFor() accepts absolute-form with http and https", () => {
  for (const method of ["GET", "OPTIONS"]) {
    assertTargets(true, method, [
      "http://a",
      "http://a/",
      "http://a?b",
      "http://a:80",
      "http://a:80/b?c",
      "http://a:/b",
      "https://a/",
      "HTTP://A/",
      "hTtPs://[::1]:443/b",
      "http://a/b:c@d",
    ]);
  }
  assertTargets(false, "CONNECT", ["http://a", "http://a:80"]);
});

test("isTargetFor() rejects other schemes, and none", () => {
  assertTargets(false, "GET", [
    "ftp://a/",
    "ws://a/",
    "urn:a",
    "http:a",
    "http:/a",
    "httpx://a/",
    "xhttp://a/",
    "a",
    "a:80",
    ":80",
  ]);
});

test("isTargetFor() rejects absolute-form with an empty host (RFC 9110 §4.2.1)", () => {
  assertTargets(false, "GET", [
    "http://",
    "http:///",
    "http://?a",
    "http://:80",
    "http://:80/",
    "https://:/a",
  ]);
});

test("isTargetFor() rejects absolute-form with userinfo (RFC 9110 §4.2.4)", () => {
  assertTargets(false, "GET", ["http://user@a/", "http://user:pass@a/", "http://@a/", "http://user:80@a/"]);
});

test("isTargetFor() rejects absolute-form with a malformed authority", () => {
  assertTargets(false, "GET", [
    "http://a:x/",
    "http://a:80x",
    "http://a:65536/",
    "http://[::1/",
    "http://[::1]x/",
    "http://a%/",
    "http://a\\b/",
    "http://a|b/",
  ]);
});

test("isTargetFor() accepts host and port alone for CONNECT", () => {
  assertTargets(true, "CONNECT", ["a:80", "127.0.0.1:443", "[::1]:443", "a.example:0"]);
  assertTargets(false, "CONNECT", [
    "a",
    "a:",
    ":80",
    "[::1]",
    "a:80/",
    "a:80?b",
    "user@a:80",
    "a:65536",
    "a:80:80",
  ]);
});

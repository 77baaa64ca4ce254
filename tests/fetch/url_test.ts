/**
 * `request.url` is what `new URL` would make of it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { requestUrl } from "../../src/fetch/url.ts";

test("requestUrl() joins host and target", () => {
  assert.equal(requestUrl("http", "a.example", "/b?c=d"), "http://a.example/b?c=d");
  assert.equal(requestUrl("https", "127.0.0.1:8000", "/"), "https://127.0.0.1:8000/");
});

test("requestUrl() normalizes as URL does", () => {
  for (
    const [host, target, url] of [
      ["A.Example", "/", "http://a.example/"],
      ["a.example:80", "/", "http://a.example/"],
      ["a.example:080", "/", "http://a.example/"],
      ["[::1]:8000", "/", "http://[::1]:8000/"],
      ["127.1", "/", "http://127.0.0.1/"],
      ["0x7f.1", "/", "http://127.0.0.1/"],
      ["a", "/b/../c", "http://a/c"],
      ["a", "/b/.", "http://a/b/"],
      ["a", "/%2e%2e/c", "http://a/c"],
      ["a", "/{}|^", "http://a/{}|^"],
      ["a", "//b/c", "http://a//b/c"],
      ["a", "/\\b", "http://a//b"],
      ["a", '/a"b', "http://a/a%22b"],
      ["a", "/?a'b", "http://a/?a%27b"],
      ["", "/", "http://localhost/"],
    ] as const
  ) {
    assert.equal(requestUrl("http", host, target), new URL(url).href, `${host} ${target}`);
  }
});

test("requestUrl() takes absolute, authority and asterisk form", () => {
  assert.equal(requestUrl("http", "a", "http://b.example/c?d"), "http://b.example/c?d");
  assert.equal(requestUrl("http", "a", "HTTP://b.example"), "http://b.example/");
  assert.equal(requestUrl("http", "a", "b.example:443"), "http://b.example:443/");
  assert.equal(requestUrl("http", "a", "*"), "http://a/*");
});

test("requestUrl() has the connection's scheme, whatever an absolute form claims", () => {
  assert.equal(requestUrl("http", "a", "https://b.example/c?https://d"), "http://b.example/c?https://d");
  assert.equal(requestUrl("http", "a", "HTTPS://b.example"), "http://b.example/");
  assert.equal(requestUrl("https", "a", "http://b.example/c"), "https://b.example/c");
});

test("requestUrl() keeps the path of a host that URL does not take", () => {
  assert.equal(new URL(requestUrl("http", "a%zz", "/b")).pathname, "/b");
  assert.equal(new URL(requestUrl("http", "a:99999", "/b")).pathname, "/b");
  assert.equal(new URL(requestUrl("http", "1.2.3.4.5", "/b")).pathname, "/b");
});

test("requestUrl() agrees with URL on any target", () => {
  const target = fc.string({ unit: fc.constantFrom(..."ab/.%2eE?=&;:@!$'()*+,~_-{}|^\\\"<>`[]") }).map((
    text,
  ) => `/${text}`);
  const host = fc.constantFrom(
    "a.example",
    "a.example:8080",
    "a.example:80",
    "xn--a",
    "a.b.0x1",
    "a.1",
    "localhost",
    "A.b",
  );
  fc.assert(
    fc.property(host, target, (host, target) => {
      const joined = `http://${host}${target}`;
      if (!URL.canParse(joined)) return;
      assert.equal(requestUrl("http", host, target), new URL(joined).href);
    }),
    { numRuns: 3000 },
  );
});

/** How `Forwarded` (RFC 7239) and the lists of `X-Forwarded-*` are read. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { listFromRight, parseForwardedElement, parseNode } from "../../src/wire/forwarded.ts";

test("listFromRight() gives the last element first, and no empty ones", () => {
  assert.deepEqual([...listFromRight("a, b ,\tc")], ["c", "b", "a"]);
  assert.deepEqual([...listFromRight(", ,a,, ")], ["a"]);
  assert.deepEqual([...listFromRight("")], []);
});

test("listFromRight() leaves quoted strings whole, with what is escaped in them", () => {
  const elements = ['for="[2001:db8::1]:4711"', 'host="a,b"', 'x="\\",\\\\"', "for=192.0.2.1"];
  assert.deepEqual([...listFromRight(elements.join(", "))], elements.toReversed());
});

test("listFromRight() reads what the nearest proxy has added alike, whatever stands before it", () => {
  const own = 'for=192.0.2.1;host="a,b\\"c"';
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('"', "\\", ",", "=", ";", "a", " ") }), (before) => {
      assert.equal(listFromRight(`${before}, ${own}`).next().value, own);
    }),
  );
});

test("parseForwardedElement() reads the examples of RFC 7239 §4", () => {
  assert.deepEqual(parseForwardedElement('for="_gazonk"'), { for: "_gazonk" });
  assert.deepEqual(parseForwardedElement('For="[2001:db8:cafe::17]:4711"'), {
    for: "[2001:db8:cafe::17]:4711",
  });
  assert.deepEqual(parseForwardedElement("for=192.0.2.60;proto=http;by=203.0.113.43"), {
    for: "192.0.2.60",
    proto: "http",
    by: "203.0.113.43",
  });
  assert.deepEqual(parseForwardedElement('host="a\\"b"; proto=https;'), { host: 'a"b', proto: "https" });
});

test("parseForwardedElement() refuses what is malformed, and what is said twice", () => {
  const malformed = [
    "for",
    "for=",
    "=a",
    "for = a",
    'for="a',
    'for=a"',
    "for=a b",
    "for=[::1]",
    "for=a;FOR=b",
  ];
  for (const text of malformed) assert.equal(parseForwardedElement(text), null, text);
});

test("parseNode() reads addresses of both kinds, with and without a port", () => {
  const nodes: readonly [text: string, hostname: string, port: number][] = [
    ["192.0.2.1", "192.0.2.1", 0],
    ["192.0.2.1:4711", "192.0.2.1", 4711],
    ["192.0.2.1:_hidden", "192.0.2.1", 0],
    ["[2001:DB8:0::1]", "2001:db8::1", 0],
    ["[2001:db8::1]:80", "2001:db8::1", 80],
    ["2001:db8::1", "2001:db8::1", 0],
    ["::ffff:192.0.2.1", "192.0.2.1", 0],
  ];
  for (const [text, hostname, port] of nodes) {
    assert.deepEqual(parseNode(text), { transport: "tcp", hostname, port }, text);
  }
});

test("parseNode() gives no address for names, and for what is none", () => {
  const none = [
    "unknown",
    "_hidden",
    "",
    "localhost",
    "192.0.2",
    "192.0.2.1:",
    "192.0.2.1:65536",
    "192.0.2.01",
  ];
  for (const text of [...none, "[::1", "::1]", "[::1]x", "fe80::1%eth0", "192.0.2.1 ", "192.0.2.1\r\n"]) {
    assert.equal(parseNode(text), null, JSON.stringify(text));
  }
});

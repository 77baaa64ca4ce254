/** Which Host values are well-formed (RFC 9110 §7.2, RFC 3986 §3.2.2). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isHost } from "../../src/wire/authority.ts";
import { inMemory } from "./helpers.ts";

function hostIsValid(text: string): boolean {
  return inMemory(text, isHost);
}

function assertHosts(expected: boolean, hosts: readonly string[]): void {
  for (const host of hosts) assert.equal(hostIsValid(host), expected, JSON.stringify(host));
}

test("isHost() accepts names and IPv4 addresses", () => {
  assertHosts(true, [
    "a",
    "example.com",
    "EXAMPLE.com.",
    "127.0.0.1",
    "999.999",
    "my_host",
    "xn--bcher-kva.example",
    "1",
  ]);
});

test("isHost() accepts an empty value: the target may have no authority", () => {
  assertHosts(true, [""]);
});

test("isHost() accepts the whole reg-name of RFC 3986", () => {
  assertHosts(true, ["-._~!$&'()*+,;=", "%41%5a%5A", "a%2eb"]);
});

test("isHost() rejects broken percent encodings", () => {
  assertHosts(false, ["%", "a%", "a%4", "%4g", "%g4", "%%41", "a%:80", "a%4:80"]);
});

test("isHost() accepts a port, also an empty one", () => {
  assertHosts(true, [
    "a:80",
    "a:",
    "a:0",
    "a:65535",
    "a:9",
    "a:00080",
    "127.0.0.1:8000",
    "[::1]:80",
    "[::1]:",
  ]);
});

test("isHost() rejects what is no port", () => {
  assertHosts(false, [
    "a:x",
    "a:80x",
    "a:-1",
    "a:+1",
    "a: 80",
    "a:80 ",
    "a:80:80",
    "a::80",
    "a:65536",
    "a:99999999999",
    "a:0x50",
  ]);
});

test("isHost() rejects a port without a host", () => {
  assertHosts(false, [":", ":80", "::", "::1"]);
});

test("isHost() rejects userinfo, a path, a query and a scheme", () => {
  assertHosts(false, ["user@a", "user:pass@a", "user@", "@a", "a/", "/a", "a?b", "a#b", "http://a", "a\\b"]);
});

test("isHost() rejects blanks, control bytes and bytes past ASCII", () => {
  for (let code = 0; code < 256; code++) {
    const char = String.fromCharCode(code);
    const allowed = /[A-Za-z0-9\-._~!$&'()*+,;=]/.test(char);
    assert.equal(hostIsValid(`a${char}b`), allowed, JSON.stringify(char));
    assert.equal(hostIsValid(`a${char}`), allowed || char === ":", JSON.stringify(char));
  }
});

test("isHost() accepts IPv6 addresses in brackets", () => {
  assertHosts(true, [
    "[::]",
    "[::1]",
    "[1::]",
    "[1:2:3:4:5:6:7:8]",
    "[1:2:3::6:7:8]",
    "[1:2:3:4:5:6:7::]",
    "[::2:3:4:5:6:7:8]",
    "[2001:DB8::00ff]",
    "[::ffff:127.0.0.1]",
    "[::98.76.54.109]",
    "[::0.0.0.0]",
    "[1:2:3:4::1.2.3.4]",
    "[1:2:3:4:5::1.2.3.4]",
    "[1:2:3:4:5:6:255.255.255.255]",
  ]);
});

test("isHost() rejects what is no IPv6 address in brackets", () => {
  assertHosts(false, [
    "[",
    "[]",
    "[:]",
    "[.]",
    "[1]",
    "[...]",
    "[:::]",
    "[::::]",
    "[1:2]",
    "[:1::]",
    "[1::2::3]",
    "[1:::2]",
    "[1:2:3:4:5:6:7]",
    "[1:2:3:4:5:6:7:8:9]",
    "[1:2:3:4:5:6:7:8::]",
    "[::1:2:3:4:5:6:7:8]",
    "[1:2:3:4:5:6:7:]",
    "[12345::]",
    "[::g]",
    "[::1%25eth0]",
    "[::1%eth0]",
    "[v1.a]",
    "[127.0.0.1]",
    "[::1.2.3]",
    "[::1.2.3.4.5]",
    "[::1.2.3.256]",
    "[::1.2.3.04]",
    "[::1.2.3.]",
    "[::1..3.4]",
    "[::a.2.3.4]",
    "[::1.2.3.4:5]",
    "[1:2:3:4:5:6:7:1.2.3.4]",
    "[1:2:3:4:5:6::1.2.3.4]",
    "[::1",
    "::1]",
    "[::1]x",
    "[::1]80",
    "[::1]]",
    "[[::1]]",
    "a[::1]",
    "[::1]:x",
    "[ ::1]",
    "[::1 ]",
    "[a]",
  ]);
});

/** `IPv6address` as RFC 3986 §3.2.2 writes it: so many groups in front of `::`, and what stands behind. */
const IPV6_ADDRESS = ((): RegExp => {
  const h16 = "[0-9A-Fa-f]{1,4}";
  const octet = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
  const ls32 = `(?:${h16}:${h16}|${octet}(?:\\.${octet}){3})`;
  const before = (most: number) => most === 0 ? "" : `(?:(?:${h16}:){0,${most - 1}}${h16})?`;
  const forms = [`(?:${h16}:){6}${ls32}`, `${before(6)}::${h16}`, `${before(7)}::`];
  for (let most = 0; most <= 5; most++) forms.push(`${before(most)}::(?:${h16}:){${5 - most}}${ls32}`);
  return new RegExp(`^(?:${forms.join("|")})$`);
})();

test("isHost() agrees with the grammar about what is an IPv6 address", () => {
  const group = fc.constantFrom("0", "1", "ff", "0db8", "FFFF", "12345", "", "g");
  const ipv4 = fc.constantFrom("1.2.3.4", "255.255.255.255", "256.1.1.1", "1.2.3", "01.2.3.4", "0.0.0.0");
  const separator = fc.constantFrom(":", ":", ":", ":", "::", ":::", ".");
  const address = fc.tuple(
    fc.constantFrom("", "", "::"),
    fc.array(fc.tuple(group, separator), { maxLength: 9 }),
    fc.oneof(group, ipv4),
  ).map(([first, groups, last]) => first + groups.flat().join("") + last);
  fc.assert(
    fc.property(address, (text) => assert.equal(hostIsValid(`[${text}]`), IPV6_ADDRESS.test(text), text)),
    { numRuns: 1000 },
  );
});

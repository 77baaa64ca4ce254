/** IpRange: which texts are ranges, and which addresses are in them (RFC 4632 §3.1, RFC 4291 §2.3). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ipText } from "../../src/wire/ip_address.ts";
import { IpRange, peerIp } from "../../src/wire/ip_range.ts";

function rangeOf(text: string): IpRange {
  const range = IpRange.parse(text);
  assert.ok(range instanceof IpRange, `${text}: ${range}`);
  return range;
}

function holds(range: string, hostname: string): boolean {
  const ip = peerIp(hostname);
  assert.ok(ip !== null, hostname);
  return rangeOf(range).has(ip);
}

function assertHolds(expected: boolean, range: string, hostnames: readonly string[]): void {
  for (const hostname of hostnames) {
    assert.equal(holds(range, hostname), expected, `${hostname} in ${range}`);
  }
}

test("IpRange of one address holds that address alone", () => {
  assertHolds(true, "10.1.2.3", ["10.1.2.3", "::ffff:10.1.2.3", "::ffff:a01:203"]);
  assertHolds(false, "10.1.2.3", ["10.1.2.2", "11.1.2.3", "::10.1.2.3", "::1"]);
  assertHolds(true, "::1", ["::1", "0:0:0:0:0:0:0:1"]);
  assertHolds(false, "::1", ["::", "1::1", "::ffff:0.0.0.1", "0.0.0.1"]);
});

test("IpRange of a prefix of IPv4 holds what begins with it", () => {
  assertHolds(true, "10.0.0.0/8", ["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"]);
  assertHolds(false, "10.0.0.0/8", ["9.255.255.255", "11.0.0.0", "a00::", "::10.0.0.1"]);
  assertHolds(true, "192.168.4.0/22", ["192.168.4.0", "192.168.7.255"]);
  assertHolds(false, "192.168.4.0/22", ["192.168.3.255", "192.168.8.0", "192.169.4.0"]);
  assertHolds(true, "10.1.2.3/32", ["10.1.2.3"]);
  assertHolds(false, "10.1.2.3/32", ["10.1.2.2"]);
  assertHolds(true, "128.0.0.0/1", ["128.0.0.0", "255.255.255.255"]);
  assertHolds(false, "128.0.0.0/1", ["127.255.255.255"]);
});

test("IpRange of a prefix of IPv6 holds what begins with it", () => {
  assertHolds(true, "fd00::/8", ["fd00::", "fdff:ffff::1", "FD12::1"]);
  assertHolds(false, "fd00::/8", ["fc00::1", "fe80::1", "253.0.0.1"]);
  assertHolds(true, "2001:db8:0:8000::/49", ["2001:db8:0:8000::1", "2001:db8:0:ffff::"]);
  assertHolds(false, "2001:db8:0:8000::/49", ["2001:db8:0:7fff::", "2001:db8:1:8000::"]);
  assertHolds(false, "::1/128", ["::2"]);
});

test("IpRange of everything holds one kind of address", () => {
  assertHolds(true, "0.0.0.0/0", ["0.0.0.0", "255.255.255.255", "::ffff:1.2.3.4"]);
  assertHolds(false, "0.0.0.0/0", ["::", "::1"]);
  assertHolds(true, "::/0", ["::", "ffff::ffff"]);
  assertHolds(false, "::/0", ["1.2.3.4", "::ffff:1.2.3.4"]);
});

test("IpRange of mapped addresses is one of IPv4", () => {
  assertHolds(true, "::ffff:10.0.0.0/104", ["10.1.2.3", "::ffff:10.1.2.3"]);
  assertHolds(false, "::ffff:10.0.0.0/104", ["11.1.2.3", "::ffff:11.1.2.3"]);
  assertHolds(true, "::ffff:10.1.2.3", ["10.1.2.3"]);
  assertHolds(true, "::ffff:0:0/96", ["1.2.3.4"]);
  assertHolds(false, "::ffff:0:0/96", ["::fffe:1.2.3.4"]);
});

test("IpRange.has() agrees with a comparison of bits", () => {
  const bits = (ip: Uint8Array): string => [...ip].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  for (const size of [4, 16]) {
    const address = fc.uint8Array({ minLength: size, maxLength: size });
    fc.assert(fc.property(address, address, fc.nat(size * 8), fc.nat(size * 8), (ip, other, prefix, same) => {
      const first = ip.map((byte, i) => {
        const bits = Math.min(8, Math.max(0, prefix - i * 8));
        return byte & (0xff << (8 - bits));
      });
      // What shares some bits with the range: mostly near its edge.
      const near = other.map((byte, i) => {
        const mask = 0xff >> Math.min(8, Math.max(0, same - i * 8));
        return (first[i] & ~mask) | (byte & mask);
      });
      const range = rangeOf(`${ipText(first)}/${prefix}`);
      assert.equal(range.has(near), bits(near).startsWith(bits(first).slice(0, prefix)));
    }));
  }
});

test("IpRange.parse() tells what is wrong, and how it would be right", () => {
  const form = /10\.1\.2\.3.*10\.0\.0\.0\/8/;
  for (
    const [text, why] of [
      ...["", "localhost", "10", "10.0.0", "10.0.0.256", "010.0.0.1", " 10.0.0.1", "10.0.0.1 ", "/8", "*"]
        .map((text) => [text, form] as const),
      ...["[::1]", "fe80::1%eth0", "::1::", "10.0.0.1:80", "10.*"].map((text) => [text, form] as const),
      ["10.0.0.0/33", /from 0 to 32/],
      ["10.0.0.0/", /from 0 to 32/],
      ["10.0.0.0/08", /from 0 to 32/],
      ["10.0.0.0/8/8", /from 0 to 32/],
      ["10.0.0.0/-1", /from 0 to 32/],
      ["10.0.0.0/255.0.0.0", /from 0 to 32/],
      ["10.0.0.0/8 ", /from 0 to 32/],
      ["::/129", /from 0 to 128/],
      ["10.1.2.3/8", /"10\.0\.0\.0\/8".*"10\.1\.2\.3"/],
      ["0.0.0.1/0", /"0\.0\.0\.0\/0".*"0\.0\.0\.1"/],
      ["192.168.1.128/24", /"192\.168\.1\.0\/24"/],
      ["fd00::1/8", /"fd00::\/8".*"fd00::1"/],
      ["::1/127", /"::\/127"/],
    ] as const
  ) {
    const wrong = IpRange.parse(text);
    assert.ok(typeof wrong === "string", text);
    assert.match(wrong, why);
  }
});

test("peerIp() reads what sockets say, with a zone and mapped", () => {
  assert.deepEqual(peerIp("10.1.2.3"), Uint8Array.of(10, 1, 2, 3));
  assert.deepEqual(peerIp("::ffff:10.1.2.3"), Uint8Array.of(10, 1, 2, 3));
  assert.deepEqual(peerIp("fe80::1%eth0"), peerIp("fe80::1"));
  assert.deepEqual(peerIp("fe80::1%25"), peerIp("fe80::1"));
  assert.equal(peerIp("fe80::1")?.length, 16);
  for (const text of ["", "%", "%eth0", "localhost", "10.1.2", "[::1]"]) {
    assert.equal(peerIp(text), null, text);
  }
});

/** IP addresses as text and bytes (RFC 4291 §2.2, RFC 5952), beside what the URL parser makes of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isHost } from "../../src/wire/authority.ts";
import { ipText, isMapped, parseIp, parseIpv4, parseIpv6, unmapped } from "../../src/wire/ip_address.ts";
import { bytesOf } from "./helpers.ts";

/** An IPv6 address as the URL standard writes it. */
function urlIpv6(text: string): string {
  return new URL(`http://[${text}]/`).hostname.slice(1, -1);
}

test("parseIpv4() reads four octets", () => {
  assert.deepEqual(parseIpv4("0.0.0.0"), Uint8Array.of(0, 0, 0, 0));
  assert.deepEqual(parseIpv4("1.20.255.9"), Uint8Array.of(1, 20, 255, 9));
});

test("parseIpv4() rejects everything else", () => {
  for (
    const text of [
      ...["", "1", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "1.2.3.256", "1.2.3.1000"],
      ...["01.2.3.4", "1.2.3.00", "1.2.3.-4", "1.2.3.+4", "1.2.3.4 ", " 1.2.3.4", "1.2.3.4\n", "0x1.2.3.4"],
      ...["1.2.3.4e0", "a.b.c.d", "1,2,3,4", "::", "\u0661.2.3.4", "1.2.3.4/8"],
    ]
  ) assert.equal(parseIpv4(text), null, JSON.stringify(text));
});

test("parseIpv6() reads all groups, fewer and ::, and an IPv4 address at the end", () => {
  for (
    const [text, groups] of [
      ["1:2:3:4:5:6:7:8", [1, 2, 3, 4, 5, 6, 7, 8]],
      ["::", [0, 0, 0, 0, 0, 0, 0, 0]],
      ["::1", [0, 0, 0, 0, 0, 0, 0, 1]],
      ["1::", [1, 0, 0, 0, 0, 0, 0, 0]],
      ["1::8", [1, 0, 0, 0, 0, 0, 0, 8]],
      ["1:2:3:4:5:6:7::", [1, 2, 3, 4, 5, 6, 7, 0]],
      ["::2:3:4:5:6:7:8", [0, 2, 3, 4, 5, 6, 7, 8]],
      ["0fFf:00aB::", [0xfff, 0xab, 0, 0, 0, 0, 0, 0]],
      ["::ffff:1.2.3.4", [0, 0, 0, 0, 0, 0xffff, 0x102, 0x304]],
      ["1:2:3:4:5:6:7.8.9.10", [1, 2, 3, 4, 5, 6, 0x708, 0x90a]],
      ["::1.2.3.4", [0, 0, 0, 0, 0, 0, 0x102, 0x304]],
    ] as const
  ) {
    const bytes = Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
    assert.deepEqual(parseIpv6(text), bytes, text);
  }
});

test("parseIpv6() rejects everything else", () => {
  for (
    const text of [
      ...["", ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8:", ":1:2:3:4:5:6:7:8"],
      ...["1::2::3", "::1::", "1:::2", ":1::2", "1::2:", "1:2:3:4:5:6:7::8", "::1:2:3:4:5:6:7:8"],
      ...["12345::", "g::", "1: ::", " ::1", "::1 ", "::1%eth0", "[::1]", "::1/128", "-1::", "0x1::"],
      ...["1.2.3.4", "::1.2.3", "::1.2.3.4.5", "::1.2.3.04", "::1.2.3.256", "::1.2.3.4:5", "1.2.3.4::"],
      ...["1:2:3:4:5:6:7:1.2.3.4", "1:2:3:4:5:1.2.3.4"],
    ]
  ) assert.equal(parseIpv6(text), null, JSON.stringify(text));
});

test("parseIpv6() accepts what Host does", () => {
  const text = fc.string({ unit: fc.constantFrom(..."0a:::::.19"), maxLength: 24 });
  fc.assert(
    fc.property(text, (text) => {
      const bytes = bytesOf(`[${text}]`);
      assert.equal(parseIpv6(text) !== null, isHost(bytes, 0, bytes.length), text);
    }),
    { numRuns: 3000 },
  );
});

test("parseIp() reads either kind", () => {
  assert.deepEqual(parseIp("1.2.3.4"), Uint8Array.of(1, 2, 3, 4));
  assert.equal(parseIp("::")?.length, 16);
  assert.equal(parseIp("localhost"), null);
  assert.equal(parseIp(""), null);
});

test("ipText() writes IPv4 with dots, and parseIpv4() reads it again", () => {
  assert.equal(ipText(Uint8Array.of(0, 20, 255, 1)), "0.20.255.1");
  fc.assert(fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (bytes) => {
    assert.deepEqual(parseIpv4(ipText(bytes)), new Uint8Array(bytes));
  }));
});

test("ipText() writes IPv6 as RFC 5952 §4 says", () => {
  for (
    const [text, expected] of [
      ["2001:0db8:0000:0000:0000:0000:0002:0001", "2001:db8::2:1"],
      ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"], // one zero group is not shortened
      ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"], // the longest run is
      ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"], // and of those the first
      ["2001:DB8::ABCD", "2001:db8::abcd"],
      ["0:0:0:0:0:0:0:0", "::"],
      ["0:0:0:0:0:0:0:1", "::1"],
      ["1:0:0:0:0:0:0:0", "1::"],
      ["0:0:1:0:0:0:0:0", "0:0:1::"],
      ["::ffff:c000:201", "::ffff:192.0.2.1"],
      ["::fffe:c000:201", "::fffe:c000:201"],
      ["::1:ffff:c000:201", "::1:ffff:c000:201"],
    ]
  ) assert.equal(ipText(parseIpv6(text)!), expected);
});

test("ipText() writes IPv6 as the URL standard does, mapped addresses aside", () => {
  const group = fc.oneof(fc.constant(0), fc.nat(0xffff));
  fc.assert(fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
    const bytes = Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
    const text = ipText(bytes);
    assert.deepEqual(parseIpv6(text), bytes);
    if (!isMapped(bytes)) assert.equal(text, urlIpv6(groups.map((group) => group.toString(16)).join(":")));
  }));
});

test("isMapped() and unmapped() know the IPv4 address in an IPv6 address", () => {
  assert.equal(isMapped(parseIpv6("::ffff:1.2.3.4")!), true);
  assert.deepEqual(unmapped(parseIpv6("::ffff:1.2.3.4")!), parseIpv4("1.2.3.4"));
  for (const text of ["::1.2.3.4", "::fffe:1.2.3.4", "1::ffff:1.2.3.4", "::ffff:0:1.2.3.4"]) {
    assert.equal(isMapped(parseIpv6(text)!), false, text);
  }
  assert.equal(isMapped(parseIpv4("1.2.3.4")!), false);
});

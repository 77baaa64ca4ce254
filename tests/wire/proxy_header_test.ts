/** readProxyHeader() (The PROXY protocol, versions 1 & 2): what it reads, what it refuses and how early, its bounds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Addr } from "../../src/api/transport.ts";
import { NEED_MORE } from "../../src/wire/bytes.ts";
import { MAX_PROXY_HEADER, type ProxyHeader, readProxyHeader } from "../../src/wire/proxy_header.ts";
import {
  CLIENT,
  CLIENT_V1,
  CLIENT_V2,
  COMMAND,
  FAMILY,
  ipv4,
  ipv6,
  port,
  SIGNATURE,
  tlv,
  unixPath,
  v2,
} from "../support/proxy_headers.ts";
import { bytesOf, countReads, cutsFrom, everyByte, inMemory, orRefusal, type Refusal } from "./helpers.ts";

type Outcome = ProxyHeader | Refusal | typeof NEED_MORE;

const REFUSED: Refusal = { code: "bad_proxy_header", status: 400 };

/** Feeds `text` up to each of `cuts` in turn, until something comes of it. */
function readInPieces(text: string, cuts: readonly number[]): Outcome {
  for (const cut of cuts) {
    const outcome = orRefusal(() => inMemory(text.slice(0, cut), readProxyHeader));
    if (outcome !== NEED_MORE) return outcome;
  }
  return NEED_MORE;
}

/** What may follow a header. */
const BEHIND = ["GET / HTTP/1.1\r\n", CLIENT_V1, CLIENT_V2, "\r\n", "\n", "\0\xff"];

/** Asserts that `text` is one whole header however it comes, and answers what was read. */
function readHeader(text: string): ProxyHeader {
  const whole = readInPieces(text, [text.length]);
  assert.ok(typeof whole === "object" && "endpoints" in whole, `${JSON.stringify([text, whole])}`);
  assert.equal(whole.length, text.length, "the header ends elsewhere");
  assert.deepEqual(readInPieces(text, everyByte(text.length)), whole, "differs a byte at a time");
  for (let cut = 0; cut < text.length; cut++) {
    assert.equal(readInPieces(text, [cut]), NEED_MORE, `complete at ${cut}`);
  }
  for (const behind of BEHIND) {
    assert.deepEqual(readInPieces(text + behind, [text.length + behind.length]), whole, `before ${behind}`);
    assert.deepEqual(
      readInPieces(text + behind, [text.length - 1, text.length + 1]),
      whole,
      `before ${behind}`,
    );
  }
  return whole;
}

/** Asserts that `text` is refused however it comes, and already with its last byte. */
function assertRefused(text: string): void {
  const of = JSON.stringify(text.slice(0, 200));
  for (const behind of ["", ...BEHIND]) {
    const { length } = text + behind;
    assert.deepEqual(readInPieces(text + behind, [length]), REFUSED, `${of} before ${behind}`);
    assert.deepEqual(
      readInPieces(text + behind, everyByte(length)),
      REFUSED,
      `bytewise: ${of} before ${behind}`,
    );
  }
}

/** As `assertRefused`, and not before its last byte. */
function assertRefusedAtEnd(text: string): void {
  assertRefused(text);
  const { length } = text;
  assert.equal(readInPieces(text, everyByte(length - 1)), NEED_MORE, JSON.stringify(text.slice(0, 200)));
}

function tcp(hostname: string, port: number): Addr {
  return { transport: "tcp", hostname, port };
}

// Version 1 (§2.1).

test("readProxyHeader() reads TCP4", () => {
  assert.deepEqual(readHeader(CLIENT_V1).endpoints, CLIENT);
  assert.deepEqual(readHeader("PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n").endpoints, {
    remoteAddr: tcp("255.255.255.255", 65_535),
    localAddr: tcp("0.0.0.0", 0),
  });
});

test("readProxyHeader() reads TCP6, and writes its addresses the one way", () => {
  for (
    const [sent, told] of [
      ["2001:db8::1", "2001:db8::1"],
      ["2001:0DB8:0000:0000:0000:0000:0000:0001", "2001:db8::1"],
      ["::", "::"],
      ["::ffff:192.0.2.1", "::ffff:192.0.2.1"],
      ["::FFFF:C000:0201", "::ffff:192.0.2.1"],
    ]
  ) {
    assert.deepEqual(readHeader(`PROXY TCP6 ${sent} fe80::1 1 2\r\n`).endpoints, {
      remoteAddr: tcp(told, 1),
      localAddr: tcp("fe80::1", 2),
    });
  }
});

test("readProxyHeader() reads the longest TCP6", () => {
  const ip = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
  assert.deepEqual(readHeader(`PROXY TCP6 ${ip} ${ip} 65535 65535\r\n`).endpoints, {
    remoteAddr: tcp(ip, 65_535),
    localAddr: tcp(ip, 65_535),
  });
});

test("readProxyHeader() takes no address from UNKNOWN, whatever follows it", () => {
  const ip = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
  for (
    const rest of ["", " ", ` ${ip} ${ip} 65535 65535`, " 203.0.113.7 198.51.100.1 1 2", "  \0\xff", " TCP4"]
  ) assert.equal(readHeader(`PROXY UNKNOWN${rest}\r\n`).endpoints, null);
});

test("readProxyHeader() reads 107 bytes of a line, and refuses the 107th where it does not end", () => {
  readHeader(`PROXY UNKNOWN ${"x".repeat(107 - 14 - 2)}\r\n`);
  assertRefusedAtEnd(`PROXY UNKNOWN ${"x".repeat(107 - 14)}`);
  assertRefusedAtEnd(`PROXY UNKNOWN ${"x".repeat(107 - 14 - 1)}\r`);
  assertRefusedAtEnd(`PROXY ${"x".repeat(107 - 6)}`);
});

test("readProxyHeader() rejects what begins otherwise, with its first wrong byte", () => {
  for (
    const text of [
      ...[
        "G",
        "p",
        " ",
        "\n",
        "\0",
        "\x16",
        "PU",
        "PO",
        "PRI",
        "PROP",
        "PROXYs",
        "PROXY\r",
        "PROXY\t",
        "Proxy",
      ],
      ...["\rP", "\r\nG", "\r\n\r\nP", "\r\n\r\n\0\r\nQUIT\r"],
    ]
  ) {
    assertRefused(text);
    const right = /^(?:P|PR|PRO|PROX|PROXY|\r|\r\n|\r\n\r\n|\r\n\r\n\0\r\nQUIT)?$/;
    assert.match(text.slice(0, text === "Proxy" ? 1 : -1), right);
  }
  for (const text of ["P", "PRO", "PROXY", "PROXY ", "PROXY TCP4 ", "\r", "\r\n\r\n\0", SIGNATURE]) {
    assert.equal(readInPieces(text, everyByte(text.length)), NEED_MORE, JSON.stringify(text));
  }
  assert.equal(readInPieces("", [0]), NEED_MORE);
});

test("readProxyHeader() rejects a line that is malformed", () => {
  for (
    const line of [
      // protocols
      ...[
        "",
        " ",
        "TCP",
        "TCP5",
        "tcp4",
        "UDP4",
        "UNKNOWNX",
        "unknown",
        "TCP4",
        "TCP6",
        "TCP44 1.2.3.4 1.2.3.4 1 2",
      ],
      // spaces
      ...["TCP4  1.2.3.4 1.2.3.4 1 2", "TCP4 1.2.3.4  1.2.3.4 1 2", " TCP4 1.2.3.4 1.2.3.4 1 2"],
      ...["TCP4 1.2.3.4 1.2.3.4 1 2 ", "TCP4\t1.2.3.4 1.2.3.4 1 2", "TCP4 1.2.3.4 1.2.3.4 1\t2"],
      // too few and too many words
      ...[
        "TCP4 ",
        "TCP4 1.2.3.4",
        "TCP4 1.2.3.4 1.2.3.4",
        "TCP4 1.2.3.4 1.2.3.4 1",
        "TCP4 1.2.3.4 1.2.3.4 1 2 3",
      ],
      // addresses
      ...["TCP4 ::1 1.2.3.4 1 2", "TCP4 1.2.3.4 ::1 1 2", "TCP6 1.2.3.4 ::1 1 2", "TCP6 ::1 1.2.3.4 1 2"],
      ...["TCP4 1.2.3 1.2.3.4 1 2", "TCP4 1.2.3.256 1.2.3.4 1 2", "TCP4 01.2.3.4 1.2.3.4 1 2"],
      ...["TCP4 localhost 1.2.3.4 1 2", "TCP6 ::1%lo ::1 1 2", "TCP6 [::1] ::1 1 2", "TCP6 ::1::2 ::1 1 2"],
      ...["TCP6 12345:: ::1 1 2", "TCP4 1.2.3.4 1.2.3.\xb2 1 2"],
      // ports
      ...[
        "65536 1",
        "1 65536",
        "01 1",
        "1 01",
        "00 1",
        "-1 1",
        "+1 1",
        "1 1.0",
        "1e3 1",
        "0x1 1",
        "a 1",
        "100000 1",
      ]
        .map((ports) => `TCP4 1.2.3.4 1.2.3.4 ${ports}`),
      ...["1 \xb2", " 1", "1 "].map((ports) => `TCP4 1.2.3.4 1.2.3.4 ${ports}`),
    ]
  ) assertRefusedAtEnd(`PROXY ${line}\r\n`);
});

test("readProxyHeader() rejects a bare CR and a bare LF, with the byte that shows it", () => {
  const line = CLIENT_V1.slice(0, -2);
  assertRefusedAtEnd(`${line}\n`);
  assertRefusedAtEnd(`${line}\rG`);
  assertRefusedAtEnd(`${line}\r\r`);
  assertRefusedAtEnd("PROXY UNKNOWN a\rb");
  assertRefusedAtEnd("PROXY UNKNOWN a\n");
  assertRefusedAtEnd("PROXY \n");
});

// Version 2 (§2.2).

test("readProxyHeader() reads TCP over IPv4", () => {
  assert.deepEqual(readHeader(CLIENT_V2).endpoints, CLIENT);
  const body = ipv4("255.254.253.252") + ipv4("0.1.2.3") + port(65_535) + port(0);
  assert.deepEqual(readHeader(v2(COMMAND.proxy, FAMILY.tcp4, body)).endpoints, {
    remoteAddr: tcp("255.254.253.252", 65_535),
    localAddr: tcp("0.1.2.3", 0),
  });
});

test("readProxyHeader() reads TCP over IPv6", () => {
  const body = ipv6(0x2001, 0xdb8, 0, 0, 0, 0, 0xff00, 0xff) + ipv6(0, 0, 0, 0, 0, 0xffff, 0xc000, 0x201) +
    port(258) + port(772);
  assert.deepEqual(readHeader(v2(COMMAND.proxy, FAMILY.tcp6, body)).endpoints, {
    remoteAddr: tcp("2001:db8::ff00:ff", 258),
    localAddr: tcp("::ffff:192.0.2.1", 772),
  });
});

test("readProxyHeader() reads paths of Unix sockets", () => {
  for (
    const [field, path] of [
      [unixPath("/run/client.sock"), "/run/client.sock"],
      [unixPath(""), ""],
      [unixPath("/a\0behind\0"), "/a"],
      [unixPath("/line\nbreak\0x\ny"), "/line\nbreak"],
      ["/" + "x".repeat(107), "/" + "x".repeat(107)],
      [unixPath("\0name"), "\0name"],
      [unixPath("\0a\0b"), "\0a\0b"],
      [unixPath("/h\xc3\xa4fen"), "/häfen"],
    ]
  ) {
    const { endpoints } = readHeader(v2(COMMAND.proxy, FAMILY.unix, field + unixPath("/server")));
    assert.deepEqual(endpoints, {
      remoteAddr: { transport: "unix", path },
      localAddr: { transport: "unix", path: "/server" },
    });
  }
});

test("readProxyHeader() passes TLVs over, also when they are none", () => {
  const body = CLIENT_V2.slice(16);
  for (
    const behind of [
      tlv(0x01, "http/1.1"),
      tlv(0x04, "") + tlv(0x05, "id".repeat(64)) + tlv(0xea, "\0\r\n"),
      tlv(0x20, "\x01\0\0\0\0" + tlv(0x21, "TLSv1.3") + tlv(0x22, "example.com")),
      "\x01\xff\xffshort",
      "\0",
    ]
  ) assert.deepEqual(readHeader(v2(COMMAND.proxy, FAMILY.tcp4, body + behind)).endpoints, CLIENT);
});

test("readProxyHeader() takes no address from LOCAL, whatever else it says", () => {
  const body = CLIENT_V2.slice(16);
  assert.equal(readHeader(v2(COMMAND.local, FAMILY.unspec, "")).endpoints, null);
  assert.equal(readHeader(v2(COMMAND.local, FAMILY.tcp4, body)).endpoints, null);
  // Too short for its family, and a family that nobody knows: it is to be ignored.
  assert.equal(readHeader(v2(COMMAND.local, FAMILY.tcp6, "abc")).endpoints, null);
  assert.equal(readHeader(v2(COMMAND.local, 0xff, tlv(0x04, "padding"))).endpoints, null);
});

test("readProxyHeader() takes no address where family or protocol is unspecified, or it is for datagrams", () => {
  const body = CLIENT_V2.slice(16);
  for (const family of [0x00, 0x01, 0x02, 0x10, 0x20, 0x30, FAMILY.udp4, FAMILY.udp6, 0x32]) {
    for (const rest of ["", "abc", body]) {
      assert.equal(readHeader(v2(COMMAND.proxy, family, rest)).endpoints, null, family.toString(16));
    }
  }
});

test("readProxyHeader() rejects another version or command, with that byte", () => {
  for (let byte = 0; byte < 256; byte++) {
    const text = SIGNATURE + String.fromCharCode(byte);
    const outcome = readInPieces(text, [text.length]);
    assert.deepEqual(outcome, byte === 0x20 || byte === 0x21 ? NEED_MORE : REFUSED, byte.toString(16));
  }
  assertRefusedAtEnd(`${SIGNATURE}\x22`);
  assertRefusedAtEnd(`${SIGNATURE}\x11`);
});

test("readProxyHeader() rejects another family or protocol, with that byte", () => {
  for (let byte = 0; byte < 256; byte++) {
    const text = `${SIGNATURE}\x21${String.fromCharCode(byte)}`;
    const known = byte >> 4 <= 3 && (byte & 0xf) <= 2;
    assert.deepEqual(readInPieces(text, [text.length]), known ? NEED_MORE : REFUSED, byte.toString(16));
  }
  assertRefusedAtEnd(`${SIGNATURE}\x21\x13`);
  assertRefusedAtEnd(`${SIGNATURE}\x21\x41`);
});

test("readProxyHeader() rejects a length that is too short for the addresses, as soon as it is there", () => {
  for (const [family, needed] of [[FAMILY.tcp4, 12], [FAMILY.tcp6, 36], [FAMILY.unix, 216]] as const) {
    for (const length of [0, 1, needed - 1]) assertRefusedAtEnd(v2(COMMAND.proxy, family, "", length));
    const text = v2(COMMAND.proxy, family, "", needed);
    assert.equal(readInPieces(text, everyByte(text.length)), NEED_MORE);
    readHeader(v2(COMMAND.proxy, family, "\0".repeat(needed)));
  }
});

test("readProxyHeader() reads as many bytes as it says, and rejects more as soon as the length is there", () => {
  const most = MAX_PROXY_HEADER - 16;
  const text = CLIENT_V2.slice(16).padEnd(most, "\0");
  for (const [command, family] of [[COMMAND.proxy, FAMILY.tcp4], [COMMAND.local, FAMILY.unspec]] as const) {
    const header = v2(command, family, text);
    assert.deepEqual(readInPieces(header, [header.length]), {
      length: MAX_PROXY_HEADER,
      endpoints: command === COMMAND.local ? null : CLIENT,
    });
    assert.equal(readInPieces(header, [16, 2000, MAX_PROXY_HEADER - 1]), NEED_MORE);
    assertRefusedAtEnd(v2(command, family, "", most + 1));
    assertRefusedAtEnd(v2(command, family, "", 0xffff));
  }
});

// Both.

test("readProxyHeader() reads nothing outside its bounds, and changes nothing", () => {
  for (const text of [CLIENT_V1, CLIENT_V2]) {
    for (let end = 0; end <= text.length; end++) {
      const memory = bytesOf(`\r${text}\n`);
      const before = memory.slice();
      const reads = new Uint32Array(memory.length);
      // What is complete goes to library functions, which take no proxy.
      if (end < text.length) assert.equal(readProxyHeader(countReads(memory, reads), 1, 1 + end), NEED_MORE);
      assert.deepEqual([...reads.subarray(1 + end)].filter((count) => count > 0), []);
      assert.equal(reads[0], 0);
      assert.deepEqual(memory, before);
    }
  }
});

test("readProxyHeader() gives back what was written, in both versions, cut anywhere", () => {
  const ip = (size: number): fc.Arbitrary<number[]> =>
    fc.array(fc.oneof(fc.constant(0), fc.nat(255)), { minLength: size, maxLength: size });
  const ports = fc.tuple(fc.nat(65_535), fc.nat(65_535));
  const cuts = fc.array(fc.nat(300), { maxLength: 4 });
  for (const size of [4, 16]) {
    fc.assert(fc.property(ip(size), ip(size), ports, cuts, (source, destination, [from, to], cuts) => {
      const body = String.fromCharCode(...source, ...destination) + port(from) + port(to);
      const binary = v2(COMMAND.proxy, size === 4 ? FAMILY.tcp4 : FAMILY.tcp6, body);
      const words = (bytes: readonly number[]): string =>
        size === 4 ? bytes.join(".") : Array.from(
          { length: 8 },
          (_, i) => (bytes[2 * i] << 8 | bytes[2 * i + 1]).toString(16),
        ).join(":");
      const line = `PROXY TCP${size === 4 ? 4 : 6} ${words(source)} ${words(destination)} ${from} ${to}\r\n`;
      const [a, b] = [binary, line].map((text) => {
        const header = readInPieces(`${text}GET /`, cutsFrom(cuts, text.length + 5));
        assert.ok(typeof header === "object" && "endpoints" in header);
        assert.equal(header.length, text.length);
        return header.endpoints;
      });
      assert.deepEqual(a, b);
      const { remoteAddr, localAddr } = a!;
      assert.ok(remoteAddr?.transport === "tcp" && localAddr?.transport === "tcp");
      assert.deepEqual([remoteAddr.port, localAddr.port], [from, to]);
      if (size === 4) {
        assert.deepEqual([remoteAddr.hostname, localAddr.hostname], [
          source.join("."),
          destination.join("."),
        ]);
      }
    }));
  }
});

test("readProxyHeader() says the same of any bytes, however they are cut, and takes no more than there are", () => {
  const byte = fc.nat(255).map((code) => String.fromCharCode(code));
  const rubbish = fc.array(byte, { maxLength: 40 }).map((bytes) => bytes.join(""));
  const beginning = fc.constantFrom(
    "",
    "PROXY ",
    "PROXY TCP4 ",
    CLIENT_V1,
    CLIENT_V2,
    SIGNATURE,
    `${SIGNATURE}\x21`,
  );
  const changed = fc.tuple(fc.constantFrom(CLIENT_V1, CLIENT_V2), fc.nat(60), byte)
    .map(([text, at, byte]) => text.slice(0, at) + byte + text.slice(at + 1));
  const text = fc.oneof(fc.tuple(beginning, rubbish).map((parts) => parts.join("")), changed);
  fc.assert(
    fc.property(text, fc.array(fc.nat(100), { maxLength: 5 }), (text, cuts) => {
      const whole = readInPieces(text, [text.length]);
      assert.deepEqual(readInPieces(text, cutsFrom(cuts, text.length)), whole);
      assert.deepEqual(readInPieces(text, everyByte(text.length)), text === "" ? NEED_MORE : whole);
      if (typeof whole === "object" && "length" in whole) assert.ok(whole.length <= text.length);
    }),
    { numRuns: 500 },
  );
});

/** readProxyHeader(): version 2 of the PROXY protocol (§2.2). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { NEED_MORE } from "../../src/wire/bytes.ts";
import { MAX_PROXY_HEADER } from "../../src/wire/proxy_header.ts";
import {
  assertRefusedAtEnd,
  readHeader,
  readInPieces,
  REFUSED,
  tcp,
} from "../support/proxy_header_reading.ts";
import {
  CLIENT,
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
import { everyByte } from "./helpers.ts";

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

/** readProxyHeader(): version 1 of the PROXY protocol (§2.1). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { NEED_MORE } from "../../src/wire/bytes.ts";
import {
  assertRefused,
  assertRefusedAtEnd,
  readHeader,
  readInPieces,
  tcp,
} from "../support/proxy_header_reading.ts";
import { CLIENT, CLIENT_V1, SIGNATURE } from "../support/proxy_headers.ts";
import { everyByte } from "./helpers.ts";

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

/** PROXY headers that are missing or malformed: the connection is closed at once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, get, post } from "../support/memory.ts";
import { assertCutOff, statuses, tell, UNKNOWN } from "../support/proxied_connections.ts";
import { CLIENT_V1, CLIENT_V2, COMMAND, FAMILY, SIGNATURE, v2 } from "../support/proxy_headers.ts";
import { bytesOf } from "../wire/helpers.ts";

test("a connection without the PROXY header that is due is closed with its first byte", async () => {
  for (
    const text of [
      get(),
      post("PROXY"),
      "PRI * HTTP/2.0\r\n\r\n",
      "\x16\x03\x01\x02\x00",
      "\n",
      "\r\n\r\nGET",
    ]
  ) {
    for (const [of, pieces] of [["whole", [text]], ["a byte at a time", [...text]]] as const) {
      const connected = connect({ exchange: () => assert.fail("there was no header"), ...UNKNOWN });
      for (const piece of pieces) connected.client.send(bytesOf(piece));
      await assertCutOff(connected, `${JSON.stringify(text)}, ${of}`);
    }
  }
});

test("onRefused hears of a PROXY header that is missing", async () => {
  const refused: unknown[] = [];
  const connected = connect({
    exchange: () => assert.fail("there was no header"),
    onRefused: ({ code, status }, { state }) => void refused.push([code, status, state]),
    ...UNKNOWN,
  });
  connected.client.send(get());
  await assertCutOff(connected, "a request");
  assert.deepEqual(refused, [["bad_proxy_header", 400, "closed"]]);
});

test("a connection with a malformed PROXY header is closed at once, whatever is behind it", async () => {
  const malformed = [
    "PROXY TCP4 203.0.113.7 198.51.100.1 65536 443\r\n",
    "PROXY TCP4 ::1 198.51.100.1 1 443\r\n",
    "PROXY HTTP\r\n",
    CLIENT_V1.replace("\r", ""),
    `PROXY UNKNOWN ${"x".repeat(93)}\r\n`,
    `${SIGNATURE}\x31\x11\0\x0c${CLIENT_V2.slice(16)}`,
    v2(COMMAND.proxy, 0x41, CLIENT_V2.slice(16)),
    v2(COMMAND.proxy, FAMILY.tcp6, CLIENT_V2.slice(16)),
    v2(COMMAND.proxy, FAMILY.tcp4, CLIENT_V2.slice(16).padEnd(4081, "\0")),
  ];
  for (const header of malformed) {
    for (const rest of ["", get()]) {
      for (const cut of [0, 1, 10, header.length]) {
        const connected = connect({ exchange: () => assert.fail("the header is malformed"), ...UNKNOWN });
        connected.client.send(bytesOf((header + rest).slice(0, cut)));
        connected.client.send(bytesOf((header + rest).slice(cut)));
        await assertCutOff(connected, JSON.stringify(header + rest));
      }
    }
  }
});

test("a malformed request behind a PROXY header is answered", async () => {
  const connected = connect({ exchange: tell, ...UNKNOWN });
  connected.client.send(CLIENT_V1 + "GET / HTTP/1.1\r\n\r\n");
  assert.deepEqual(statuses(connected), [400]);
  connected.client.sendEnd();
  assert.equal(await connected.connection.closed, "protocol_error");
});

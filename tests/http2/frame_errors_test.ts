/** Frames that break the connection by their sizes, their streams or their order (RFC 9113 §4.2, §5.4.1, §6). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ProtocolError } from "../../src/api/errors.ts";
import { echoTarget as exchange } from "../support/exchange_handlers.ts";
import { connectHttp2, FLAG, frame, rawHead, request, uint32 } from "../support/http2_client.ts";
import { concat } from "../support/bytes.ts";
import { ReferenceEncoder } from "../support/hpack.ts";

const block = (): Uint8Array => new ReferenceEncoder().encode(request());
const PING = frame("PING", 0, 0, "12345678");

/** What a client sends after a request on stream 1 was answered. */
const REFUSED: Record<string, [bytes: Uint8Array, code: string]> = {
  // §4.2
  "a DATA frame larger than 16 384": [rawHead(16_385, 0, 0, 1), "FRAME_SIZE_ERROR"],
  "a HEADERS frame larger than 16 384": [rawHead(16_385, 1, FLAG.endHeaders, 3), "FRAME_SIZE_ERROR"],
  "an unknown frame larger than 16 384": [rawHead(16_385, 0xaa, 0, 0), "FRAME_SIZE_ERROR"],
  // §6.1
  "DATA on stream 0": [frame("DATA", FLAG.end, 0, "x"), "PROTOCOL_ERROR"],
  "DATA that is padded, without an octet": [frame("DATA", FLAG.padded, 1), "FRAME_SIZE_ERROR"],
  "DATA with padding of its whole length": [frame("DATA", FLAG.padded, 1, "\x04abc"), "PROTOCOL_ERROR"],
  "DATA on an idle stream": [frame("DATA", 0, 3, "x"), "PROTOCOL_ERROR"],
  "DATA on a stream that only servers open": [frame("DATA", 0, 2, "x"), "PROTOCOL_ERROR"],
  // §6.2
  "HEADERS on stream 0": [frame("HEADERS", FLAG.end | FLAG.endHeaders, 0, block()), "PROTOCOL_ERROR"],
  "HEADERS on an even stream": [frame("HEADERS", FLAG.end | FLAG.endHeaders, 4, block()), "PROTOCOL_ERROR"],
  "HEADERS that are padded, without an octet": [
    frame("HEADERS", FLAG.padded | FLAG.endHeaders, 3),
    "FRAME_SIZE_ERROR",
  ],
  "HEADERS with more padding than payload": [
    frame("HEADERS", FLAG.padded | FLAG.endHeaders, 3, "\x03ab"),
    "PROTOCOL_ERROR",
  ],
  "HEADERS too short for their priority": [
    frame("HEADERS", FLAG.priority | FLAG.endHeaders, 3, "1234"),
    "FRAME_SIZE_ERROR",
  ],
  // §6.3. A stream error would be enough, but there may be no stream to end.
  "PRIORITY on stream 0": [frame("PRIORITY", 0, 0, "12345"), "PROTOCOL_ERROR"],
  "PRIORITY of 4 octets": [frame("PRIORITY", 0, 3, "1234"), "FRAME_SIZE_ERROR"],
  // §6.4
  "RST_STREAM on stream 0": [frame("RST_STREAM", 0, 0, uint32(8)), "PROTOCOL_ERROR"],
  "RST_STREAM of an idle stream": [frame("RST_STREAM", 0, 3, uint32(8)), "PROTOCOL_ERROR"],
  "RST_STREAM of a stream that only servers open": [frame("RST_STREAM", 0, 2, uint32(8)), "PROTOCOL_ERROR"],
  "RST_STREAM of 3 octets": [frame("RST_STREAM", 0, 1, "123"), "FRAME_SIZE_ERROR"],
  // §6.6
  PUSH_PROMISE: [frame("PUSH_PROMISE", FLAG.endHeaders, 1, concat([uint32(2), block()])), "PROTOCOL_ERROR"],
  // §6.7
  "PING on a stream": [frame("PING", 0, 1, "12345678"), "PROTOCOL_ERROR"],
  "PING of 6 octets": [frame("PING", 0, 0, "123456"), "FRAME_SIZE_ERROR"],
  "PING of 9 octets": [frame("PING", FLAG.ack, 0, "123456789"), "FRAME_SIZE_ERROR"],
  // §6.8
  "GOAWAY on a stream": [frame("GOAWAY", 0, 1, new Uint8Array(8)), "PROTOCOL_ERROR"],
  "GOAWAY of 7 octets": [frame("GOAWAY", 0, 0, new Uint8Array(7)), "FRAME_SIZE_ERROR"],
  // §6.9
  "WINDOW_UPDATE of 3 octets": [frame("WINDOW_UPDATE", 0, 0, "123"), "FRAME_SIZE_ERROR"],
  "WINDOW_UPDATE of 0 for the connection": [frame("WINDOW_UPDATE", 0, 0, uint32(0)), "PROTOCOL_ERROR"],
  "WINDOW_UPDATE of 0 for a stream": [frame("WINDOW_UPDATE", 0, 1, uint32(0)), "PROTOCOL_ERROR"],
  "WINDOW_UPDATE of an idle stream": [frame("WINDOW_UPDATE", 0, 3, uint32(1)), "PROTOCOL_ERROR"],
  "WINDOW_UPDATE of a stream that only servers open": [
    frame("WINDOW_UPDATE", 0, 2, uint32(1)),
    "PROTOCOL_ERROR",
  ],
  "WINDOW_UPDATE that makes the connection's window too large": [
    frame("WINDOW_UPDATE", 0, 0, uint32(2 ** 31 - 1)),
    "FLOW_CONTROL_ERROR",
  ],
  // §6.10
  "CONTINUATION without HEADERS": [frame("CONTINUATION", FLAG.endHeaders, 1, block()), "PROTOCOL_ERROR"],
  "CONTINUATION on stream 0": [frame("CONTINUATION", FLAG.endHeaders, 0, block()), "PROTOCOL_ERROR"],
  "PING within a field block": [concat([frame("HEADERS", 0, 3, block()), PING]), "PROTOCOL_ERROR"],
  "an unknown frame within a field block": [
    concat([frame("HEADERS", 0, 3, block()), rawHead(0, 0xaa, 0, 0)]),
    "PROTOCOL_ERROR",
  ],
  "CONTINUATION of another stream": [
    concat([frame("HEADERS", 0, 3, block()), frame("CONTINUATION", FLAG.endHeaders, 5)]),
    "PROTOCOL_ERROR",
  ],
  "HEADERS within a field block": [
    concat([frame("HEADERS", 0, 3, block()), frame("HEADERS", FLAG.endHeaders, 3, block())]),
    "PROTOCOL_ERROR",
  ],
  // RFC 9218 §7.1
  "PRIORITY_UPDATE on a stream": [
    frame("PRIORITY_UPDATE", 0, 1, concat([uint32(1), "u=1"])),
    "PROTOCOL_ERROR",
  ],
  "PRIORITY_UPDATE of stream 0": [
    frame("PRIORITY_UPDATE", 0, 0, concat([uint32(0), "u=1"])),
    "PROTOCOL_ERROR",
  ],
  "PRIORITY_UPDATE of 3 octets": [frame("PRIORITY_UPDATE", 0, 0, "123"), "FRAME_SIZE_ERROR"],
  "PRIORITY_UPDATE of a stream that only servers open": [
    frame("PRIORITY_UPDATE", 0, 0, concat([uint32(2), "u=1"])),
    "PROTOCOL_ERROR",
  ],
  // RFC 7541
  "a block with an index of 0": [
    frame("HEADERS", FLAG.end | FLAG.endHeaders, 3, "\x80"),
    "COMPRESSION_ERROR",
  ],
  "a block that ends within a string": [
    frame("HEADERS", FLAG.end | FLAG.endHeaders, 3, "\x40\x05abc"),
    "COMPRESSION_ERROR",
  ],
  "a block with a table size above the one that was told": [
    frame("HEADERS", FLAG.end | FLAG.endHeaders, 3, Uint8Array.of(0x3f, 0xff, 0x1f, 0x82)),
    "COMPRESSION_ERROR",
  ],
};

for (const [name, [bytes, code]] of Object.entries(REFUSED)) {
  test(`${name}: a connection error of ${code}`, async () => {
    const refused: unknown[] = [];
    const { peer, client, connection } = await connectHttp2({
      exchange,
      onRefused: (error) => refused.push(error),
    });
    peer.get(1);
    assert.deepEqual(peer.told(), ["HEADERS 1 200", 'DATA 1 "/" end']);
    peer.send(bytes, PING);
    const last = /^(HEADERS|a block)/.test(name) && code === "COMPRESSION_ERROR" ? 3 : 1;
    assert.deepEqual(peer.told(), [`GOAWAY ${last} ${code}`], "and nothing behind it is answered");
    assert.deepEqual([client.ended, peer.rest], [true, 0]);
    peer.send(PING);
    client.sendEnd();
    assert.deepEqual(peer.told(), []);
    assert.equal(await connection.closed, "protocol_error");
    assert.equal(refused.length, 1);
    assert.ok(refused[0] instanceof ProtocolError);
    assert.deepEqual([refused[0].code, refused[0].status], ["bad_frame", 400]);
  });
}

test("GOAWAY tells why, for people", async () => {
  const { peer } = await connectHttp2({ exchange });
  peer.send(frame("PING", 0, 0, "123"));
  assert.equal(new TextDecoder().decode(peer.read()[0].payload.subarray(8)), "PING has the wrong size");
});

test("a connection error aborts what is under way", async () => {
  const reasons: unknown[] = [];
  const { peer, errors } = await connectHttp2({
    exchange: (x) => x.signal.addEventListener("abort", () => reasons.push(x.signal.reason.cause)),
  });
  peer.get(1);
  peer.get(3);
  peer.send(rawHead(16_385, 0, 0, 1));
  assert.deepEqual(peer.told(), ["GOAWAY 3 FRAME_SIZE_ERROR"]);
  assert.equal(reasons.length, 2);
  assert.deepEqual(errors, []);
});

test("frames that are not known, and flags that are not, are passed over", async () => {
  const { peer } = await connectHttp2({ exchange });
  peer.send(
    concat([rawHead(4, 0xaa, 0xff, 0), "1234"]),
    concat([rawHead(0, 0xbb, 0xff, 2)]),
    frame("PRIORITY", 0xff, 7, "12345"),
    frame("WINDOW_UPDATE", 0xff, 0, uint32(1)),
    frame("PING", 0xfe, 0, "12345678"),
    peer.headers(1, request(), FLAG.end | 0xd2),
  );
  assert.deepEqual(peer.told(), ["PING ack 12345678", "HEADERS 1 200", 'DATA 1 "/" end']);
});

test("the reserved bit before a stream's identifier is passed over (§4.1)", async () => {
  const { peer } = await connectHttp2({ exchange });
  const bytes = peer.headers(1, request());
  bytes[5] |= 0x80;
  peer.send(bytes, frame("WINDOW_UPDATE", 0, 0, uint32(0x8000_0001)));
  assert.deepEqual(peer.told(), ["HEADERS 1 200", 'DATA 1 "/" end']);
});

test("PING is answered with its octets, and an answer to none is not", async () => {
  const { peer } = await connectHttp2({ exchange });
  peer.send(
    frame("PING", 0, 0, "abcdefgh"),
    frame("PING", FLAG.ack, 0, "goaway 1"),
    frame("PING", 0, 0, "ABCDEFGH"),
  );
  assert.deepEqual(peer.told(), ["PING ack abcdefgh", "PING ack ABCDEFGH"]);
});

test("a client's GOAWAY does not keep its requests from being answered", async () => {
  const { peer, connection } = await connectHttp2({ exchange });
  peer.send(frame("GOAWAY", 0, 0, concat([uint32(0), uint32(0), "bye"])));
  peer.get(1);
  assert.deepEqual(peer.told(), ["HEADERS 1 200", 'DATA 1 "/" end']);
  assert.equal(connection.state, "idle");
});

/**
 * What the engine refuses by itself: the client can read why, and the operator is told.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryTransport } from "../../src/adapters/memory.ts";
import type { Connection } from "../../src/api/transport.ts";
import { ProtocolError } from "../../src/api/errors.ts";
import type { ConnectionOptions, ServeOptions } from "../../src/api/options.ts";
import { HttpServer } from "../../src/server/http_server.ts";
import { serveSettings } from "../../src/options/settings.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { connect, get, parseResponses, settled } from "../support/memory.ts";

const LINGER = 5_000;

/** A request that is refused, with the status and the code; `after` is how long that takes. */
interface Refusal {
  readonly input: string;
  readonly status: number;
  readonly code: string;
  readonly options?: Partial<ServeOptions>;
  readonly after?: number;
}

const HEAD = "POST / HTTP/1.1\r\nHost: a.example\r\n";
const REFUSALS: Readonly<Record<string, Refusal>> = {
  "a malformed request line": { input: "G@T / HTTP/1.1\r\n\r\n", status: 400, code: "bad_request_line" },
  "a missing Host": { input: "GET / HTTP/1.1\r\n\r\n", status: 400, code: "bad_host" },
  "a target that is too long": {
    input: get("/" + "a".repeat(100)),
    status: 414,
    code: "target_too_long",
    options: { maxTargetBytes: 50 },
  },
  "a head that is too large": {
    input: get("/", "x: " + "a".repeat(1_000)),
    status: 431,
    code: "head_too_large",
    options: { maxHeaderBytes: 500 },
  },
  "too many fields": {
    input: get("/", "a: 1", "b: 2", "c: 3"),
    status: 431,
    code: "too_many_fields",
    options: { maxHeaders: 2 },
  },
  "a body that is too large": {
    input: HEAD + "Content-Length: 1000\r\n\r\n" + "a".repeat(500),
    status: 413,
    code: "body_too_large",
    options: { maxBodyBytes: 100 },
  },
  "a chunked body that gets too large": {
    input: HEAD + "Transfer-Encoding: chunked\r\n\r\nff\r\n" + "a".repeat(255),
    status: 413,
    code: "body_too_large",
    options: { maxBodyBytes: 100 },
  },
  "a malformed chunk": {
    input: HEAD + "Transfer-Encoding: chunked\r\n\r\nx\r\n",
    status: 400,
    code: "bad_chunk",
  },
  "an unknown expectation": { input: get("/", "Expect: tea"), status: 417, code: "unsupported_expectation" },
  "an unknown coding": {
    input: HEAD + "Transfer-Encoding: gzip, chunked\r\n\r\n",
    status: 501,
    code: "unknown_transfer_encoding",
  },
  "another version": { input: "GET / HTTP/2.0\r\n\r\n", status: 505, code: "unsupported_version" },
  "a head that takes too long": {
    input: "GET / HT",
    status: 408,
    code: "head_timeout",
    options: { headerTimeout: 1_000 },
    after: 2_000,
  },
  "a body that takes too long": {
    input: HEAD + "Content-Length: 1000\r\n\r\n",
    status: 408,
    code: "request_timeout",
    options: { requestTimeout: 1_000, minBodyRate: 0 },
    after: 2_000,
  },
  "a body that comes too slowly": {
    input: HEAD + "Content-Length: 1000\r\n\r\n",
    status: 408,
    code: "body_too_slow",
    options: { minBodyRate: { bytesPerSecond: 1_000, grace: 1_000 } },
    after: 2_000,
  },
};

for (const [what, { input, status, code, options, after = 0 }] of Object.entries(REFUSALS)) {
  test(`${what} is refused with ${status}, onRefused is told, and the client has lingerTimeout to read it`, async () => {
    const refused: [ProtocolError, Connection][] = [];
    const { client, connection, clock } = connect({
      lingerTimeout: LINGER,
      exchange: (x) => x.bytes().then(() => x.respond(200)),
      onError: () => {},
      onRefused: (error, connection) => void refused.push([error, connection]),
      ...options,
    });
    client.send(input);
    if (after > 0) clock.advance(after);
    await settled();
    assert.deepEqual(parseResponses(client.text()).map((response) => response.status), [status]);
    assert.equal(refused.length, 1);
    assert.ok(refused[0][0] instanceof ProtocolError);
    assert.deepEqual([refused[0][0].status, refused[0][0].code], [status, code]);
    assert.equal(refused[0][1].id, connection.id);
    // An uploader that goes on sending must not be reset before it has read that.
    for (let sent = 0; sent < LINGER - 1_500; sent += 100) {
      client.send("a".repeat(1_000));
      clock.advance(100);
    }
    assert.equal(client.closed, false);
    clock.advance(3_000);
    assert.equal(client.closed, true);
  });
}

test("a newcomer at the cap gets 503, and onRefused is told", () => {
  const refused: string[] = [];
  const options: ServeOptions = {
    exchange: () => {},
    maxConnections: 1,
    onRefused: ({ status, code }, { remoteAddr }) => void refused.push(`${status} ${code} ${remoteAddr}`),
  };
  const server = new HttpServer(options, serveSettings(options), new FakeClock());
  const [busy, newcomer] = [new MemoryTransport(), new MemoryTransport()];
  server.accept(busy);
  busy.send(get());
  server.accept(newcomer);
  assert.deepEqual(parseResponses(newcomer.text()).map(({ status }) => status), [503]);
  assert.deepEqual(refused, ["503 too_many_connections undefined"]);
});

test("onRefused is not told of what a handler answers, nor of what nobody is told", () => {
  const refused: unknown[] = [];
  const { client } = connect({
    exchange: (x) => x.respond(400),
    onRefused: (error) => void refused.push(error),
  });
  client.send(get());
  client.sendEnd();
  assert.deepEqual(refused, []);
});

test("an idle connection that is closed lingers for a moment only", () => {
  const { client, clock } = connect({
    exchange: (x) => x.respond(200),
    idleTimeout: 1_000,
    idleTimeoutBuffer: 0,
  });
  client.send(get());
  clock.advance(1_100);
  assert.deepEqual([client.ended, client.closed], [true, false]);
  clock.advance(400);
  assert.equal(client.closed, true);
});

test("after a CONNECT that is refused the connection ends, since what comes may be no HTTP", async () => {
  const ways: ConnectionOptions[] = [
    { exchange: (x) => x.respond(403) },
    { fetch: () => new Response("no", { status: 403 }) },
  ];
  for (const options of ways) {
    const { client, connection } = connect(options);
    client.send("CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n" + get("/smuggled"));
    await settled();
    const responses = parseResponses(client.text());
    assert.deepEqual(responses.map(({ status, headers }) => [status, headers.get("connection")]), [[
      403,
      "close",
    ]]);
    client.sendEnd();
    assert.equal(await connection.closed, "response_close");
  }
});

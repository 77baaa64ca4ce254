/** Handlers that answer other requests, or their own, while the fields of their response are read. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryTransport } from "../../src/adapters/memory.ts";
import type { Exchange, Fields } from "../../src/api/exchange.ts";
import { connect, get, parseResponses, settled } from "../support/memory.ts";
import { response } from "../support/response_texts.ts";

/** Fields x-a and x-b, the second of which is made by `meanwhile`, called when it is read. */
const READ_LATE: readonly ((meanwhile: () => void) => Fields)[] = [
  (meanwhile) => ({
    "x-a": "1",
    get "x-b"() {
      meanwhile();
      return "2";
    },
  }),
  (meanwhile) => {
    const toString = (): string => {
      meanwhile();
      return "2";
    };
    return { "x-a": "1", "x-b": { toString } } as unknown as Fields;
  },
  function* (meanwhile): Generator<readonly [string, string]> {
    yield ["x-a", "1"];
    meanwhile();
    yield ["x-b", "2"];
  },
];

/** A server where `/wait` waits for `answer`, `/…` of `answers` is answered so, and all others plainly. */
function serverThatWaits(answers: Record<string, (x: Exchange) => void>): {
  readonly clients: readonly MemoryTransport[];
  readonly answer: () => void;
  readonly errors: readonly unknown[];
} {
  let waiting!: Exchange;
  const { client, server, errors } = connect({
    exchange(x) {
      if (x.target === "/wait") waiting = x;
      else if (x.target in answers) answers[x.target](x);
      else x.respond(200, {}, "plain");
    },
  });
  const clients = [client, new MemoryTransport(), new MemoryTransport()];
  for (const other of clients.slice(1)) server.accept(other);
  return { clients, answer: () => waiting.respond(201, { "x-c": "3" }, "other"), errors };
}

const PLAIN = response("200 OK\r\n", "plain");

test("fields that answer a request of another connection while they are read mix no responses", async () => {
  for (const fieldsFor of READ_LATE) {
    for (const pipelined of [0, 1]) {
      const { clients: [first, other, third], answer, errors } = serverThatWaits({
        "/whole": (x) => x.respond(200, fieldsFor(answer), "hi"),
        "/streamed"(x) {
          x.start(200, fieldsFor(answer));
          x.end("hi");
        },
        "/interim"(x) {
          x.interim(103, fieldsFor(answer));
          x.respond(200, {}, "hi");
        },
      });
      const lines = "x-a: 1\r\nx-b: 2\r\n";
      for (
        const [target, expected] of [
          ["/whole", response(`200 OK\r\n${lines}`, "hi")],
          [
            "/streamed",
            response(`200 OK\r\n${lines}`, "").replace("content-length: 0", "transfer-encoding: chunked") +
            "2\r\nhi\r\n0\r\n\r\n",
          ],
          ["/interim", `HTTP/1.1 103 Early Hints\r\n${lines}\r\n${response("200 OK\r\n", "hi")}`],
        ]
      ) {
        for (const client of [first, other, third]) client.written.length = 0;
        other.send(get("/wait"));
        first.send(get("/").repeat(pipelined) + get(target));
        await settled();
        third.send(get("/"));
        first.send(get("/"));
        assert.equal(other.text(), response("201 Created\r\nx-c: 3\r\n", "other"), target);
        assert.equal(third.text(), PLAIN, `${target}: this one had no part in it`);
        assert.equal(first.text(), PLAIN.repeat(pipelined) + expected + PLAIN);
        assert.deepEqual(errors, []);
      }
    }
  }
});

test("fields that answer their own request while they are read leave it at one response", async () => {
  for (const fieldsFor of READ_LATE) {
    const { clients: [client, other] } = serverThatWaits({
      "/whole": (x) => x.respond(200, fieldsFor(() => x.respond(201, {}, "inner")), "outer"),
      "/streamed": (x) => x.start(200, fieldsFor(() => x.respond(201, {}, "inner"))),
      "/interim": (x) => x.interim(103, fieldsFor(() => x.respond(201, {}, "inner"))),
      "/trailers"(x) {
        x.start(201);
        x.write("inner");
        x.end(null, fieldsFor(() => x.end()));
      },
    });
    for (const target of ["/whole", "/streamed", "/interim", "/trailers"]) {
      client.written.length = 0;
      client.send(get(target) + get("/"));
      await settled();
      other.send(get("/"));
      const responses = parseResponses(client.text()).map(({ status, body }) => [status, body]);
      assert.deepEqual(responses, [[201, "inner"], [200, "plain"]], target);
    }
    assert.equal(other.text(), PLAIN.repeat(4));
  }
});

test("fields of upgrade() may answer another request while they are read, but not their own", async () => {
  for (const fieldsFor of READ_LATE) {
    const { clients: [first, other, third], answer, errors } = serverThatWaits({
      "/upgrade": (x) => void x.upgrade({ fields: fieldsFor(answer) }),
      "/answered": (x) => void x.upgrade({ fields: fieldsFor(() => x.respond(201, {}, "inner")) }),
    });
    const upgrade = ["Connection: upgrade", "Upgrade: echo"];
    other.send(get("/wait"));
    first.send(get("/", ...upgrade) + get("/upgrade", ...upgrade));
    await settled();
    third.send(get("/") + get("/answered", ...upgrade) + get("/"));
    assert.equal(other.text(), response("201 Created\r\nx-c: 3\r\n", "other"));
    assert.equal(third.text(), PLAIN + response("201 Created\r\n", "inner") + PLAIN);
    assert.equal(
      first.text(),
      `${PLAIN}HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\nx-a: 1\r\nx-b: 2\r\n\r\n`,
    );
    assert.deepEqual(errors.map(String), ["ExchangeError: upgrade(): the response has begun"]);
    for (const client of [first, other, third]) client.reset();
  }
});

test("fields that close their own connection while they are read send nothing to another", async () => {
  for (const fieldsFor of READ_LATE) {
    for (const call of ["respond", "start", "interim"] as const) {
      const { clients: [client, other] } = serverThatWaits({
        "/close": (x) => x[call](call === "interim" ? 103 : 200, fieldsFor(() => x.connection.close())),
      });
      client.send(get() + get("/close"));
      other.send(get());
      await settled();
      assert.equal(other.text(), PLAIN, call);
      assert.equal(client.text(), PLAIN, call);
    }
  }
});

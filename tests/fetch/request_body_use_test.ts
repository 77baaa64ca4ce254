/**
 * A body is had once: a copy of a request that was used is a `TypeError`, as by the platform. A copy that was made in
 * time, and a body that has come whole, can be read later, also when the answer or the client is gone.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FastResponse } from "../../mod.ts";
import { connect, get, parseResponses, post } from "../support/memory.ts";

/** Resolves once the server has nothing to do: all that is not timed has happened by then. */
async function quiet(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** Runs `look` as the handler of one request. */
async function handle(request: string, look: (request: Request) => Promise<void>): Promise<void> {
  const { client, errors } = connect({
    async fetch(request) {
      await look(request);
      return new Response();
    },
  });
  client.send(request);
  await quiet();
  assert.deepEqual(errors, []);
  assert.equal(parseResponses(client.text()).length, 1);
}

// Used once.

/** The ways to use a body. */
const USES: Record<string, (request: Request) => unknown> = {
  "read as text": (request) => request.text(),
  "read as bytes": (request) => request.arrayBuffer(),
  "read in part": (request) => {
    const reader = request.body!.getReader();
    return reader.read().then(() => reader.releaseLock());
  },
  "locked": (request) => request.body!.getReader(),
  "cancelled": (request) => request.body!.cancel(),
  "cloned and read": (request) => (request.clone(), request.text()),
  "looked at and read": (request) => (void request.mode, request.text()),
  "asked for its stream and read": (request) => request.body && request.json(),
};
// Bun's own copies the body there, so that both can be read.
if (!("Bun" in globalThis)) USES["passed on"] = (request) => new Request(request).text();

for (const [name, use] of Object.entries(USES)) {
  test(`a request whose body was ${name} cannot be copied, and tells so by a TypeError`, async () => {
    await handle(post("1"), async (request) => {
      await use(request);
      assert.throws(() => request.clone(), TypeError, "clone()");
      assert.throws(() => new Request(request), TypeError, "new Request(request)");
      assert.throws(() => new Request("http://b.example/", request), TypeError, "new Request(url, request)");
      await assert.rejects(fetch(request), TypeError, "fetch(request)");
      await assert.rejects(fetch("http://127.0.0.1:9/", request), TypeError, "fetch(url, request)");
      await assert.rejects(request.text(), TypeError, "text()");
      // What has nothing to do with the body is there.
      assert.equal(request.redirect, "follow");
      const other = new Request(request, { body: "other" });
      assert.equal(await other.text(), "other");
      assert.deepEqual([other.method, other.url], ["POST", "http://a.example/"]);
    });
  });
}

test("a request whose reader has let go untouched can be copied again", async () => {
  await handle(post("body"), async (request) => {
    const reader = request.body!.getReader();
    assert.throws(() => request.clone(), TypeError);
    reader.releaseLock();
    assert.equal(await request.clone().text(), "body");
    assert.equal(await request.text(), "body");
  });
});

test("a request without a body can be copied as often as one likes", async () => {
  await handle(get(), async (request) => {
    await request.text();
    await request.clone().text();
    assert.equal(await new Request(request).text(), "");
    assert.deepEqual([request.clone().body, request.bodyUsed], [null, false]);
  });
});

test("a copy with a body of its own leaves the request's alone", async () => {
  await handle(post("body"), async (request) => {
    assert.equal(await new Request(request, { body: "other" }).text(), "other");
    assert.equal(request.bodyUsed, false);
    assert.equal(await request.text(), "body");
  });
});

for (const way of ["text", "json", "arrayBuffer", "formData"] as const) {
  test(`${way}() does not go by a stream that was only looked at`, async () => {
    const form = "Content-Type: application/x-www-form-urlencoded";
    const request = `POST / HTTP/1.1\r\nHost: a.example\r\n${form}\r\nContent-Length: 1\r\n\r\n1`;
    const { prototype } = ReadableStreamDefaultController;
    const { enqueue } = prototype;
    let pieces = 0;
    prototype.enqueue = function (piece) {
      pieces++;
      return enqueue.call(this, piece);
    };
    try {
      await handle(request, async (request) => {
        const { body } = request;
        const read = await request[way]();
        if (way !== "formData") {
          assert.equal(way === "arrayBuffer" ? (read as ArrayBuffer).byteLength : Number(read), 1);
        }
        assert.equal(pieces, 0);
        assert.deepEqual([request.bodyUsed, body!.locked, request.body], [true, true, body]);
      });
    } finally {
      prototype.enqueue = enqueue;
    }
  });
}

// Read after the answer.

/** The copies that can be read later. */
const COPIES: Readonly<Record<string, (request: Request) => Request[]>> = {
  "a clone": (request) => [request.clone()],
  "a request that was cloned": (request) => (request.clone(), [request]),
  "a clone and its request": (request) => [request.clone(), request],
  "a clone of a clone": (request) => [request.clone().clone()],
  "what new Request() gives": (request) => [new Request(request)],
};

/** How the body comes: with the head, behind the answer, in chunks; and the connection may end behind it. */
const WAYS: Readonly<Record<string, readonly string[]>> = {
  "with its head": [post("the body")],
  "in part after the answer": [post("the body").slice(0, -4), "bo", "dy"],
  "all after the answer": [post("the body").slice(0, -8), "the body"],
  "in chunks": [
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nthe\r\n5\r\n body\r\n0\r\n\r\n",
  ],
  "before a Connection: close": [post("the body", "/", "Connection: close")],
};

for (const [name, copy] of Object.entries(COPIES)) {
  for (const [way, parts] of Object.entries(WAYS)) {
    for (const answer of ["at once", "later"] as const) {
      test(`${name} can be read after an answer ${answer}, of a body that comes ${way}`, async () => {
        let copies: Request[] = [];
        const { client, errors } = connect({
          fetch(request) {
            if (request.method === "GET") return new FastResponse();
            copies = copy(request);
            const response = new FastResponse(null, { status: 202 });
            return answer === "at once" ? response : Promise.resolve(response);
          },
        });
        for (const part of parts) {
          client.send(part);
          await quiet();
        }
        const closes = way === "before a Connection: close";
        if (!closes) client.send(get());
        client.sendEnd();
        await quiet();
        assert.deepEqual(
          parseResponses(client.text()).map(({ status }) => status),
          closes ? [202] : [202, 200],
        );
        for (const each of copies) assert.equal(await each.text(), "the body");
        assert.deepEqual(errors, []);
      });
    }
  }
}

test("a copy that is read later gets no more than a drain reads", async () => {
  let clone!: Request;
  const { client, connection } = connect({
    drainBody: { bytes: 1000 },
    fetch(request) {
      clone = request.clone();
      return new FastResponse(null, { status: 202 });
    },
  });
  client.send(post("x".repeat(2000)).slice(0, -2000));
  for (let i = 0; i < 4; i++) {
    client.send("x".repeat(500));
    await quiet();
  }
  assert.equal(parseResponses(client.text())[0].status, 202);
  client.sendEnd();
  assert.equal(await connection.closed, "unread_body");
  await assert.rejects(clone.text());
});

test("a copy that is read later waits no longer than a drain does", async () => {
  let clone!: Request;
  const { client, connection, clock } = connect({
    drainBody: { timeout: 500 },
    fetch(request) {
      clone = request.clone();
      return new FastResponse(null, { status: 202 });
    },
  });
  client.send(post("the body").slice(0, -4));
  await quiet();
  clock.advance(1000);
  client.sendEnd();
  assert.equal(await connection.closed, "unread_body");
  await assert.rejects(clone.text());
});

test("a body that nobody has copied is gone after the answer", async () => {
  let request!: Request;
  const { client } = connect({
    fetch(given) {
      request = given;
      return new FastResponse();
    },
  });
  client.send(post("the body"));
  await quiet();
  await assert.rejects(request.text());
});

// Read after the client has left.

/** The ways to read a body. */
const READS: Readonly<Record<string, (request: Request) => Promise<string>>> = {
  "text()": (request) => request.text(),
  "body": (request) => new Response(request.body).text(),
  "a clone": (request) => request.clone().text(),
  "new Request()": (request) => new Request(request).text(),
};

for (const [name, read] of Object.entries(READS)) {
  for (const [way, parts] of Object.entries(WAYS)) {
    for (const leave of ["reset", "sendEnd"] as const) {
      test(`a body that came whole, ${way}, is read by ${name} after its client left (${leave})`, async () => {
        let result!: Promise<string>;
        let goOn!: () => void;
        const left = new Promise<void>((resolve) => goOn = resolve);
        const { client } = connect({
          async fetch(request) {
            await left;
            result = read(request);
            await result;
            return new Response();
          },
        });
        for (const part of parts) client.send(part);
        client[leave]();
        goOn();
        await quiet();
        assert.equal(await result, "the body");
      });
    }
  }
}

test("a stream that was taken gets the rest of a body that came whole before its client left", async () => {
  let result!: Promise<string>;
  let goOn!: () => void;
  const left = new Promise<void>((resolve) => goOn = resolve);
  const { client } = connect({
    async fetch(request) {
      result = readSlowly(request.body!, left);
      return new Response(await result);
    },
  });
  client.send(post("the body").slice(0, -5));
  await quiet();
  client.send(" bo");
  client.send("dy");
  client.reset();
  goOn();
  await quiet();
  assert.equal(await result, "the body");
});

/** Reads a piece of `stream`, and the rest after `turn`. */
async function readSlowly(stream: ReadableStream<Uint8Array>, turn: Promise<void>): Promise<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = decoder.decode((await reader.read()).value);
  await turn;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    text += decoder.decode(next.value);
  }
  return text;
}

test("chunks() of a body that came whole before its client left gives the rest", async () => {
  let read = "";
  let goOn!: () => void;
  const left = new Promise<void>((resolve) => goOn = resolve);
  const { client } = connect({
    async exchange(x) {
      await left;
      for await (const piece of x.chunks()) read += new TextDecoder().decode(piece);
    },
  });
  client.send(WAYS["in chunks"][0]);
  client.reset();
  goOn();
  await quiet();
  assert.equal(read, "the body");
});

for (
  const [way, wire] of Object.entries({
    "of known length": post("the body"),
    "in chunks": WAYS["in chunks"][0],
  })
) {
  test(`a body ${way} that lacks its last byte is not taken for a whole one`, async () => {
    let goOn!: () => void;
    const left = new Promise<void>((resolve) => goOn = resolve);
    let result!: Promise<unknown>;
    const { client } = connect({
      async fetch(request) {
        await left;
        result = request.text().then(() => "no failure", ({ name }) => name);
        await result;
        return new Response();
      },
    });
    client.send(wire.slice(0, -1));
    client.reset();
    goOn();
    await quiet();
    assert.equal(await result, "AbortError");
  });
}

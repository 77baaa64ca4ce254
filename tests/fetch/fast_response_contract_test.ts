/** FastResponse takes what `Response` takes and refuses what it refuses, when it is made; and what it was made of holds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FastResponse } from "../../src/fetch/fast_response.ts";
import { connect, get, type ParsedResponse, parseResponses } from "../support/memory.ts";

const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

async function sent(response: Response): Promise<ParsedResponse> {
  let over!: () => void;
  const isOver = new Promise<void>((resolve) => over = resolve);
  const { client, errors } = connect({
    fetch(_request, info) {
      info.completed.then(over, over);
      return response;
    },
  });
  client.send(get());
  await isOver;
  assert.deepEqual(errors, []);
  return parseResponses(client.text())[0];
}

// What it refuses.

function usedStream(): ReadableStream {
  const stream = new Blob(["x"]).stream();
  void stream.cancel();
  return stream;
}

function lockedStream(): ReadableStream {
  const stream = new Blob(["x"]).stream();
  stream.getReader();
  return stream;
}

const REFUSED: Record<string, readonly [body: () => unknown, init: unknown]> = {
  "a name that is no token": [() => "x", { headers: { "x a": "1" } }],
  "an empty name": [() => "x", { headers: { "": "1" } }],
  "a name beyond ASCII": [() => "x", { headers: { "x-ü": "1" } }],
  "a value that ends a line": [() => "x", { headers: { "x-a": "1\r\nx-b: 2" } }],
  "a value with NUL": [() => "x", { headers: { "x-a": "a\0b" } }],
  "a value beyond Latin-1": [() => "x", { headers: { "x-a": "€" } }],
  "a bad name in a pair": [() => "x", { headers: [["x a", "1"]] }],
  "a pair of three": [() => "x", { headers: [["x-a", "1", "2"]] }],
  "headers that are null": [() => "x", { headers: null }],
  "headers that are text": [() => "x", { headers: "x-a: 1" }],
  "a status text that ends a line": [() => "x", { statusText: "a\r\nb" }],
  "a status text beyond Latin-1": [() => "x", { statusText: "€" }],
  "a stream that was read": [usedStream, undefined],
  "a stream that is locked": [lockedStream, undefined],
  "a body with status 204": [() => "x", { status: 204 }],
  "an empty body with status 304": [() => "", { status: 304 }],
  "a stream with status 205": [() => new Blob(["x"]).stream(), { status: 205 }],
};

for (const [what, [body, init]] of Object.entries(REFUSED)) {
  test(`new FastResponse() refuses ${what} with a TypeError`, () => {
    for (let i = 0; i < 3; i++) {
      assert.throws(() => new FastResponse(body() as BodyInit, init as ResponseInit), TypeError);
    }
  });
}

test("new FastResponse() refuses a status that none has with a RangeError", () => {
  for (const status of [0, 100, 101, 199, 600, NaN]) {
    assert.throws(() => new FastResponse("x", { status }), RangeError, String(status));
  }
});

test("new FastResponse() takes names and values that Response takes", async () => {
  const headers = { "!#$%&'*+-.^_`|~": "a\tb", "x-latin": "gr\xfcn", "x-empty": "" };
  const response = new FastResponse("x", { headers });
  for (const [name, value] of Object.entries(headers)) assert.equal(response.headers.get(name), value);
  const { headers: got } = await sent(new FastResponse("x", { headers }));
  assert.equal(got.get("!#$%&'*+-.^_`|~"), "a\tb");
});

test("FastResponse.headers are what the platform's would be", () => {
  const inits: HeadersInit[] = [
    { "X-A": "1", "x-a": "2" },
    { "x-a": " 1\t" },
    [["set-cookie", "a=1"], ["Set-Cookie", "b=2"], ["x-a", "1"]],
    new Headers({ "content-type": "text/css" }),
    { "Content-Type": "" },
    new Map([["x-a", "1"]]) as unknown as HeadersInit,
    Object.create({ "x-a": "inherited" }),
    { constructor: "a", toString: "b" } as unknown as Record<string, string>,
    { "x-a": 1, "x-b": undefined } as unknown as Record<string, string>,
  ];
  for (const headers of inits) {
    for (let i = 0; i < 3; i++) {
      const expected = [...new Headers(headers)];
      assert.deepEqual([...new FastResponse(null, { headers }).headers], expected);
      assert.deepEqual([...new FastResponse(encode("x"), { headers }).headers], expected);
    }
  }
});

// What it was made of holds.

const CHANGED: Record<string, (bytes: Uint8Array<ArrayBuffer>) => BodyInit> = {
  "a Uint8Array": (bytes) => bytes,
  "a part of a buffer": (bytes) => bytes.subarray(0, bytes.length),
  "an ArrayBuffer": (bytes) => bytes.buffer,
  "a DataView": (bytes) => new DataView(bytes.buffer),
  "numbers of two bytes": (bytes) => new Uint16Array(bytes.buffer),
};

for (const [what, of] of Object.entries(CHANGED)) {
  test(`FastResponse keeps the bytes of ${what} that is filled again`, async () => {
    for (const length of [4, 1_000, 100_000]) {
      const bytes = new Uint8Array(length).fill(97);
      const response = new FastResponse(of(bytes));
      bytes.fill(88);
      assert.equal((await sent(response)).body === "a".repeat(length), true, `${length} bytes`);
    }
  });
}

test("FastResponse sends a slow client its own bytes, whatever the next request is answered with", async () => {
  const shared = new Uint8Array(200_000);
  const fetch = ({ url }: Request): Response => new FastResponse(shared.fill(url.endsWith("1") ? 97 : 98));
  const [slow, quick] = [connect({ fetch }), connect({ fetch })];
  slow.client.takesWrites = false;
  slow.client.send(get("/1"));
  quick.client.send(get("/2"));
  slow.client.drain();
  for (let i = 0; i < 50; i++) await null;
  assert.equal(parseResponses(slow.client.text())[0].body === "a".repeat(shared.length), true);
  assert.equal(parseResponses(quick.client.text())[0].body === "b".repeat(shared.length), true);
});

test("FastResponse reads its init when it is made", async () => {
  const forms: (() => HeadersInit)[] = [
    () => ({ "x-a": "1" }),
    () => new Headers({ "x-a": "1" }),
    () => [["x-a", "1"]],
  ];
  for (const make of forms) {
    for (const body of ["text", encode("bytes"), null, new Blob(["x"])]) {
      const headers = make();
      const init = { status: 201, statusText: "Made", headers };
      const response = new FastResponse(body, init);
      init.status = 404;
      init.statusText = "other";
      if (headers instanceof Headers) headers.set("x-a", "2");
      else if (Array.isArray(headers)) headers[0][1] = "2";
      else (headers as Record<string, string>)["x-a"] = "2";
      assert.equal(response.statusText, "Made");
      const { status, headers: got } = await sent(response);
      assert.deepEqual([status, got.get("x-a")], [201, "1"]);
    }
  }
});

test("FastResponse sends each what it said, where headers are one object that is changed each time", async () => {
  const headers: Record<string, string> = {};
  for (const value of ["1", "1", "1", "2", "2", "2", "1", "3"]) {
    headers["x-a"] = value;
    assert.equal((await sent(new FastResponse("x", { headers }))).headers.get("x-a"), value);
  }
  headers["x-b"] = "1";
  assert.equal((await sent(new FastResponse("x", { headers }))).headers.get("x-b"), "1");
  delete headers["x-a"];
  assert.equal((await sent(new FastResponse("x", { headers }))).headers.get("x-a"), undefined);
});

test("a FastResponse that is made of another one's headers has its own", async () => {
  for (const body of ["parent", null, new Blob(["parent"])]) {
    const parent = new FastResponse(body, { headers: { "x-a": "1" } });
    const child = new FastResponse("child", { headers: parent.headers });
    const copy = new FastResponse("copy", parent);
    parent.headers.set("x-a", "2");
    child.headers.set("x-b", "1");
    assert.deepEqual([parent.headers.get("x-a"), parent.headers.has("x-b")], ["2", false]);
    assert.deepEqual([copy.headers.get("x-a"), copy.headers.has("x-b")], ["1", false]);
    const { headers } = await sent(child);
    assert.deepEqual([headers.get("x-a"), headers.get("x-b")], ["1", "1"]);
  }
});

test("changed headers of one FastResponse are not those of the next that says the same", async () => {
  const make = (): Response => new FastResponse("x", { headers: { "x-a": "1" } });
  for (let i = 0; i < 5; i++) {
    const response = make();
    response.headers.set("x-a", String(i));
    response.headers.set("x-b", "1");
    assert.equal((await sent(response)).headers.get("x-a"), String(i));
    const { headers } = await sent(make());
    assert.deepEqual([headers.get("x-a"), headers.get("x-b")], ["1", undefined]);
  }
});

test("FastResponse has the fields that it was given, whatever others had before", () => {
  for (let i = 0; i < 3; i++) {
    new FastResponse("alice", { headers: { "cache-control": "no-store", "set-cookie": "sid=alice" } });
  }
  const headers = { "cache-control": "no-store", location: undefined } as unknown as HeadersInit;
  const given = new FastResponse("bob", { headers }).headers;
  assert.deepEqual([...given].sort(), [...new Response("bob", { headers }).headers].sort());
  assert.equal(given.get("set-cookie"), null);
});

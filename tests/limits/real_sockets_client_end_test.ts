/**
 * Clients that end their side get their answer; those that vanish are told of to every reader.
 */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { ConnectionError } from "../../src/api/errors.ts";
import type { Exchange } from "../../src/api/exchange.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import { causeOf } from "../support/abort_cause.ts";
import { patternBytes } from "../support/bytes.ts";
import { inTime } from "../support/deadline.ts";
import { post } from "../support/memory.ts";
import { test } from "./limit_tests.ts";
import { handler, KINDS } from "./real_sockets_handlers.ts";
import { MIB } from "./real_sockets_requests.ts";
import { until } from "./real_sockets_times.ts";
import { open, testThatEveryServerHasEnded } from "./site.ts";

test("a client that has half-closed gets its answer, slowly as it reads", async () => {
  const large = patternBytes(8 * MIB);
  for (const kind of KINDS) {
    const options = handler(kind, async (asked) => {
      await asked.text();
      return large;
    });
    await using site = await open({ ...options, lingerTimeout: 100 });
    const visitor = await site.visit();
    await visitor.client.send(post("that is all"));
    visitor.client.end();
    await visitor.client.readUntil("\r\n\r\n");
    let received = 0;
    for (; received < large.length; received += MIB) {
      await visitor.client.readBytes(MIB);
      await delay(50);
    }
    await inTime(visitor.client.assertEnd(), "the end");
    assert.equal(received, large.length);
    assert.equal(await visitor.connection.closed, "client_closed");
  }
});

/** Every way to read a request's body. */
const READERS: Record<string, (x: Exchange) => Promise<unknown>> = {
  "bytes()": (x) => x.bytes(),
  "text()": (x) => x.text(),
  "json()": (x) => x.json(),
  "stream()": (x) => readAll(x.stream()),
};
const FETCH_READERS: Record<string, (request: Request) => Promise<unknown>> = {
  "bytes()": (request) => request.bytes(),
  "arrayBuffer()": (request) => request.arrayBuffer(),
  "text()": (request) => request.text(),
  "json()": (request) => request.json(),
  "blob()": (request) => request.blob(),
  "formData()": (request) => request.formData(),
  body: (request) => readAll(request.body!),
  "clone()": (request) => request.clone().text(),
  "new Request()": (request) => new Request(request).text(),
  "new Response()": (request) => new Response(request.body).text(),
};

async function readAll(stream: ReadableStream<Uint8Array>): Promise<void> {
  const reader = stream.getReader();
  while (!(await reader.read()).done);
}

/** What a reader and a signal were told. */
interface Told {
  reader?: unknown;
  signal?: unknown;
}

async function keepWhatIsTold(told: Told, signal: AbortSignal, read: () => Promise<unknown>): Promise<void> {
  signal.addEventListener("abort", () => told.signal = signal.reason);
  await read().catch((error) => told.reader = error);
}

/** Lets clients vanish whose bodies are read in each of these ways, and answers what was told of it. */
async function vanish(
  names: readonly string[],
  options: (told: Told[]) => ConnectionOptions,
): Promise<Told[]> {
  const told: Told[] = names.map(() => ({}));
  await using site = await open(options(told));
  const visitors = await site.visits(names.length);
  for (const [i, { client }] of visitors.entries()) {
    const type = "Content-Type: multipart/form-data; boundary=x";
    await client.send(post("--x", `/${i}`, type).replace("Content-Length: 3", "Content-Length: 4"));
  }
  await until(() => site.server.stats().active === names.length);
  for (const [i, { client, connection }] of visitors.entries()) {
    client.reset();
    assert.equal(await inTime(connection.closed, `${names[i]}: the end`), "client_gone");
    await inTime(until(() => "reader" in told[i] && "signal" in told[i]), `${names[i]}: what is told`);
  }
  return told;
}

function assertTold(names: readonly string[], told: readonly Told[]): void {
  for (const [i, name] of names.entries()) {
    for (const error of [told[i].reader, told[i].signal].map(causeOf)) {
      assert.ok(error instanceof ConnectionError, `${name}: a ConnectionError, not ${error}`);
      assert.equal(error.code, "peer_gone", name);
    }
  }
}

test("a client that vanishes aborts the signal and rejects every reader of its body (exchange)", async () => {
  const names = Object.keys(READERS);
  const told = await vanish(names, (told) => ({
    exchange(x) {
      const index = Number(x.target.slice(1));
      return keepWhatIsTold(told[index], x.signal, () => READERS[names[index]](x));
    },
  }));
  assertTold(names, told);
});

test("a client that vanishes aborts the signal and rejects every reader of its body (fetch)", async () => {
  const names = Object.keys(FETCH_READERS);
  const told = await vanish(names, (told) => ({
    async fetch(request) {
      const index = Number(new URL(request.url).pathname.slice(1));
      await keepWhatIsTold(told[index], request.signal, () => FETCH_READERS[names[index]](request));
      return new Response();
    },
  }));
  assertTold(names, told);
});

testThatEveryServerHasEnded();

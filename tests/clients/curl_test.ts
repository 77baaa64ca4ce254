/**
 * curl against `serve()`.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import test from "node:test";
import { assertSameBytes, patternBytes } from "../support/bytes.ts";
import { sampleServer } from "../support/sample_server.ts";
import { type Finished, needs, runWell } from "../support/tools.ts";

const SIZE = 1024 * 1024;

/** Runs curl silently, but for errors and what `args` ask for; it reads no settings of this user's. */
function curl(...args: string[]): Promise<Finished> {
  return runWell("curl", ["--disable", "--silent", "--show-error", "--noproxy", "*", ...args]);
}

/** Calls `use` with the name of a file of these bytes. */
async function withFile(bytes: Uint8Array, use: (file: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), "mooring-curl-"));
  try {
    const file = path.join(folder, "upload.bin");
    await writeFile(file, bytes);
    await use(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test("curl says that it re-used the connection for a second URL", needs("curl"), async () => {
  await using sample = await sampleServer();
  const { stdout, stderr } = await curl("--verbose", sample.url("/first"), sample.url("/second"));
  assert.equal(stdout.toString(), "/first/second");
  assert.match(stderr, /Re-using existing/);
  const { accepted, requests, reused } = sample.server.stats();
  assert.deepEqual({ accepted, requests, reused }, { accepted: 1, requests: 2, reused: 1 });
});

test("curl makes three requests on one connection", needs("curl"), async () => {
  await using sample = await sampleServer("exchange");
  const urls = ["/1", "/2", "/3"].map((path) => sample.url(path));
  const { stdout } = await curl("--write-out", " %{http_code} %{num_connects}\n", ...urls);
  assert.equal(stdout.toString(), "/1 200 1\n/2 200 0\n/3 200 0\n");
  assert.equal(sample.server.stats().accepted, 1);
});

test("curl --http1.0 gets a connection for each URL", needs("curl"), async () => {
  await using sample = await sampleServer();
  const { stdout } = await curl(
    "--http1.0",
    "--include",
    sample.url("/1"),
    sample.url("/2"),
    sample.url("/stream"),
  );
  const text = stdout.toString("latin1");
  assert.equal(text.match(/HTTP\/1\.1 200 OK\r$/gm)?.length, 3);
  assert.equal(text.match(/^connection: close\r$/gim)?.length, 3);
  assert.doesNotMatch(text, /^transfer-encoding/im);
  assert.equal(sample.server.stats().accepted, 3);
});

test("curl --http1.0 with keep-alive stays on one connection", needs("curl"), async () => {
  await using sample = await sampleServer();
  const urls = [sample.url("/1"), sample.url("/2")];
  const { stdout } = await curl("--http1.0", "--header", "Connection: keep-alive", "--include", ...urls);
  assert.equal(stdout.toString().match(/^connection: keep-alive\r$/gim)?.length, 2);
  assert.equal(sample.server.stats().accepted, 1);
});

test("curl with Connection: close gets a connection for each URL", needs("curl"), async () => {
  await using sample = await sampleServer();
  const urls = [sample.url("/1"), sample.url("/2")];
  const { stdout } = await curl("--header", "Connection: close", "--include", ...urls);
  assert.equal(stdout.toString().match(/^connection: close\r$/gim)?.length, 2);
  assert.equal(sample.server.stats().accepted, 2);
});

test("curl --data and --data-binary send 1 MiB from a file", needs("curl"), async () => {
  await using sample = await sampleServer();
  // --data leaves line ends and NUL out, so there are none.
  const text = patternBytes(SIZE).map((byte) => 0x20 + byte % 0x5f);
  await withFile(text, async (file) => {
    const { stdout } = await curl("--data", `@${file}`, sample.url("/echo"));
    assertSameBytes(stdout, text);
  });
  const bytes = patternBytes(SIZE);
  await withFile(bytes, async (file) => {
    const { stdout } = await curl("--data-binary", `@${file}`, sample.url("/echo"), sample.url("/echo"));
    assertSameBytes(stdout.subarray(0, SIZE), bytes);
    assertSameBytes(stdout.subarray(SIZE), bytes);
  });
  const { accepted, requests } = sample.server.stats();
  assert.deepEqual({ accepted, requests }, { accepted: 2, requests: 3 });
});

test("curl that expects 100 gets it before it sends", needs("curl"), async () => {
  await using sample = await sampleServer();
  const bytes = patternBytes(SIZE);
  await withFile(bytes, async (file) => {
    const { stdout, stderr } = await curl(
      ...["--verbose", "--header", "Expect: 100-continue", "--expect100-timeout", "600"],
      ...["--data-binary", `@${file}`, sample.url("/echo"), sample.url("/echo")],
    );
    assert.equal(stdout.length, 2 * SIZE);
    assert.equal(stderr.match(/^< HTTP\/1\.1 100 Continue/gm)?.length, 2);
    assert.equal(sample.server.stats().accepted, 1);
  });
});

test("curl --form sends a form with a file", needs("curl"), async () => {
  await using sample = await sampleServer();
  await withFile(patternBytes(SIZE), async (file) => {
    const parts = ["--form", "text=häfen", "--form", `file=@${file}`];
    const { stdout } = await curl(...parts, sample.url("/form"));
    assert.deepEqual(JSON.parse(stdout.toString()), {
      text: "häfen",
      name: "upload.bin",
      size: SIZE,
    });
  });
});

test("curl --upload-file sends with a length, and from a pipe in chunks", needs("curl"), async () => {
  await using sample = await sampleServer();
  const bytes = patternBytes(SIZE);
  await withFile(bytes, async (file) => {
    const { stdout } = await curl("--upload-file", file, sample.url("/echo"));
    assertSameBytes(stdout, bytes);
  });
  const args = ["--disable", "--silent", "--verbose", "--upload-file", "-", sample.url("/echo")];
  const { stdout, stderr } = await runWell("curl", args, bytes);
  assertSameBytes(stdout, bytes);
  assert.match(stderr, /^> Transfer-Encoding: chunked/im);
});

test("curl --head gets no body, and the connection stays", needs("curl"), async () => {
  await using sample = await sampleServer();
  const { stdout } = await curl("--head", sample.url("/1"), sample.url("/2"));
  assert.equal(stdout.toString().match(/^HTTP\/1\.1 200 OK\r$/gm)?.length, 2);
  assert.equal(sample.server.stats().accepted, 1);
});

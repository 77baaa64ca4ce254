/**
 * Uploads and downloads over a network with a round trip of 50 ms: windows are what limits them.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { patternBytes } from "../support/bytes.ts";
import { fileOf, startHttp2 } from "../support/http2_servers.ts";
import { longWire } from "../support/long_wire.ts";
import { needs, runWell } from "../support/tools.ts";

/** One way, in milliseconds. */
const LATENCY = 25;
const SIZE = 16 * 1024 * 1024;
/** In bytes a second. The default window of HTTP/2, 64 KiB, would be 1.3 MB/s. */
const LEAST = 5_000_000;
const BYTES = patternBytes(SIZE);
const uploadFile = fileOf("large.bin", BYTES);

async function measure(
  what: string,
  fetch: (request: Request) => Promise<Response>,
  args: string[],
): Promise<void> {
  await using server = await startHttp2("plain", { fetch });
  await using wire = await longWire(server.port, LATENCY);
  const { stdout } = await runWell("curl", [
    ...["--disable", "--silent", "--show-error", "--noproxy", "*", "--http2-prior-knowledge"],
    ...["--output", "/dev/null", "--write-out", `%{http_code} %{time_total} %{speed_${what}}`, ...args],
    `http://127.0.0.1:${wire.port}/`,
  ]);
  const [status, seconds, speed] = stdout.toString().split(" ").map(Number);
  assert.equal(status, 200);
  console.log(
    `figures: HTTP/2, ${what} of 16 MiB at a round trip of ${2 * LATENCY} ms: ` +
      `${(speed / 1e6).toFixed(1)} MB/s, ${seconds.toFixed(2)} s`,
  );
  assert.ok(speed > LEAST, `${speed} bytes a second`);
}

test("an upload of 16 MiB from far away is not held up by the window", needs("curl"), async () => {
  const fetch = async (request: Request): Promise<Response> => {
    let count = 0;
    for await (const part of request.body as unknown as AsyncIterable<Uint8Array>) count += part.length;
    assert.equal(count, SIZE);
    return new Response("taken");
  };
  await measure("upload", fetch, ["--upload-file", uploadFile]);
});

test("a download of 16 MiB to far away is not held up by the server", needs("curl"), async () => {
  await measure("download", () => Promise.resolve(new Response(BYTES)), []);
});

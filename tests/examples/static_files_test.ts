/**
 * The example of static files: whole files, parts of them, conditions, and paths that lead out of the directory.
 */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { connectTcp } from "../support/byte_streams.ts";
import { assertSameBytes, patternBytes } from "../support/bytes.ts";
import { type Example, startExample } from "../support/example.ts";
import { WireClient, type WireResponse } from "../support/wire_client.ts";

const folder = mkdtempSync(join(tmpdir(), "mooring-files-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const root = join(folder, "public");
mkdirSync(join(root, "sub"), { recursive: true });
writeFileSync(join(folder, "secret.txt"), "secret");
writeFileSync(join(root, "digits.txt"), "0123456789");
writeFileSync(join(root, "empty.html"), "");
writeFileSync(join(root, ".hidden"), "hidden");
writeFileSync(join(root, "grün & blau.json"), "{}");
const large = patternBytes(3 * 1024 * 1024);
writeFileSync(join(root, "large.bin"), large);
writeFileSync(join(root, "sub", "index.html"), "<p>index</p>");
symlinkSync("digits.txt", join(root, "link.txt"));

/** A client of the example. */
async function connect(example: Example): Promise<WireClient & { ask: Ask }> {
  const client = new WireClient(await connectTcp(example.port));
  const ask: Ask = async (path, fields = {}, method = "GET") => {
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`).join("");
    await client.send(`${method} ${path} HTTP/1.1\r\nHost: a.example\r\n${lines}\r\n`);
    return await client.response(method === "HEAD");
  };
  return Object.assign(client, { ask });
}

type Ask = (path: string, fields?: Record<string, string>, method?: string) => Promise<WireResponse>;

async function serving(use: (ask: Ask, client: WireClient) => Promise<void>): Promise<void> {
  await using example = await startExample("static_files", 0, { ROOT: root });
  using client = await connect(example);
  await use(client.ask, client);
  client.end();
  await example.stop();
}

test("examples/static_files serves whole files, with type, length and validators", async () => {
  await serving(async (ask) => {
    const { status, headers, text } = await ask("/digits.txt");
    assert.equal(status, 200);
    assert.equal(text, "0123456789");
    assert.equal(headers.get("content-type"), "text/plain; charset=utf-8");
    assert.equal(headers.get("content-length"), "10");
    assert.equal(headers.get("accept-ranges"), "bytes");
    assert.match(headers.get("cache-control")!, /max-age=60/);
    assert.match(headers.get("etag")!, /^(W\/)?".+"$/);
    assert.ok(Date.parse(headers.get("last-modified")!) <= Date.now());
    const head = await ask("/digits.txt", {}, "HEAD");
    assert.equal(head.status, 200);
    assert.equal(head.headers.get("content-length"), "10");
    assert.equal(head.headers.get("etag"), headers.get("etag"));
    assertSameBytes((await ask("/large.bin")).body, large);
    assert.equal((await ask("/empty.html")).headers.get("content-length"), "0");
    assert.equal((await ask("/link.txt")).text, "0123456789");
    assert.equal((await ask("/gr%C3%BCn%20%26%20blau.json")).text, "{}");
    assert.equal((await ask("/sub/")).text, "<p>index</p>");
    const moved = await ask("/sub");
    assert.deepEqual([moved.status, moved.headers.get("location")], [301, "/sub/"]);
  });
});

test("examples/static_files serves ranges", async () => {
  await serving(async (ask) => {
    const etag = (await ask("/digits.txt")).headers.get("etag")!;
    const modified = (await ask("/digits.txt")).headers.get("last-modified")!;
    const rows: [range: string, status: number, text: string, contentRange?: string][] = [
      ["bytes=0-0", 206, "0", "bytes 0-0/10"],
      ["bytes=2-5", 206, "2345", "bytes 2-5/10"],
      ["bytes=7-", 206, "789", "bytes 7-9/10"],
      ["bytes=-3", 206, "789", "bytes 7-9/10"],
      ["bytes=5-99", 206, "56789", "bytes 5-9/10"],
      ["lines=1-2", 200, "0123456789"],
    ];
    for (const [range, status, text, contentRange] of rows) {
      const part = await ask("/digits.txt", { range });
      assert.deepEqual([part.status, part.text, part.headers.get("content-range")], [
        status,
        text,
        contentRange,
      ]);
    }
    const beyond = await ask("/digits.txt", { range: "bytes=10-" });
    assert.deepEqual([beyond.status, beyond.headers.get("content-range")], [416, "bytes */10"]);
    const part = await ask("/large.bin", { range: "bytes=1000000-2999999" });
    assert.equal(part.status, 206);
    assertSameBytes(part.body, large.subarray(1_000_000, 3_000_000));
    // A part of another version would be of no use.
    assert.equal((await ask("/digits.txt", { range: "bytes=0-0", "if-range": modified })).status, 206);
    assert.equal((await ask("/digits.txt", { range: "bytes=0-0", "if-range": '"other"' })).status, 200);
    assert.ok(etag);
  });
});

test("examples/static_files answers conditional requests", async () => {
  await serving(async (ask) => {
    const { headers } = await ask("/digits.txt");
    const [etag, modified] = [headers.get("etag")!, headers.get("last-modified")!];
    for (const condition of [{ "if-none-match": etag }, { "if-modified-since": modified }]) {
      const { status, body, headers } = await ask("/digits.txt", condition as Record<string, string>);
      assert.deepEqual([status, body.length, headers.get("etag")], [304, 0, etag]);
    }
    assert.equal((await ask("/digits.txt", { "if-none-match": '"other"' })).status, 200);
    assert.equal((await ask("/digits.txt", { "if-match": '"other"' })).status, 412);
    const early = new Date(0).toUTCString();
    assert.equal((await ask("/digits.txt", { "if-modified-since": early })).status, 200);
    assert.equal((await ask("/digits.txt", { "if-unmodified-since": early })).status, 412);
  });
});

test("examples/static_files gives nothing from elsewhere", async () => {
  await serving(async (ask) => {
    for (
      const path of [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/sub/..%2f..%2fsecret.txt",
        "/..%5csecret.txt",
        "/.hidden",
        "/nothing",
        "/digits.txt%00",
        "/%",
        "//secret.txt",
      ]
    ) {
      const { status, text } = await ask(path);
      assert.ok([400, 403, 404].includes(status), `${path}: ${status}`);
      assert.doesNotMatch(text, /secret$|hidden$/);
    }
    const refused = await ask("/digits.txt", { "content-length": "0" }, "POST");
    assert.deepEqual([refused.status, refused.headers.get("allow")], [405, "GET, HEAD"]);
  });
});

test("examples/static_files goes on when a client leaves within a file", async () => {
  await using example = await startExample("static_files", 0, { ROOT: root });
  for (let i = 0; i < 5; i++) {
    const client = new WireClient(await connectTcp(example.port));
    await client.send("GET /large.bin HTTP/1.1\r\nHost: a.example\r\n\r\n");
    await client.readUntil("\r\n\r\n");
    client.reset();
  }
  using client = await connect(example);
  assert.equal((await client.ask("/digits.txt")).text, "0123456789");
  client.end();
  await example.stop();
});

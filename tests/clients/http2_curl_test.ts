/**
 * curl over HTTP/2: with prior knowledge, and by ALPN in TLS; and over HTTP/1.1 on the same port.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { assertSameBytes, patternBytes } from "../support/bytes.ts";
import { AUTHORITY_FILE, fileOf, LARGE, startHttp2, type Way, WAYS } from "../support/http2_servers.ts";
import { type Finished, needs, runWell } from "../support/tools.ts";

const UPLOAD = patternBytes(LARGE);
const uploadFile = fileOf("upload.bin", UPLOAD);

/** What curl is told for each URL, or each that follows `--next`. */
function options(way: Way): string[] {
  const how = way === "TLS" ? ["--cacert", AUTHORITY_FILE] : ["--http2-prior-knowledge"];
  return ["--silent", "--show-error", "--noproxy", "*", ...how];
}

/** Runs curl over HTTP/2; `args` may ask for another version. */
function curl(way: Way, ...args: string[]): Promise<Finished> {
  return runWell("curl", ["--disable", ...options(way), ...args]);
}

/** curl 7.88 fails on the second request of a connection with prior knowledge, to any server. */
const REUSES: readonly Way[] = ["TLS"];

/** Parallel transfers of curl. */
const STREAMS = 100;

for (const way of REUSES) {
  test(`curl (${way}) gets and posts on one connection`, needs("curl"), async () => {
    await using server = await startHttp2(way);
    const written = ["--write-out", " %{http_version} %{http_code} %{num_connects}\n"];
    const { stdout } = await curl(
      way,
      ...[...written, server.at("/a"), server.at("/b")],
      ...["--next", ...options(way), ...written, "--data", "text", server.at("/echo")],
      ...["--next", ...options(way), ...written, "--data", "", server.at("/echo")],
    );
    assert.equal(stdout.toString(), "GET /a 2 200 1\nGET /b 2 200 0\ntext 2 200 0\n 2 200 0\n");
    const { accepted, requests, reused, closed } = server.stats();
    assert.deepEqual({ accepted, requests, reused }, { accepted: 1, requests: 4, reused: 3 });
    assert.equal(closed.protocol_error, undefined);
  });

  test(`curl (${way}) makes ${STREAMS} requests in parallel on one connection`, needs("curl"), async () => {
    await using server = await startHttp2(way);
    const { stdout } = await curl(
      way,
      ...["--parallel", "--parallel-max", String(STREAMS), "--write-out", "%{http_version} %{http_code}\n"],
      ...["--output", "/dev/null", server.at(`/[1-${STREAMS}]`)],
    );
    assert.equal(stdout.toString(), "2 200\n".repeat(STREAMS));
    const { accepted, requests } = server.stats();
    assert.deepEqual({ accepted, requests }, { accepted: 1, requests: STREAMS });
  });
}

for (const way of WAYS) {
  test(`curl (${way}) gets, posts and looks at heads`, needs("curl"), async () => {
    await using server = await startHttp2(way);
    const written = ["--write-out", " %{http_version} %{http_code}"];
    const get = await curl(way, ...written, server.at("/a"));
    assert.equal(get.stdout.toString(), "GET /a 2 200");
    for (const text of ["text", ""]) {
      const post = await curl(way, ...written, "--data", text, server.at("/echo"));
      assert.equal(post.stdout.toString(), `${text} 2 200`);
    }
    const head = await curl(way, "--head", server.at("/c"));
    assert.match(head.stdout.toString(), /^HTTP\/2 200 \r\n(?:\S+: .*\r\n)+\r\n$/);
    assert.match(head.stdout.toString(), /\r\nx-path: \/c\r\n/);
    assert.match(head.stdout.toString(), /\r\ncontent-length: 7\r\n/);
  });

  test(`curl (${way}) sends and gets 5 MB`, needs("curl"), async () => {
    await using server = await startHttp2(way);
    const { stdout } = await curl(way, "--data-binary", `@${uploadFile}`, server.at("/echo"));
    assertSameBytes(stdout, UPLOAD);
    const put = await curl(way, "--upload-file", uploadFile, server.at("/length"));
    assert.equal(put.stdout.toString(), String(LARGE));
    const large = await curl(way, server.at("/large"));
    assertSameBytes(large.stdout, new Uint8Array(LARGE).fill(0x61));
  });

  test(`curl (${way}) sends a body of unknown length from a pipe`, needs("curl"), async () => {
    await using server = await startHttp2(way);
    const how = way === "TLS" ? ["--cacert", AUTHORITY_FILE] : ["--http2-prior-knowledge"];
    const args = ["--disable", "--silent", "--verbose", ...how, "--upload-file", "-", server.at("/echo")];
    const { stdout, stderr } = await runWell("curl", args, UPLOAD);
    assertSameBytes(stdout, UPLOAD);
    assert.match(stderr, /^> PUT \/echo HTTP\/2\r?$/m);
    assert.doesNotMatch(stderr, /^> (content-length|transfer-encoding)/im);
  });

  test(`curl (${way}) that expects 100 gets it before it sends`, needs("curl"), async () => {
    await using server = await startHttp2(way);
    const { stdout, stderr } = await curl(
      way,
      ...["--verbose", "--header", "Expect: 100-continue", "--expect100-timeout", "600"],
      ...["--data-binary", `@${uploadFile}`, server.at("/echo")],
    );
    assertSameBytes(stdout, UPLOAD);
    assert.equal(stderr.match(/^< HTTP\/2 100 /gm)?.length, 1);
  });

  for (const [path, expected] of [["/refuse", "403"], ["/echo", "413"]]) {
    const options = path === "/echo" ? { maxBodyBytes: 1_000_000 } : {};
    const sending = ["--data-binary", `@${uploadFile}`, "--output", "/dev/null"];

    test(`curl (${way}) that expects 100 does not send what gets ${expected}`, needs("curl"), async () => {
      await using server = await startHttp2(way, options);
      const { stdout, stderr } = await curl(
        way,
        ...["--verbose", "--header", "Expect: 100-continue", "--expect100-timeout", "600", ...sending],
        ...["--write-out", "%{http_code} %{size_upload}", server.at(path)],
      );
      assert.equal(stdout.toString(), `${expected} 0`);
      assert.doesNotMatch(stderr, /HTTP\/2 100/);
    });

    test(
      `curl (${way}) that does not wait gets ${expected} to an upload that is not read`,
      needs("curl"),
      async () => {
        await using server = await startHttp2(way, options);
        const { stdout } = await curl(
          way,
          ...["--header", "Expect:", ...sending, "--write-out", "%{http_code}", server.at(path)],
        );
        assert.equal(stdout.toString(), expected);
      },
    );
  }

  test(`curl (${way}) gets trailers`, needs("curl"), async () => {
    await using server = await startHttp2(way);
    const { stdout } = await curl(way, "--include", "--data", "12345", server.at("/trailers"));
    assert.match(stdout.toString(), /^HTTP\/2 200 \r\n[^]*\r\n\r\n\{\}x-length: 5\r\nx-last: yes\r\n$/);
  });

  test(
    `curl (${way}) speaks HTTP/1.1 on the same port, and HTTP/2 where nothing else is`,
    needs("curl"),
    async () => {
      await using both = await startHttp2(way);
      await using alone = await startHttp2(way, { http1: false });
      const written = ["--write-out", " %{http_version}"];
      const old = await curl(way, "--http1.1", ...written, both.at("/old"));
      assert.equal(old.stdout.toString(), "GET /old 1.1");
      const upload = await curl(way, "--http1.1", "--data-binary", `@${uploadFile}`, both.at("/echo"));
      assertSameBytes(upload.stdout, UPLOAD);
      for (const server of [both, alone]) {
        const { stdout } = await curl(way, ...written, server.at("/new"));
        assert.equal(stdout.toString(), "GET /new 2");
      }
      const refused = curl(way, "--http1.1", ...written, alone.at("/old"));
      if (way === "TLS") await assert.rejects(refused, /alert no application protocol/);
      else assert.match((await refused).stdout.toString(), /^505 .*"h2".* 1\.1$/s);
      assert.equal(alone.stats().requests, 1);
    },
  );
}

test("curl that asks for an upgrade to h2c is answered over HTTP/1.1", needs("curl"), async () => {
  await using server = await startHttp2("plain");
  const { stdout } = await runWell("curl", [
    ...["--disable", "--silent", "--show-error", "--noproxy", "*", "--http2"],
    ...["--write-out", " %{http_version}\n", server.at("/a"), server.at("/b")],
  ]);
  assert.equal(stdout.toString(), "GET /a 1.1\nGET /b 1.1\n");
});

/** Option "trustProxy" over real sockets, as a proxy on this machine uses them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServeOptions } from "../../mod.ts";
import { connectTcp, connectTls, connectUnix } from "../support/byte_streams.ts";
import { FIRST } from "../support/certificates.ts";
import { inTime } from "../support/deadline.ts";
import { freshPath, start } from "../support/listening.ts";
import { LOCAL } from "../support/local_servers.ts";
import { get } from "../support/memory.ts";
import { type ByteStream, WireClient } from "../support/wire_client.ts";
import type { ForwardedField } from "../../src/api/proxies.ts";
import type { NetAddr } from "../../src/api/transport.ts";

const FIELDS = [
  "X-Forwarded-For: 192.0.2.9, 192.0.2.1",
  "X-Forwarded-Proto: https",
  "X-Forwarded-Host: b.example",
];

const NAMED: readonly ForwardedField[] = ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"];

/** What a handler of each kind is told, where the fields come by the connection that `connect` makes. */
async function told(
  options: ServeOptions,
  connect: (port: number) => Promise<ByteStream>,
): Promise<string[]> {
  const answers: string[] = [];
  const handlers: Pick<ServeOptions, "fetch" | "exchange">[] = [
    {
      fetch: ({ url }, { remoteAddr }) => new Response(`${url} ${(remoteAddr as NetAddr).hostname}`),
    },
    {
      exchange: (x) =>
        x.respond(200, {}, `${x.scheme}://${x.authority}${x.target} ${(x.remoteAddr as NetAddr).hostname}`),
    },
  ];
  for (const handler of handlers) {
    await using server = await start({ ...options, ...handler });
    using client = new WireClient(await connect((server.addr as NetAddr).port));
    await client.send(get("/c", "Connection: close", ...FIELDS));
    answers.push((await inTime(client.response(), "the answer")).text);
    await server.close();
  }
  return answers;
}

const BELIEVED = Array(2).fill("https://b.example/c 192.0.2.1");

test("a proxy on this machine is believed where its address is allowed", async () => {
  const trustProxy = { allow: ["127.0.0.1"], fields: NAMED };
  assert.deepEqual(await told({ ...LOCAL, trustProxy }, connectTcp), BELIEVED);
  assert.deepEqual(await told({ ...LOCAL, trustProxy, tls: FIRST }, connectTls), BELIEVED);
  assert.deepEqual(
    await told({ ...LOCAL, trustProxy: { allow: ["10.0.0.0/8"] } }, connectTcp),
    Array(2).fill("http://a.example/c 127.0.0.1"),
  );
});

test("an IPv4 proxy is known by its IPv4 address on a server of both kinds", async () => {
  assert.deepEqual(
    await told({ port: 0, trustProxy: { allow: ["127.0.0.1"], fields: NAMED } }, connectTcp),
    BELIEVED,
  );
});

test('a proxy on a Unix socket is believed where "unix" is allowed', async () => {
  for (const allow of ["unix", "127.0.0.1"]) {
    const path = freshPath();
    const server = await start({
      path,
      trustProxy: { allow: [allow] },
      exchange: (x) => x.respond(200, {}, `${x.scheme} ${x.remoteAddr?.transport}`),
    });
    using client = new WireClient(await connectUnix(path));
    await client.send(get("/", "Connection: close", ...FIELDS));
    const { text } = await inTime(client.response(), "the answer");
    assert.equal(text, allow === "unix" ? "https tcp" : "http unix");
    await server.close();
  }
});

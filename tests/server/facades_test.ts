/** What users hold has the documented members and no others, so that nothing is built on the engine's internals. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createServer, type Exchange, type FetchInfo, type Server, type ServerOptions } from "../../mod.ts";
import { MemoryTransport } from "../../testing.ts";

/** The keys of an object and of its prototypes, up to `Object.prototype`. */
function keysOf(object: object): string[] {
  const keys = new Set<string>();
  for (let level = object; level !== Object.prototype; level = Object.getPrototypeOf(level)) {
    for (const key of Reflect.ownKeys(level)) keys.add(String(key));
  }
  keys.delete("constructor");
  return [...keys].sort();
}

/** The members of an interface, as its source names them. */
function membersOf(file: string, name: string): string[] {
  const built = import.meta.url.endsWith(".js");
  const source = readFileSync(
    new URL(`../../${built ? "../" : ""}src/api/${file}.ts`, import.meta.url),
    "utf8",
  );
  const body = source.slice(source.indexOf(`export interface ${name} `)).split("\n}\n")[0];
  const members = body.matchAll(/^ {2}(?:readonly )?(?:\[Symbol\.(\w+)\]|(\w+))\??[(:]/gm);
  return Array.from(members, ([, symbol, member]) => symbol ? String(Reflect.get(Symbol, symbol)) : member)
    .sort();
}

const GET = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";

/** Sends one request to a server of `options`. */
function ask(options: ServerOptions): Server {
  const server = createServer(options);
  const client = new MemoryTransport();
  server.accept(client);
  client.send(GET);
  return server;
}

test("an exchange handler's exchange and its connection have the documented members alone", async () => {
  let seen: Exchange | undefined;
  const exchange = (x: Exchange): void => {
    seen = x;
    assert.deepEqual(keysOf(x.connection), membersOf("transport", "Connection"));
    x.respond(200);
  };
  await ask({ exchange }).close();
  assert.deepEqual(keysOf(seen!), membersOf("exchange", "Exchange"));
});

test("a fetch handler's info and its connection have the documented members alone", async () => {
  let seen: FetchInfo | undefined;
  const fetch = (_request: Request, info: FetchInfo): Response => {
    seen = info;
    return new Response();
  };
  await ask({ fetch }).close();
  assert.deepEqual(keysOf(seen!), membersOf("fetch", "FetchInfo"));
  assert.deepEqual(keysOf(seen!.connection), membersOf("transport", "Connection"));
});

test("what upgrade() and chunks() give has the documented members alone", async () => {
  const tunnels: object[] = [];
  const upgrade = { protocol: "echo" };
  for (
    const options of [
      { exchange: (x: Exchange) => void tunnels.push(x.upgrade(upgrade)) },
      {
        fetch: (_request: Request, info: FetchInfo) => {
          const upgraded = info.upgrade(upgrade);
          const { response } = upgraded;
          Reflect.deleteProperty(upgraded, "response");
          tunnels.push(upgraded);
          return response;
        },
      },
    ]
  ) {
    const server = createServer(options);
    const client = new MemoryTransport();
    server.accept(client);
    client.send("GET / HTTP/1.1\r\nHost: a.example\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n");
    await server.close();
  }
  assert.equal(tunnels.length, 2);
  for (const tunnel of tunnels) assert.deepEqual(keysOf(tunnel), membersOf("exchange", "Upgraded"));

  let chunks: object | undefined;
  await ask({ exchange: (x) => void (chunks = x.chunks()) }).close();
  assert.deepEqual(keysOf(chunks!), ["Symbol(Symbol.asyncIterator)", "next", "return"]);
});

test("onStateChange and onRefused get the connection that handlers get", async () => {
  const seen = new Set<unknown>();
  const server = createServer({
    exchange: (x) => {
      seen.add(x.connection);
      x.respond(200);
    },
    onStateChange: (connection) => void seen.add(connection),
    onRefused: (_error, connection) => void seen.add(connection),
  });
  const client = new MemoryTransport();
  seen.add(server.accept(client));
  client.send(`${GET}malformed\r\n\r\n`);
  assert.equal(seen.size, 1);
  await server.close();
});

test("a server has the documented members alone", async () => {
  const server = createServer({ exchange: () => {} });
  assert.deepEqual(keysOf(server), membersOf("server", "Server"));
  await server.close();
});

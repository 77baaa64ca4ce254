/**
 * The scheme of `request.url` is the connection's (RFC 9110 §4.2.2): a target in absolute form cannot claim another.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryTransport } from "../../src/adapters/memory.ts";
import { HttpServer } from "../../src/server/http_server.ts";
import { connectionSettings } from "../../src/options/settings.ts";
import { FakeClock } from "../support/fake_clock.ts";

/** `request.url` and its Host, where a connection of this kind asks for `target`. */
function told(isSecure: boolean, target: string): string[] {
  let urls: string[] = [];
  const options = {
    fetch(request: Request): Response {
      urls = [request.url, request.headers.get("host")!];
      return new Response();
    },
  };
  const server = new HttpServer(options, connectionSettings(options), new FakeClock());
  const client = new MemoryTransport();
  Object.defineProperty(client, "isSecure", { value: isSecure });
  server.accept(client);
  client.send(`GET ${target} HTTP/1.1\r\nHost: a.example\r\n\r\n`);
  return urls;
}

test("request.url of an absolute target has the connection's scheme and the target's host", () => {
  assert.deepEqual(told(false, "https://b.example/c?d"), ["http://b.example/c?d", "a.example"]);
  assert.deepEqual(told(false, "HTTPS://b.example"), ["http://b.example/", "a.example"]);
  assert.deepEqual(told(false, "http://b.example/c"), ["http://b.example/c", "a.example"]);
  assert.deepEqual(told(true, "http://b.example/c"), ["https://b.example/c", "a.example"]);
  assert.deepEqual(told(true, "https://b.example/c"), ["https://b.example/c", "a.example"]);
});

test("request.url of a path has the connection's scheme, whatever URL is in its query", () => {
  assert.deepEqual(told(false, "/c?https://b.example/"), [
    "http://a.example/c?https://b.example/",
    "a.example",
  ]);
  assert.deepEqual(told(true, "/c?http://b.example/"), [
    "https://a.example/c?http://b.example/",
    "a.example",
  ]);
});

/**
 * A browser's WebSocket against the portable example, over a connection that the browser upgrades itself.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { serve } from "../../mod.ts";
import { openPage } from "../support/browser.ts";
import { startExample } from "../support/example.ts";
import { needs } from "../support/tools.ts";

const PAGE = `<!doctype html><title>talk</title><link rel="icon" href="data:,">`;

/** What the page sends, and what it gets back. */
interface Talk {
  readonly texts: string[];
  readonly bytes: number;
  readonly same: boolean;
  readonly code: number;
}

/** On the page: echoes of texts, of bytes in many frames, and a close with a code. */
async function talk(url: string): Promise<Talk> {
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  const next = (): Promise<MessageEvent> =>
    new Promise((resolve, reject) => {
      socket.addEventListener("message", resolve, { once: true });
      socket.addEventListener("close", () => reject(new Error("closed too early")), { once: true });
    });
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", () => reject(new Error("no WebSocket")));
  });
  const texts: string[] = [];
  for (const text of ["hello", "", "Grüße, 世界 🌊"]) {
    const answer = next();
    socket.send(text);
    texts.push((await answer).data);
  }
  const sent = Uint8Array.from({ length: 300_000 }, (_, i) => i * 7 % 251);
  const answer = next();
  socket.send(sent);
  const bytes = new Uint8Array((await answer).data);
  const closed = new Promise<CloseEvent>((resolve) => socket.addEventListener("close", resolve));
  socket.close(4001, "done");
  return {
    texts,
    bytes: bytes.length,
    same: bytes.every((byte, i) => byte === sent[i]),
    code: (await closed).code,
  };
}

test("a browser's WebSocket talks to examples/websocket", needs("chromium"), async () => {
  await using example = await startExample("websocket");
  // A browser lets only a page of this machine talk to it.
  const html = { "content-type": "text/html" };
  const server = await serve({ port: 0, hostname: "127.0.0.1", exchange: (x) => x.respond(200, html, PAGE) });
  await using _ = { [Symbol.asyncDispose]: () => server.close() };
  await using browser = await openPage(server.url);
  const told = await browser.page.evaluate(talk, `ws://127.0.0.1:${example.port}/`);
  assert.deepEqual(told, {
    texts: ["hello", "", "Grüße, 世界 🌊"],
    bytes: 300_000,
    same: true,
    code: 4001,
  });
  browser.assertNoProblems();
});

/**
 * React's streaming renderer in each of its builds: the shell comes at once, what is suspended when it is there.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createElement as h, type ReactNode, Suspense, use } from "react";
import * as server from "react-dom/server";
import * as edge from "react-dom/server.edge";
import { open, testClientLeaves } from "../support/frameworks/answers.ts";
import { onMooring } from "../support/frameworks/servers.ts";
import { inTime } from "../support/deadline.ts";

/** The one that the runtime chooses by itself, and that for workers. The browser's keeps a process of Node open. */
const builds: readonly [name: string, render: typeof server.renderToReadableStream][] = [
  ["react-dom/server", server.renderToReadableStream],
  ["react-dom/server.edge", edge.renderToReadableStream],
];

const html = { "content-type": "text/html; charset=utf-8" };

function Later({ text }: { text: Promise<string> }): ReactNode {
  return h("p", null, use(text));
}

function Page({ text }: { text: Promise<string> }): ReactNode {
  return h(
    "html",
    null,
    h("body", null, h("h1", null, "shell"), h(Suspense, { fallback: "waiting" }, h(Later, { text }))),
  );
}

for (const [name, render] of builds) {
  test(`React: ${name} sends the shell, and what was suspended behind it`, async () => {
    let resolve!: (text: string) => void;
    const text = new Promise<string>((settle) => resolve = settle);
    await using mooring = await onMooring(async () =>
      new Response(await render(h(Page, { text })), { headers: html })
    );
    using client = await open(mooring.port, { path: "/", headers: { connection: "close" } });
    const shell = await inTime(client.readUntil("waiting"), "the shell");
    assert.match(shell, /^HTTP\/1\.1 200 OK\r\n.*text\/html.*<h1>shell<\/h1>/s);
    assert.doesNotMatch(shell, /grün/);
    resolve("grün");
    const rest = new TextDecoder().decode(await inTime(client.readToEnd(), "the rest"));
    assert.match(rest, /<p>grün<\/p>.*<script>/s);
    assert.deepEqual(mooring.errors, []);
  });

  test(`React: ${name} sends a page as a whole once all is ready`, async () => {
    await using mooring = await onMooring(async () => {
      const stream = await render(h(Page, { text: Promise.resolve("grün") }));
      await stream.allReady;
      return new Response(stream, { headers: html });
    });
    using client = await open(mooring.port, { path: "/" });
    const page = await inTime(client.response(), "the page");
    assert.match(page.text, /^<!DOCTYPE html><html>.*<p>grün<\/p>/);
    assert.doesNotMatch(page.text, /waiting/);
  });

  test(`React: ${name} renders no further where the shell fails`, async () => {
    const Broken = (): ReactNode => {
      throw new Error("broken");
    };
    await using mooring = await onMooring(async () => {
      try {
        return new Response(await render(h(Broken), { onError: () => {} }));
      } catch (error) {
        return new Response(`caught ${(error as Error).message}`, { status: 500 });
      }
    });
    using client = await open(mooring.port, { path: "/" });
    const { status, text } = await client.response();
    assert.deepEqual([status, text], [500, "caught broken"]);
  });

  testClientLeaves(
    `React: ${name} stops`,
    () => {
      let told = false;
      const text = new Promise<string>(() => {});
      const onError = (): void => void (told = true);
      return {
        fetch: async (request) => {
          const stream = await render(h(Page, { text }), { signal: request.signal, onError });
          return new Response(stream, { headers: html });
        },
        told: () => told,
      };
    },
    { path: "/" },
    "waiting",
  );
}

/**
 * A browser's EventSource: events come as they are written, one after the other on one response, and the browser
 * comes back with the last event's id when the response ends.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { serve } from "../../mod.ts";
import { Deferred } from "../../src/core/deferred.ts";
import { openPage } from "../support/browser.ts";
import { inTime } from "../support/deadline.ts";
import { needs } from "../support/tools.ts";

/** Notes each event on the page, and tells the server of it. */
const PAGE = `<!doctype html><title>events</title><link rel="icon" href="data:,"><ol></ol><script>
const source = new EventSource("/events");
source.addEventListener("count", async ({ data, lastEventId }) => {
  const item = document.createElement("li");
  item.textContent = lastEventId + ":" + data;
  document.querySelector("ol").append(item);
  if (data === "last") source.close();
  await fetch("/seen", { method: "POST", body: data });
});
</script>`;

test(
  "a browser's EventSource gets each event as it is written, and comes back",
  needs("chromium"),
  async () => {
    const seen: string[] = [];
    let seenOne = new Deferred<void>();
    const streams: (string | null)[] = [];
    const text = new TextEncoder();

    /** Events that each wait until the page has seen the one before: none of them is held back. */
    async function* events(lastId: string | null): AsyncGenerator<Uint8Array<ArrayBuffer>> {
      yield text.encode("retry: 10\n\n");
      const first = lastId === null ? 1 : Number(lastId) + 1;
      for (let id = first; id < first + 3; id++) {
        seenOne = new Deferred();
        yield text.encode(`event: count\nid: ${id}\ndata: ${id === 6 ? "last" : `event ${id}`}\n\n`);
        await inTime(seenOne.promise, `the page to see event ${id}`);
      }
    }

    const server = await serve({
      port: 0,
      hostname: "127.0.0.1",
      async fetch(request) {
        const { pathname } = new URL(request.url);
        if (pathname === "/") return new Response(PAGE, { headers: { "content-type": "text/html" } });
        if (pathname === "/seen") {
          seen.push(await request.text());
          seenOne.resolve();
          return new Response(null, { status: 204 });
        }
        const lastId = request.headers.get("last-event-id");
        streams.push(lastId);
        const pieces = events(lastId);
        const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
          async pull(controller) {
            const { done, value } = await pieces.next();
            if (done) controller.close();
            else controller.enqueue(value);
          },
        });
        return new Response(body, { headers: { "content-type": "text/event-stream" } });
      },
    });
    try {
      await using opened = await openPage(server.url);
      await opened.page.locator("li:nth-child(6)").waitFor();
      assert.deepEqual(await opened.page.locator("li").allTextContents(), [
        "1:event 1",
        "2:event 2",
        "3:event 3",
        "4:event 4",
        "5:event 5",
        "6:last",
      ]);
      assert.deepEqual(
        seen,
        ["event 1", "event 2", "event 3", "event 4", "event 5", "last"].slice(0, seen.length),
      );
      assert.deepEqual(streams, [null, "3"]);
      // The page ends the last response by itself, which is no failure.
      assert.ok(server.stats().reused > 0);
    } finally {
      await server.close();
    }
  },
);

/**
 * The inspector example's page, in a real browser: it shows what the events tell, a row for each connection, and its
 * stream of events ends with it.
 */
/// <reference lib="dom" />
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Locator, Page } from "playwright-core";
import { openPage } from "../support/browser.ts";
import { startExample } from "../support/example.ts";
import { get } from "../support/memory.ts";
import { needs } from "../support/tools.ts";
import type { WireClient } from "../support/wire_client.ts";
import { ask, connect, Events, find, type Snapshot, type Total } from "./inspector_events.ts";

test("the inspector's page shows a row for each connection", needs("chromium"), async () => {
  await using example = await startExample("inspector");
  await using browser = await openPage(example.url("/"));
  const { page } = browser;
  assert.equal(await page.title(), "Connection inspector · Mooring");
  const own = page.locator("#connections tr", { hasText: "this page" });
  assert.equal(await textOf(own, "state"), "active");
  assert.equal(await textOf(own, "left"), "–");

  using client = await connect(example);
  const { connection } = await ask(client, "/fast");
  await ask(client, "/fast");
  await ask(client, "/fast");
  const row = page.locator(`#connections tr[data-id="${connection}"]`);
  // A snapshot may come between the requests.
  await row.locator("td").nth(2).filter({ hasText: /^3$/ }).waitFor();
  await row.and(page.locator("[data-state=idle]")).waitFor();
  assert.equal(await textOf(row, "state"), "idle");
  assert.match(await textOf(row, "peer"), /^127\.0\.0\.1:\d+$/);

  // It counts down, in the same row: what is selected or looked at stays.
  await row.evaluate((tr) => tr.dataset.marked = "yes");
  const left = await secondsLeft(row);
  assert.ok(left > 0 && left <= 20, `${left} s left`);
  await page.waitForFunction(
    ([id, left]) => parseFloat(document.querySelector(`tr[data-id="${id}"] .left`)!.textContent) < left - 1,
    [connection, left],
  );
  const width = await row.locator(".bar span").evaluate((bar) => parseFloat(bar.style.inlineSize));
  assert.ok(width > 0 && width < left / 20 * 100, `a bar of ${width} %`);
  assert.equal(await row.getAttribute("data-marked"), "yes");

  client.reset();
  await row.waitFor({ state: "detached" });
  assert.match(await page.locator("#closed").innerText(), /client closed\s+1$/);
  browser.assertNoProblems();
});

test("the inspector's page shows totals, and draws the reuse ratio", needs("chromium"), async () => {
  await using example = await startExample("inspector");
  using watching = await Events.watch(example);
  await using browser = await openPage(example.url("/"));
  const { page } = browser;
  const asTold = ({ stats }: Snapshot): Promise<Shown | false> => shownAs(page, stats);
  const before = await watching.until(asTold);

  using client = await connect(example);
  for (let i = 0; i < 20; i++) await ask(client, "/fast");
  const after = await watching.until(async (snapshot) =>
    snapshot.stats.requests >= before.requests + 20 && await asTold(snapshot)
  );
  assert.ok(after.reused >= before.reused + 19);
  assert.ok(after.accepted > before.accepted);
  assert.ok(after.reuseRatio > before.reuseRatio);

  // The chart has a point for each snapshot, the newest on the right, and moves to the left.
  assert.ok(after.points.length > before.points.length);
  const times = after.points.map(({ x }) => x);
  assert.equal(times.at(-1), 100);
  // The first snapshot comes with the stream, and the next may follow in the same hundredth of the chart's width.
  assert.ok(times[1] >= times[0]);
  assert.ok(times.slice(2).every((x, i) => x > times[i + 1]));
  assert.ok(times[0] < 100 && times[0] > 0);
  const [first, last] = [after.points[0], after.points.at(-1)!].map(({ y }) => y);
  assert.ok(last < first, "the ratio grew");
  const label = await page.locator("#chart").getAttribute("aria-label");
  assert.match(label!, /^In the last minute between \d+\.\d% and \d+\.\d%$/);
  browser.assertNoProblems();
});

test("the inspector's page shows who was evicted and who was turned away", needs("chromium"), async () => {
  await using example = await startExample("inspector");
  using watching = await Events.watch(example);
  await using browser = await openPage(example.url("/"));
  const { page } = browser;
  // Its own stream of events comes first: later there is no room for it.
  await page.locator("#status", { hasText: "Live" }).waitFor();
  const clients: WireClient[] = [];
  try {
    for (let i = 0; i < 10; i++) {
      clients.push(await connect(example));
      await ask(clients[i], "/fast");
    }
    await watching.until(({ stats }) => stats.idle >= 10);
    // Event streams, which do not end: first the idle ones make room for them, then there is none.
    for (let head = ""; !head.startsWith("HTTP/1.1 503");) {
      const client = await connect(example);
      clients.push(client);
      await client.send(get("/events"));
      head = await client.readUntil("\r\n\r\n");
    }
    // Evicted at once, and closed a little later.
    const { stats } = await watching.until(async (snapshot) =>
      snapshot.stats.rejected > 0 && snapshot.stats.closed.evicted === snapshot.stats.evicted &&
      await shownAs(page, snapshot.stats) && snapshot
    );
    assert.ok(stats.evicted >= 10);
    const evicted = page.locator("#closed div[data-reason=evicted]");
    assert.equal(await evicted.innerText(), `evicted\n${stats.evicted}`);
  } finally {
    for (const client of clients) client.reset();
  }
  // The browser asks for the page's icon when it likes: a server that is full turns it away, too.
  browser.assertNoProblems(/503.*icon\.svg|status of 503/);
});

test("the inspector's buttons make connections and requests", needs("chromium"), async () => {
  await using example = await startExample("inspector");
  await using browser = await openPage(example.url("/"));
  const { page } = browser;
  const result = page.locator("#result");
  await page.getByRole("button", { name: "Make 10 requests" }).click();
  await result.getByText(/^10 requests went over connection \d+$/).waitFor();
  await page.getByRole("button", { name: "Make 4 at once" }).click();
  await result.getByText(/^4 requests went over connections \d+, \d+, \d+, and \d+$/).waitFor();
  await page.getByRole("button", { name: "Open 8 connections" }).click();
  await result.getByText("8 connections were opened").waitFor();
  // The browser's own four, and these.
  const idle = page.locator("#connections tr[data-state=idle]");
  await page.waitForFunction(() =>
    document.querySelectorAll("#connections tr[data-state=idle]").length >= 12
  );
  assert.ok(await idle.count() >= 12);
  browser.assertNoProblems();
});

test(
  "the inspector's page fits a telephone, and is dark where that is wished",
  needs("chromium"),
  async () => {
    await using example = await startExample("inspector");
    await using browser = await openPage(example.url("/"));
    const { page } = browser;
    await page.locator("#connections tr").first().waitFor();
    await page.setViewportSize({ width: 360, height: 640 });
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
    const brightness = async (colorScheme: "light" | "dark"): Promise<number> => {
      await page.emulateMedia({ colorScheme });
      const colour = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
      return Math.max(...colour.match(/\d+/g)!.map(Number));
    };
    assert.ok(await brightness("light") > 200);
    assert.ok(await brightness("dark") < 50);
    browser.assertNoProblems();
  },
);

test("the inspector's page ends its stream of events when it is closed", needs("chromium"), async () => {
  await using example = await startExample("inspector");
  using watching = await Events.watch(example);
  await using browser = await openPage(example.url("/"));
  const { page } = browser;
  const own = page.locator("#connections tr", { hasText: "this page" });
  const id = Number(await own.getAttribute("data-id"));
  await watching.until((snapshot) => find(snapshot, id, ({ state }) => state === "active"));
  browser.assertNoProblems();
  await page.close();
  await watching.until((snapshot) => !find(snapshot, id));
});

test("the inspector's page lets the server end, and finds the next one", needs("chromium"), async () => {
  await using example = await startExample("inspector");
  await using browser = await openPage(example.url("/"));
  const { page } = browser;
  await page.locator("#status", { hasText: "Live" }).waitFor();
  browser.assertNoProblems();
  await example.stop();
  await page.locator("#status", { hasText: "Disconnected" }).waitFor();
  await using _next = await startExample("inspector", example.port);
  await page.locator("#status", { hasText: "Live" }).waitFor();
  await page.locator("#connections tr", { hasText: "this page" }).and(page.locator("[data-state=active]"))
    .waitFor();
});

// The page, as it is shown.

/** The text of one cell, by what stands in its column. */
async function textOf(row: Locator, column: "state" | "left" | "requests" | "age" | "peer"): Promise<string> {
  const index = ["state", "left", "requests", "age", "peer"].indexOf(column);
  return (await row.locator("td").nth(index).innerText()).trim();
}

async function secondsLeft(row: Locator): Promise<number> {
  const [, seconds] = /^(\d+\.\d) s$/.exec(await textOf(row, "left"))!;
  return Number(seconds);
}

interface Shown extends Record<Total, number> {
  /** The points of the chart, in percent of its size, from the left and from the top. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** What the page shows, if that is what is told. */
async function shownAs(page: Page, told: Readonly<Record<Total, number>>): Promise<Shown | false> {
  const shown = await readShown(page);
  const { reuseRatio, points, ...counts } = shown;
  const same = Object.entries(counts).every(([name, count]) => told[name as Total] === count);
  if (!same) return false;
  assert.ok(Math.abs(reuseRatio - told.reuseRatio) < 0.0006, `${reuseRatio}, not ${told.reuseRatio}`);
  assert.ok(Math.abs(points.at(-1)!.y - (100 - told.reuseRatio * 100)) < 0.006);
  return shown;
}

/** All at once: between two questions the page may have changed. */
function readShown(page: Page): Promise<Shown> {
  return page.evaluate(() => {
    const number = (id: string): number => parseFloat(document.getElementById(id)!.textContent);
    const line = document.querySelector("#chart .line")!.getAttribute("d") ?? "M";
    return {
      accepted: number("accepted"),
      rejected: number("rejected"),
      evicted: number("evicted"),
      active: number("active"),
      idle: number("idle"),
      requests: number("requests"),
      reused: number("reused"),
      reuseRatio: number("reuse-ratio") / 100,
      points: line.slice(1).split("L").map((point) => {
        const [x, y] = point.split(" ").map(Number);
        return { x, y };
      }),
    };
  });
}

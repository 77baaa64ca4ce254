/**
 * A real browser, without a window: the system's Chromium, by Playwright.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import process from "node:process";
import { after } from "node:test";
import type { Browser, BrowserContext, Page } from "playwright-core";

// Required, because Deno does not find the names that it exports.
const { chromium } = createRequire(import.meta.url)("playwright-core") as typeof import("playwright-core");

/** Longer than anything on a page takes on a slow machine, in milliseconds. */
const PATIENCE = 20_000;

/** A page that notes what goes wrong on it; ends, with all of its connections, by `await using`. */
export class BrowserPage implements AsyncDisposable {
  readonly page: Page;
  readonly #context: BrowserContext;
  readonly #problems: string[] = [];

  constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.page = page;
    page.setDefaultTimeout(PATIENCE);
    page.on("pageerror", (error) => this.#problems.push(`error: ${error}`));
    page.on("console", (message) => this.#problems.push(`console: ${message.type()}: ${message.text()}`));
    page.on("requestfailed", (request) => this.#problems.push(`request failed: ${request.url()}`));
    page.on("response", (response) => {
      if (!response.ok()) this.#problems.push(`${response.status()}: ${response.url()}`);
    });
  }

  /** Fails where a request failed, an error was thrown, or anything was logged; what `expected` matches aside. */
  assertNoProblems(expected?: RegExp): void {
    assert.deepEqual(this.#problems.filter((problem) => !expected?.test(problem)), []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
  }
}

/** One for all tests of a file: to start takes it a second. */
let browser: Promise<Browser> | undefined;

after(async () => await (await browser)?.close());

async function launch(): Promise<Browser> {
  const folders = (process.env.PATH ?? "").split(path.delimiter);
  const executablePath = folders.map((folder) => path.join(folder, "chromium")).find(existsSync);
  if (executablePath === undefined) throw new Error("chromium is not installed");
  // Its sandbox refuses to run as root, as which build machines do.
  return await chromium.launch({ executablePath, args: ["--no-sandbox"] });
}

/** Opens `url` with a cache and connections of its own, and trusts the tests' certificates. */
export async function openPage(url: string): Promise<BrowserPage> {
  const context = await (await (browser ??= launch())).newContext({ ignoreHTTPSErrors: true });
  try {
    const opened = new BrowserPage(context, await context.newPage());
    await opened.page.goto(url);
    return opened;
  } catch (error) {
    await context.close().catch(() => {});
    throw error;
  }
}

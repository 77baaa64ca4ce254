/**
 * `Response` as a class: its name, its constructor, its subclasses and its prototype.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { NativeResponse } from "../../../src/fetch/response_override.ts";
import { get } from "../../support/memory.ts";
import { see } from "./harness.ts";

/** Registers the tests. */
export function testClass(kind: string): void {
  test(`${kind}: the class is that of every response`, async () => {
    const made = new Response("text");
    const json = Response.json({});
    const subclass = new (class extends Response {})();
    for (const response of [made, json, subclass, made.clone(), Response.error(), new NativeResponse()]) {
      assert.ok(response instanceof Response);
      assert.ok(response instanceof NativeResponse);
      assert.equal(Object.prototype.toString.call(response), "[object Response]");
    }
    assert.equal(Response.prototype, NativeResponse.prototype);
    assert.equal(({}) instanceof Response, false);
    assert.equal(Object.create(Response.prototype) instanceof Response, true);
    assert.equal(await made.text(), "text");
  });

  test(`${kind}: the class has the name and the length of the platform's`, () => {
    assert.equal(Response.name, "Response");
    assert.equal(Response.length, NativeResponse.length);
    assert.equal(typeof Response, "function");
    const { writable, configurable } = Object.getOwnPropertyDescriptor(globalThis, "Response")!;
    assert.deepEqual([writable, configurable], [true, true]);
  });

  test(`${kind}: the constructor of a response is Response`, () => {
    assert.equal(Response.prototype.constructor, Response);
    assert.equal(new Response("x").constructor, Response);
    assert.equal(Response.json(1).constructor, Response);
    assert.equal(new NativeResponse("x").constructor, Response);
  });

  test(`${kind}: the constructor of a response makes others`, async () => {
    const { constructor } = new Response("x") as unknown as { constructor: typeof Response };
    const other = new constructor("other", { status: 404 });
    assert.ok(other instanceof Response);
    assert.deepEqual([other.status, await other.text()], [404, "other"]);
    const { wire } = await see(() => new constructor("other", { status: 404 }), get());
    assert.match(wire, /^HTTP\/1\.1 404 [^]*\r\n\r\nother$/);
  });

  test(`${kind}: Response is no function to be called`, () => {
    const call = Response as unknown as (this: unknown, body: string) => unknown;
    assert.throws(() => call("x"), TypeError);
    assert.throws(() => call.call({}, "x"), TypeError);
    assert.throws(() => call.apply(new Response(), ["x"]), TypeError);
  });

  test(`${kind}: subclasses have their own constructor, members and statics`, async () => {
    class Page extends Response {
      readonly title: string;
      constructor(title: string, init?: ResponseInit) {
        super(`<${title}>`, { ...init, headers: { "content-type": "text/html" } });
        this.title = title;
      }
      static of(title: string): Page {
        return new this(title);
      }
      get shout(): string {
        return this.title.toUpperCase();
      }
      override async text(): Promise<string> {
        return `${await super.text()}!`;
      }
    }
    class Special extends Page {
      override get shout(): string {
        return `${super.shout}!`;
      }
    }
    const page = new Page("a", { status: 201 });
    assert.ok(page instanceof Page && page instanceof Response && page instanceof NativeResponse);
    assert.equal(new Response() instanceof Page, false);
    assert.equal(page.constructor, Page);
    assert.deepEqual([page.title, page.shout, page.status, page.headers.get("content-type")], [
      "a",
      "A",
      201,
      "text/html",
    ]);
    assert.equal(await page.text(), "<a>!");
    assert.equal(Special.of("b").shout, "B!");
    assert.ok(Special.of("b") instanceof Special);
    assert.equal(await Special.json({ a: 1 }).text(), '{"a":1}');
    assert.equal(Special.redirect("http://b.example/").status, 302);
    assert.equal(Special.error().type, "error");
    const { wire, errors } = await see(() => Special.of("c"), get());
    assert.deepEqual(errors, []);
    assert.match(wire, /\r\ncontent-type: text\/html\r\n[^]*\r\n\r\n<c>$/);
  });

  test(`${kind}: Reflect.construct() and classes of the old kind make instances of theirs`, async () => {
    class Text extends Response {}
    const reflected = Reflect.construct(Response, ["x", { status: 201 }], Text);
    assert.ok(reflected instanceof Text);
    assert.equal(reflected.status, 201);
    function Old(this: unknown, body: string): Response {
      return Reflect.construct(Response, [body], new.target as unknown as typeof Response);
    }
    Object.setPrototypeOf(Old, Response);
    Old.prototype = Object.create(Response.prototype, { old: { value: true } });
    const old = new (Old as unknown as new (body: string) => Response & { old: boolean })("old");
    assert.ok(old instanceof Response && old.old);
    assert.equal(await old.text(), "old");
    assert.ok(Reflect.construct(Response, ["x"]) instanceof Response);
  });

  test(`${kind}: what a program adds to the prototype, every response has`, () => {
    const prototype = Response.prototype as unknown as { shout?: (this: Response) => string };
    prototype.shout = function () {
      return `${this.status}!`;
    };
    try {
      for (const response of [new Response("x"), Response.json(1), new NativeResponse()]) {
        assert.equal((response as unknown as { shout(): string }).shout(), "200!");
      }
    } finally {
      delete prototype.shout;
    }
  });
}

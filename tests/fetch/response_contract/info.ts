/**
 * Responses together with what else the handler and `onError` do: trailers, hints, upgrades, failures.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionError } from "../../../src/api/errors.ts";
import type { FetchInfo } from "../../../src/api/fetch.ts";
import { connect, get, parseResponses, settled } from "../../support/memory.ts";
import { GETS, see } from "./harness.ts";

/** Registers the tests. */
export function testWithInfo(kind: string): void {
  test(`${kind}: trailers go behind text and bytes, and text has its type`, async () => {
    for (const body of ["hello", new TextEncoder().encode("hello")]) {
      for (const wait of [false, true]) {
        const { wire, errors } = await see((_, info) => {
          info.sendTrailers({ "x-sum": "5" });
          const response = new Response(body);
          return wait ? Promise.resolve(response) : response;
        }, GETS);
        assert.deepEqual(errors, []);
        assert.match(wire, /(?:\r\n5\r\nhello\r\n0\r\nx-sum: 5\r\n\r\n(?:HTTP|$)[^]*){2}$/);
        const types = parseResponses(wire.replaceAll("\r\nx-sum: 5", ""))
          .map(({ headers }) => headers.get("content-type"));
        const type = typeof body === "string" ? "text/plain;charset=UTF-8" : undefined;
        assert.deepEqual(types, [type, type]);
      }
    }
  });

  test(`${kind}: early hints go before it`, async () => {
    const { wire, errors } = await see((_, info) => {
      info.earlyHints({ link: "</a.css>; rel=preload" });
      return new Response("hello");
    }, get());
    assert.deepEqual(errors, []);
    assert.deepEqual(parseResponses(wire).map(({ status, body }) => [status, body]), [[103, ""], [
      200,
      "hello",
    ]]);
  });

  test(`${kind}: what is returned after upgrade() is dropped`, async () => {
    for (
      const make of [() => new Response("dropped"), () => Response.json("dropped"), () => new Response()]
    ) {
      for (const wait of [false, true]) {
        const { client, errors } = connect({
          fetch(_request, info) {
            info.upgrade();
            return wait ? Promise.resolve(make()) : make();
          },
        });
        client.send(get("/", "Connection: upgrade", "Upgrade: echo"));
        await settled();
        assert.equal(
          client.text(),
          "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n",
        );
        assert.deepEqual(errors, []);
        client.reset();
      }
    }
  });

  test(`${kind}: completed resolves when it was sent, and rejects when nobody was left to send it to`, async () => {
    let info!: FetchInfo;
    let answer!: (response: Response) => void;
    const { client, errors } = connect({
      fetch(_request, given) {
        info = given;
        return new Promise<Response>((resolve) => answer = resolve);
      },
    });
    client.send(get("/1"));
    answer(new Response("hello"));
    await info.completed;
    assert.match(client.text(), /\r\n\r\nhello$/);
    const before = client.text();
    client.send(get("/2"));
    const lost = info.completed;
    client.reset();
    answer(new Response("for nobody"));
    await assert.rejects(lost, ConnectionError);
    await settled();
    assert.equal(client.text(), before);
    assert.deepEqual(errors, []);
  });

  test(`${kind}: onError can answer with one, and what cannot travel is told to it`, async () => {
    const errors: unknown[] = [];
    const { client } = connect({
      fetch: ({ url }) => new Response("hello", { headers: url.endsWith("1") ? { "x-a": "a\x01b" } : {} }),
      onError(error) {
        errors.push(error);
        return new Response("sorry", { status: 503 });
      },
    });
    client.send(GETS);
    await settled();
    assert.deepEqual(parseResponses(client.text()).map(({ status, body }) => [status, body]), [
      [503, "sorry"],
      [200, "hello"],
    ]);
    assert.equal(errors.length, 1);
    assert.match(String(errors[0]), /x-a.*cannot travel/);
  });

  test(`${kind}: what could not be sent can be sent when it was mended`, async () => {
    const response = new Response("hello", { headers: { "x-a": "a\x01b" } });
    const { client, errors } = connect({
      fetch: () => response,
      onError(error) {
        errors.push(error);
        response.headers.set("x-a", "ab");
        return response;
      },
    });
    client.send(get());
    await settled();
    assert.match(client.text(), /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nhello$/);
    assert.equal(errors.length, 1);
  });
}

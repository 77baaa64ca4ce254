/**
 * The bodies that fetch handlers give at once, by native `Response` and by `FastResponse`: how they are framed,
 * and which type they have.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FastResponse } from "../../mod.ts";
import { connect, get, parseResponses } from "../support/memory.ts";
import { ask, encode, MAKERS, turns } from "../support/response_bodies.ts";

for (const [kind, make] of MAKERS) {
  test(`${kind}: text, bytes and buffers tell their length, and go on`, async () => {
    for (
      const body of [
        "grün",
        encode("grün"),
        encode("grün").buffer,
        encode("_grün_").subarray(1, 6),
      ] as BodyInit[]
    ) {
      const { client, errors } = await ask(() => make(body), get() + get());
      const responses = parseResponses(client.text());
      assert.equal(responses.length, 2);
      for (const { headers, body } of responses) {
        assert.deepEqual(
          [headers.get("content-length"), headers.get("transfer-encoding"), headers.get("connection"), body],
          ["5", undefined, "keep-alive", "grün"],
        );
      }
      assert.deepEqual(errors, []);
    }
  });

  test(`${kind}: other views are sent as far as they reach`, async () => {
    const memory = encode("_grün_").buffer;
    for (const view of [new DataView(memory, 1, 5), new Int8Array(memory, 1, 5)]) {
      const { client } = await ask(() => make(view as BodyInit));
      assert.equal(parseResponses(client.text())[0].body, "grün");
    }
  });

  test(`${kind}: a Blob and URLSearchParams bring their type`, async () => {
    const blob = parseResponses(
      (await ask(() => make(new Blob(["a", "b"], { type: "text/css" })))).client.text(),
    );
    assert.match(blob[0].headers.get("content-type")!, /^text\/css/);
    assert.equal(blob[0].body, "ab");
    const search = parseResponses((await ask(() => make(new URLSearchParams({ a: "1 &" })))).client.text());
    assert.match(search[0].headers.get("content-type")!, /^application\/x-www-form-urlencoded/);
    assert.equal(search[0].body, "a=1+%26");
  });

  test(`${kind}: FormData can be parsed again`, async () => {
    const form = new FormData();
    form.set("text", "grün");
    form.set("file", new File([new Uint8Array(100_000).fill(98)], "b.bin", { type: "application/x-b" }));
    const { client } = await ask(() => make(form));
    const [{ headers, body }] = parseResponses(client.text());
    const type = headers.get("content-type")!;
    const parsed = await new Response(body, { headers: { "content-type": type } }).formData();
    assert.equal(parsed.get("text"), "grün");
    const file = parsed.get("file") as File;
    assert.deepEqual([file.name, file.size], ["b.bin", 100_000]);
    assert.match(body, /content-type: application\/x-b\r\n/i); // which not every platform's parser keeps
  });

  test(`${kind}: a body with a status that has none gives a 500`, async () => {
    for (const status of [204, 205, 304]) {
      // Most platforms' classes refuse to be made like that; Bun's does not.
      const { client, errors } = await ask(() => make("body", { status }), get() + get());
      assert.deepEqual(parseResponses(client.text()).map(({ status }) => status), [500, 500]);
      assert.ok(errors[0] instanceof TypeError || errors[0] instanceof RangeError);
    }
  });

  test(`${kind}: 204, 205 and 304 have no body, and the connection goes on`, async () => {
    for (const [status, length] of [[204, undefined], [205, "0"], [304, undefined]] as const) {
      const { client, errors } = await ask(() => make(null, { status }), get() + get());
      const text = client.text();
      assert.match(text, new RegExp(`^(HTTP/1.1 ${status} [^]*?\r\n\r\n){2}$`));
      assert.doesNotMatch(text, /transfer-encoding/);
      assert.equal(parseResponses(text)[0].headers.get("content-length"), length);
      assert.deepEqual(errors, []);
    }
  });
}

test("a FastResponse of text has its type also by way of a native one", async () => {
  for (const make of [() => new FastResponse("hi"), () => new FastResponse("hi").clone()]) {
    const { client } = connect({
      fetch(_request, info) {
        info.sendTrailers({ "x-sum": "1" });
        return make();
      },
    });
    client.send(get());
    await turns();
    assert.match(client.text(), /\r\ncontent-type: text\/plain;charset=UTF-8\r\n/i);
  }
});

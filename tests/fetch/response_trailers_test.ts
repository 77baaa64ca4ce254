/** The trailers of responses of fetch handlers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { get, parseResponses } from "../support/memory.ts";
import { ask, encode, HTTP_1_0, MAKERS, Source } from "../support/response_bodies.ts";

for (const [kind, make] of MAKERS) {
  test(`${kind}: trailers go behind a chunked body, and nowhere else`, async () => {
    for (const body of ["text", encode("text"), new Source(2, 5).stream, null]) {
      const { client, errors } = await ask((info) => {
        info.sendTrailers({ "x-check": "right" });
        return make(body as BodyInit);
      }, get() + get("/2"));
      assert.deepEqual(errors.length, body instanceof ReadableStream ? 1 : 0); // used twice
      const text = client.text();
      if (body === null) assert.doesNotMatch(text, /x-check/);
      else assert.match(text, /transfer-encoding: chunked[^]*\r\n0\r\nx-check: right\r\n\r\nHTTP\/1\.1 /);
    }
    for (const request of [HTTP_1_0, get().replace("GET", "HEAD")]) {
      const { client, errors } = await ask((info) => {
        info.sendTrailers({ "x-check": "right" });
        return make("text");
      }, request);
      assert.deepEqual(errors, []);
      assert.doesNotMatch(client.text(), /x-check|chunked/);
    }
    const known = await ask((info) => {
      info.sendTrailers({ "x-check": "right" });
      return make(new Source(3, 10).stream, { headers: { "content-length": "30" } });
    }, get());
    assert.doesNotMatch(known.client.text(), /x-check|chunked/);
    assert.equal(parseResponses(known.client.text())[0].body, "a".repeat(30));
  });

  test(`${kind}: trailers can be made when the body has ended`, async () => {
    const source = new Source(3, 10);
    const { client } = await ask((info) => {
      info.sendTrailers(() => ({ "x-pulls": source.pulls }));
      return make(source.stream);
    });
    assert.match(client.text(), /\r\n0\r\nx-pulls: 4\r\n\r\n$/);
  });

  test(`${kind}: trailers that must not be any cut the response off, and onError is told`, async () => {
    for (const trailers of [{ "content-length": 1 }, { "x-a": "b\r\nc" }]) {
      const { client, errors, connection } = await ask((info) => {
        info.sendTrailers(trailers);
        return make("text");
      });
      assert.ok(errors[0] instanceof TypeError);
      assert.match(client.text(), /\r\n4\r\ntext\r\n$/);
      assert.equal(await connection.closed, "handler_error");
    }
  });
}

/** How option "trustProxy" is checked and read. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { serve } from "../../mod.ts";
import type { OptionError } from "../../src/api/errors.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import type { ForwardedField } from "../../src/api/proxies.ts";
import { get } from "../support/memory.ts";
import { bodies, connectFrom, tcp } from "../support/proxied_connections.ts";

test("trustProxy is checked when given, and the error tells what is wrong", async () => {
  const allow = ["10.0.0.0/8"];
  const wrong: readonly [trustProxy: unknown, option: string, message: RegExp][] = [
    [null, "trustProxy", /must be an object like { allow: .*, not null/],
    [true, "trustProxy", /must be an object like .*, not boolean/],
    [1, "trustProxy", /must be an object like .*, not number/],
    [{}, "trustProxy.allow", /must be an array.*where no proxy is in front, leave out option "trustProxy"/],
    [{ allow: [] }, "trustProxy.allow", /must be an array that names at least one peer/],
    [{ allow: "10.0.0.0/8" }, "trustProxy.allow", /must be an array/],
    [{ allow: ["unix", 10] }, "trustProxy.allow", /"trustProxy\.allow\[1\]" must be a string, not number/],
    [{ allow: ["loopback"] }, "trustProxy.allow", /"unix" or "unknown", not "loopback": .*10\.0\.0\.0\/8/],
    [{ allow: ["10.0.0.5/8"] }, "trustProxy.allow", /write "10\.0\.0\.0\/8"/],
    [{ allow, hops: 1 }, "trustProxy.hops", /is unknown; the options are allow, fields/],
    [
      { allow, fields: [] },
      "trustProxy.fields",
      /must name at least one field: "forwarded", "x-forwarded-for", /,
    ],
    [{ allow, fields: "forwarded" }, "trustProxy.fields", /must be an array of /],
    [
      { allow, fields: ["x-real-ip"] },
      "trustProxy.fields[0]",
      /must be one of "forwarded".*, not "x-real-ip"/,
    ],
    [{ allow, fields: ["forwarded", 1] }, "trustProxy.fields[1]", /must be one of .*, not number/],
  ];
  for (const [trustProxy, option, message] of wrong) {
    const options = { exchange: () => {}, trustProxy } as ConnectionOptions;
    await assert.rejects(serve({ ...options, port: 0 }), (error: OptionError) => {
      assert.equal(error.name, "TypeError");
      assert.deepEqual([error.code, error.option], ["bad_option", option]);
      assert.match(error.message, message);
      return true;
    });
  }
});

test("the lists of trustProxy are read once: changing them later changes nothing", () => {
  const allow = ["10.0.0.2"];
  const fields: ForwardedField[] = ["x-forwarded-proto"];
  const connected = connectFrom(tcp("10.0.0.2"), {
    trustProxy: { allow, fields },
    exchange: (x) => x.respond(200, {}, x.scheme),
  });
  allow[0] = "::1";
  fields[0] = "forwarded";
  connected.client.send(get("/", "X-Forwarded-Proto: https"));
  assert.deepEqual(bodies(connected), ["https"]);
});

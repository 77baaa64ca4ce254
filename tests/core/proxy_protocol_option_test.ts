/** How option "proxyProtocol" is checked and read. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { serve, serveConn } from "../../mod.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import { HttpServer } from "../../src/server/http_server.ts";
import { connectionSettings } from "../../src/options/settings.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { get } from "../support/memory.ts";
import { bodies, OWN, PeerTransport, tell, told, UNKNOWN } from "../support/proxied_connections.ts";
import { CLIENT, CLIENT_V1 } from "../support/proxy_headers.ts";

test("proxyProtocol is checked when given, and the error tells what is wrong", async () => {
  const wrong: readonly [proxyProtocol: unknown, message: RegExp][] = [
    [null, /option "proxyProtocol" must be an object like .*, not null/],
    [true, /option "proxyProtocol" must be an object like .*, not boolean/],
    [{}, /option "proxyProtocol\.allow" must be an array.*leave out option "proxyProtocol"/],
    [{ allow: [] }, /option "proxyProtocol\.allow" must be an array that names at least one peer/],
    [{ allow: "10.0.0.0/8" }, /option "proxyProtocol\.allow" must be an array/],
    [{ allow: ["unix", 10] }, /option "proxyProtocol\.allow\[1\]" must be a string, not number/],
    [{ allow: ["unix"], deny: [] }, /option "proxyProtocol\.deny" is unknown; the options are allow/],
    [{ allow: [""] }, /option "proxyProtocol\.allow" .*not "": .*10\.0\.0\.0\/8/],
    [
      { allow: ["unix", "localhost"] },
      /option "proxyProtocol\.allow" .*"unix" or "unknown", not "localhost"/,
    ],
    [{ allow: ["Unix"] }, /not "Unix"/],
    [{ allow: ["10.0.0.5/8"] }, /not "10\.0\.0\.5\/8": write "10\.0\.0\.0\/8" .*"10\.0\.0\.5"/],
    [{ allow: ["::1/129"] }, /not "::1\/129": .*0 to 128/],
  ];
  for (const [proxyProtocol, message] of wrong) {
    const options = { exchange: tell, proxyProtocol } as ConnectionOptions;
    const refusal = (error: Error): boolean => {
      assert.equal(error.name, "TypeError");
      assert.match(error.message, message);
      return true;
    };
    await assert.rejects(serve({ ...options, port: 0 }), refusal);
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    assert.throws(() => serveConn({ readable, writable }, options), refusal);
    assert.deepEqual([readable.locked, writable.locked], [false, false], "the streams are as they were");
  }
});

test("proxyProtocol does not go with tls", async () => {
  const tls = { key: "key", cert: "cert" };
  await assert.rejects(
    serve({ port: 0, exchange: tell, tls, ...UNKNOWN }),
    /TypeError: option "proxyProtocol" does not go with option "tls".*let the proxy/,
  );
});

test("proxyProtocol.allow is read once: changing the list later changes nothing", () => {
  const allow = ["10.0.0.2"];
  const options = { exchange: tell, proxyProtocol: { allow } };
  const server = new HttpServer(options, connectionSettings(options), new FakeClock());
  allow[0] = "::1";
  const client = new PeerTransport(OWN.remoteAddr);
  server.accept(client);
  client.send(CLIENT_V1 + get("/"));
  assert.deepEqual(bodies({ client }), [told(CLIENT, "/")]);
});

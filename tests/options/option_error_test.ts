/**
 * The errors of options: of which class they are, their code, and the option that they name.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { OptionError } from "../../src/api/errors.ts";
import type { ListenOptions, ServeOptions } from "../../src/api/options.ts";
import type { Timeouts } from "../../src/api/timeouts.ts";
import { listenSettings } from "../../src/options/listen_settings.ts";
import { connectionSettings, serverSettings, serveSettings } from "../../src/options/settings.ts";
import { ROWS } from "../../src/options/table.ts";
import { timeLimitsWith } from "../../src/options/time_limits.ts";

const HANDLER = { fetch: () => new Response() };
const TLS = {
  key: "-----BEGIN PRIVATE KEY-----",
  cert: "-----BEGIN CERTIFICATE-----",
};

/** Checks that `call` throws an error of this class and option, whose message names the option. */
function assertRefused(call: () => unknown, kind: ErrorConstructor, option: string): void {
  assert.throws(call, (error: OptionError) => {
    assert.equal(error.constructor, kind, error.message);
    assert.equal(error.code, "bad_option");
    assert.equal(error.option, option, error.message);
    assert.ok(error.message.includes(option), error.message);
    return true;
  });
}

/** A value that is of no option's type. */
const NO_VALUE: unknown = Symbol();

for (const [name] of ROWS) {
  test(`the error of option ${name} with a value of the wrong type has a code, and names the option`, () => {
    const options = { ...HANDLER, [name]: NO_VALUE } as unknown as ServeOptions;
    assertRefused(() => serveSettings(options), TypeError, name);
  });
}

test("the error of a number out of its bounds is a RangeError that has a code, and names the option", () => {
  const scalars = ROWS.filter(([, { kind }]) => ["time", "count", "bytes", "ratio"].includes(kind));
  const wrong: [option: string, value: object][] = [
    ...scalars.map(([name]): [string, object] => [name, { [name]: -1 }]),
    ["minBodyRate", { minBodyRate: -1 }],
    ["minBodyRate.bytesPerSecond", { minBodyRate: { bytesPerSecond: -1 } }],
    ["minBodyRate.grace", { minBodyRate: { grace: 0 } }],
    ["drainBody.bytes", { drainBody: { bytes: 0.5 } }],
    ["drainBody.timeout", { drainBody: { timeout: 2 ** 31 } }],
    ["jitter", { jitter: 1.1 }],
    ["backlog", { backlog: 2 ** 31 }],
    ["port", { port: "65536" }],
    ["mode", { path: "/tmp/a", mode: 0o1000 }],
    ["fd", { fd: 2 ** 31 }],
  ];
  for (const [option, value] of wrong) {
    assertRefused(() => serveSettings({ ...HANDLER, ...value }), RangeError, option);
  }
});

test("the error of an option's member has a code, and names both", () => {
  const wrong: [option: string, value: object][] = [
    ["minBodyRate.grace", { minBodyRate: { grace: "1" } }],
    ["minBodyRate.rate", { minBodyRate: { rate: 1 } }],
    ["drainBody.bytes", { drainBody: { bytes: null } }],
    ["proxyProtocol.allow", { proxyProtocol: { allow: [] } }],
    ["proxyProtocol.allow", { proxyProtocol: { allow: ["unix", 1] } }],
    ["tls.pfx", { tls: { ...TLS, pfx: "" } }],
    ["tls.key", { tls: { ...TLS, key: 1 } }],
    ["tls.cert", { tls: { ...TLS, cert: "none" } }],
    ["tls.ca", { tls: { ...TLS, ca: "none" } }],
    ["tls.passphrase", { tls: { ...TLS, passphrase: 1 } }],
  ];
  for (const [option, value] of wrong) {
    assertRefused(() => serveSettings({ ...HANDLER, ...value }), TypeError, option);
  }
});

test("the error of a text that is wrong has a code, and names the option", () => {
  const wrong: [option: string, value: ListenOptions][] = [
    ["port", { port: "http" }],
    ["hostname", { hostname: "a b" }],
    ["path", { path: "" }],
    ["path", { path: "a\0" }],
    ["fd", { fd: "launchd" as "systemd" }],
  ];
  for (const [option, value] of wrong) assertRefused(() => listenSettings(value), TypeError, option);
});

test("the error of options that do not go together has a code, and names the first of its message", () => {
  const proxies = { ...HANDLER, proxyProtocol: { allow: ["unix"] }, tls: TLS };
  assertRefused(() => serveSettings(proxies), TypeError, "proxyProtocol");
  assertRefused(() => listenSettings({ tls: TLS }, true), TypeError, "proxyProtocol");
  assertRefused(() => listenSettings({ path: "/tmp/a", port: 1 }), TypeError, "port");
  assertRefused(() => listenSettings({ path: "/tmp/a", hostname: "::" }), TypeError, "hostname");
  assertRefused(() => listenSettings({ fd: 3, mode: 0 }), TypeError, "mode");
  assertRefused(() => listenSettings({ path: "\0a", mode: 0 }), TypeError, "mode");
  assertRefused(() => connectionSettings({ ...HANDLER, exchange() {} }), TypeError, "fetch");
});

test("the error of a missing handler has a code, and names fetch", () => {
  for (const settings of [connectionSettings, serverSettings, serveSettings]) {
    assertRefused(() => settings({}), TypeError, "fetch");
  }
});

test("the error of an unknown option has a code, and names it", () => {
  const options = { ...HANDLER, idleTimout: 1 } as ServeOptions;
  for (const settings of [connectionSettings, serverSettings, serveSettings, listenSettings]) {
    assertRefused(() => settings(options), TypeError, settings === listenSettings ? "fetch" : "idleTimout");
  }
});

test("the error of options that are no object has a code, and names options", () => {
  for (const settings of [connectionSettings, serverSettings, serveSettings, listenSettings]) {
    for (const nothing of [undefined, null, "fetch"]) {
      assertRefused(() => settings(nothing as unknown as ServeOptions), TypeError, "options");
    }
  }
});

test("the errors of setTimeouts() have a code, and name what is wrong", () => {
  const limits = serveSettings(HANDLER);
  const wrong: [option: string, kind: ErrorConstructor, timeouts: unknown][] = [
    ["options", TypeError, null],
    ["headerTimeout", TypeError, { headerTimeout: 1 }],
    ["idleTimeout", TypeError, { idleTimeout: "1" }],
    ["requestTimeout", RangeError, { requestTimeout: -1 }],
    ["writeTimeout", RangeError, { writeTimeout: 0.5 }],
    ["minBodyRate", TypeError, { minBodyRate: null }],
    ["minBodyRate.grace", RangeError, { minBodyRate: { grace: 0 } }],
  ];
  for (const [option, kind, timeouts] of wrong) {
    assertRefused(() => timeLimitsWith(timeouts as Timeouts, limits), kind, option);
  }
});

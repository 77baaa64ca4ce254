/** Options "http1" and "http2": defaults, bounds, and what does not go together. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { OptionError } from "../../src/api/errors.ts";
import type { Http2Options } from "../../src/api/http2.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import { connectionSettings } from "../../src/options/settings.ts";

const HANDLER = { fetch: () => new Response() };
const MAX = 2 ** 31 - 1;
const DEFAULTS: Required<Http2Options> = {
  maxConcurrentStreams: 100,
  initialWindowSize: 65_535,
  maxWindowSize: 2_097_152,
  pingInterval: 0,
  pingTimeout: 20_000,
};

/** The settings of these two options. */
function read(options: ConnectionOptions): unknown {
  const { http1, http2, alpnProtocols } = connectionSettings({ ...HANDLER, ...options });
  return { http1, http2, alpnProtocols };
}

/** Checks that the options are refused, for the one of this name and with this message. */
function assertRefused(options: unknown, kind: ErrorConstructor, option: string, message: RegExp): void {
  assert.throws(() => read(options as ConnectionOptions), (error: OptionError) => {
    assert.equal(error.constructor, kind, error.message);
    assert.deepEqual([error.code, error.option], ["bad_option", option]);
    assert.ok(error.message.startsWith(`option "${option}" `), error.message);
    assert.match(error.message, message);
    return true;
  });
}

test("HTTP/1.1 is on and HTTP/2 off by default", () => {
  const expected = { http1: true, http2: null, alpnProtocols: ["http/1.1", "http/1.0"] };
  for (const options of [{}, { http2: false }, { http1: true }]) assert.deepEqual(read(options), expected);
});

test("http2 has its defaults with true, with an empty object, and for each member that is left out", () => {
  const alpnProtocols = ["h2", "http/1.1", "http/1.0"];
  for (const http2 of [true, {}]) {
    assert.deepEqual(read({ http2 }), { http1: true, http2: DEFAULTS, alpnProtocols });
  }
  const given = {
    maxConcurrentStreams: 1,
    initialWindowSize: 1_024,
    maxWindowSize: 1_025,
    pingInterval: 30_000,
    pingTimeout: 0,
  };
  assert.deepEqual(read({ http2: given }), { http1: true, http2: given, alpnProtocols });
  for (const [name, value] of Object.entries(given)) {
    // Below the initial size no window stays.
    const http2 = name === "maxWindowSize" ? { initialWindowSize: 1_024, [name]: value } : { [name]: value };
    assert.deepEqual(read({ http2 }), { http1: true, http2: { ...DEFAULTS, ...http2 }, alpnProtocols });
  }
});

test("http1: false leaves HTTP/2 alone", () => {
  assert.deepEqual(read({ http2: true, http1: false }), {
    http1: false,
    http2: DEFAULTS,
    alpnProtocols: ["h2"],
  });
});

test("http1: false without http2 is refused, with what to do", () => {
  for (const http2 of [undefined, false]) {
    const options = { http1: false, ...http2 === false && { http2 } };
    assertRefused(options, TypeError, "http1", /set option "http2" to true/);
  }
});

test("the largest window is at least the initial one", () => {
  const { http2 } = connectionSettings({ ...HANDLER, http2: { initialWindowSize: 2_097_152 } });
  assert.equal(http2?.maxWindowSize, 2_097_152);
  const wrong = { http2: { initialWindowSize: 65_536, maxWindowSize: 65_535 } };
  assertRefused(wrong, RangeError, "http2.maxWindowSize", /"http2\.initialWindowSize".* 65536, not 65535$/);
  assertRefused({ http2: { maxWindowSize: 1_024 } }, RangeError, "http2.maxWindowSize", /65535, not 1024$/);
});

test("the members of http2 are whole numbers within their bounds", () => {
  const bounds: readonly (readonly [keyof Http2Options, min: number])[] = [
    ["maxConcurrentStreams", 1],
    ["initialWindowSize", 1_024],
    ["maxWindowSize", 1_024],
    ["pingInterval", 0],
    ["pingTimeout", 0],
  ];
  assert.deepEqual(bounds.map(([name]) => name), Object.keys(DEFAULTS));
  for (const [name, min] of bounds) {
    const message = new RegExp(`must be a whole number from ${min} to ${MAX}, not `);
    for (const value of [min - 1, min + 0.5, MAX + 1, NaN, Infinity]) {
      assertRefused({ http2: { [name]: value } }, RangeError, `http2.${name}`, message);
    }
    assertRefused({ http2: { [name]: "1" } }, TypeError, `http2.${name}`, /must be a number, not "1"/);
    const largest = { maxWindowSize: MAX, [name]: MAX };
    assert.deepEqual(connectionSettings({ ...HANDLER, http2: largest }).http2, { ...DEFAULTS, ...largest });
  }
});

test("http1 and http2 of the wrong type, and unknown members, are refused", () => {
  assertRefused({ http1: 1 }, TypeError, "http1", /must be true or false, not number/);
  for (const http2 of [null, 2, "h2"]) {
    assertRefused({ http2 }, TypeError, "http2", /must be true, false, or an object like \{ maxConc/);
  }
  assertRefused({ http2: { ping: 1 } }, TypeError, "http2.ping", /is unknown; the options are maxConc/);
});

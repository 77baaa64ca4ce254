/**
 * The settings that follow from the table: a row of a boolean or a number is all that they need.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { connectionSettings, serverSettings, serveSettings } from "../../src/options/settings.ts";
import { ROWS } from "../../src/options/table.ts";

const HANDLER = { fetch: () => new Response() };

/** The settings' names and values of the options that are booleans or numbers, but for what `at` holds. */
const SCALARS = ROWS.flatMap(([name, row]): [name: string, value: boolean | number][] => {
  if (row.kind === "function" || row.kind === "object" || row.kind === "other") return [];
  return name === "reusePort" ? [] : [[name, row.default]];
});

/** Those of `names` in `settings`. */
function pick(settings: object, names: readonly string[]): Record<string, unknown> {
  const values: Readonly<Record<string, unknown>> = { ...settings };
  return Object.fromEntries(names.map((name) => [name, values[name]]));
}

test("every boolean and every number of the table is a setting, by default the table's", () => {
  const names = SCALARS.map(([name]) => name);
  assert.deepEqual(pick(serveSettings(HANDLER), names), Object.fromEntries(SCALARS));
});

test("every boolean and every number that is given is the setting", () => {
  const others = SCALARS.map(([name, value]) => [name, typeof value === "boolean" ? !value : 1]);
  const given: Record<string, unknown> = Object.fromEntries(others);
  assert.deepEqual(pick(serveSettings({ ...HANDLER, ...given, http2: true }), Object.keys(given)), given);
});

test("a connection by itself is not capped, whatever it is given", () => {
  const { maxConnections, maxConnectionsPerIp } = connectionSettings(HANDLER);
  assert.deepEqual([maxConnections, maxConnectionsPerIp], [0, 0]);
});

// Only Node takes V8's flags at run time.
if (!("Bun" in globalThis || "Deno" in globalThis)) {
  test("the settings are objects of one shape with fast properties, whatever is given", () => {
    setFlagsFromString("--allow-natives-syntax");
    const isFast = new Function("object", "return %HasFastProperties(object)");
    const areAlike = new Function("a", "b", "return %HaveSameMap(a, b)");
    for (const settingsOf of [connectionSettings, serverSettings, serveSettings]) {
      const settings = settingsOf(HANDLER);
      assert.ok(isFast(settings), settingsOf.name);
      assert.ok(
        areAlike(settings, settingsOf({ ...HANDLER, maxAge: 1, minBodyRate: 1, http2: true })),
        settingsOf.name,
      );
    }
  });
}

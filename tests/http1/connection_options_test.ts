/** The keep-alive decision (RFC 9112 §9.3): Connection as a token list, and what it means to each version. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  CLOSE,
  connectionOptions,
  KEEP_ALIVE,
  persists,
  UPGRADE,
} from "../../src/http1/connection_options.ts";
import { inMemory } from "../wire/helpers.ts";

function optionsOf(value: string): number {
  return inMemory(value, connectionOptions);
}

test("connectionOptions() knows close, keep-alive and upgrade in any case", () => {
  for (const value of ["close", "Close", "CLOSE"]) assert.equal(optionsOf(value), CLOSE);
  for (const value of ["keep-alive", "Keep-Alive", "KEEP-ALIVE"]) assert.equal(optionsOf(value), KEEP_ALIVE);
  for (const value of ["upgrade", "Upgrade", "UPGRADE"]) assert.equal(optionsOf(value), UPGRADE);
});

test("connectionOptions() reads a list", () => {
  assert.equal(optionsOf("keep-alive, Upgrade"), KEEP_ALIVE | UPGRADE);
  assert.equal(optionsOf("x,close"), CLOSE);
  assert.equal(optionsOf("close,x"), CLOSE);
  assert.equal(optionsOf("TE ,\tclose\t, http2-settings"), CLOSE);
  assert.equal(optionsOf("close,keep-alive,upgrade"), CLOSE | KEEP_ALIVE | UPGRADE);
});

test("connectionOptions() passes over empty elements (RFC 9110 §5.6.1.2)", () => {
  for (const value of [",close", "close,", ", ,close, ,", ",,,\t,close"]) {
    assert.equal(optionsOf(value), CLOSE);
  }
  for (const value of ["", ",", " , ,"]) assert.equal(optionsOf(value), 0);
});

test("connectionOptions() never takes a part of a token for an option", () => {
  for (
    const value of [
      "closed",
      "xclose",
      "not-close",
      "close-not",
      "x close",
      "close x",
      "close;q=1",
      '"close"',
      "clos",
      "keep-alive-x",
      "keep-alives",
      "keepalive",
      "keep alive",
      "keep-\x01live",
      "upgrade-insecure-requests",
      "x-upgrade",
      "\xe3lose",
      "C\x4c\x4f\x53\x45\0",
    ]
  ) {
    assert.equal(optionsOf(value), 0, JSON.stringify(value));
  }
});

test("connectionOptions() tells of a list exactly the options that are among its elements", () => {
  const known: Record<string, number> = { "close": CLOSE, "keep-alive": KEEP_ALIVE, "upgrade": UPGRADE };
  const element = fc.constantFrom(
    "close",
    "CLOSE",
    "Keep-Alive",
    "upgrade",
    "x",
    "",
    "closed",
    "te",
    "keep-aliv",
  );
  const comma = fc.constantFrom(",", ", ", "\t,", " ,\t ");
  fc.assert(fc.property(fc.array(fc.tuple(element, comma), { maxLength: 8 }), (list) => {
    const expected = list.reduce((options, [name]) => options | (known[name.toLowerCase()] ?? 0), 0);
    assert.equal(optionsOf(list.flat().join("")), expected);
  }));
});

test("persists() keeps HTTP/1.1 unless the client closes", () => {
  assert.equal(persists(1, 0), true);
  assert.equal(persists(1, KEEP_ALIVE), true);
  assert.equal(persists(1, UPGRADE), true);
  assert.equal(persists(1, CLOSE), false);
});

test("persists() keeps HTTP/1.0 only where the client asks for it", () => {
  assert.equal(persists(0, 0), false);
  assert.equal(persists(0, UPGRADE), false);
  assert.equal(persists(0, KEEP_ALIVE), true);
  assert.equal(persists(0, CLOSE), false);
});

test("persists() lets close win over keep-alive", () => {
  for (const minor of [0, 1]) assert.equal(persists(minor, CLOSE | KEEP_ALIVE | UPGRADE), false);
});

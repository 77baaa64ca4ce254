/** Status codes (RFC 9110 §15): reason phrases, and which statuses have no body. */
import assert from "node:assert/strict";
import { STATUS_CODES } from "node:http";
import { test } from "node:test";
import { isBodiless, reasonPhrase } from "../../src/wire/status.ts";

test("reasonPhrase() gives the phrase of RFC 9110, where Node's list has an older or unregistered one", () => {
  for (
    const [status, phrase] of [
      [200, "OK"],
      [404, "Not Found"],
      [413, "Content Too Large"],
      [418, ""],
      [422, "Unprocessable Content"],
      [431, "Request Header Fields Too Large"], // RFC 6585
      [509, ""],
    ] as const
  ) {
    assert.equal(reasonPhrase(status), phrase);
  }
});

test("reasonPhrase() gives the phrase that Node's list has otherwise", () => {
  for (let status = 100; status <= 999; status++) {
    if (![413, 418, 422, 509].includes(status)) {
      assert.equal(reasonPhrase(status), STATUS_CODES[status] ?? "");
    }
  }
});

test("isBodiless() holds for 1xx, 204 and 304 alone", () => {
  const bodiless = Array.from({ length: 900 }, (_, i) => 100 + i).filter(isBodiless);
  assert.deepEqual(bodiless, [...Array.from({ length: 100 }, (_, i) => 100 + i), 204, 304]);
});

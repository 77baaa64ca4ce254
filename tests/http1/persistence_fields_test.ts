/** What the engine says in heads: how they end, for whom and at what date, and that nothing of one is in another. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PersistenceFields } from "../../src/http1/persistence_fields.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import { ByteWriter } from "../../src/wire/byte_writer.ts";
import { connectionSettings } from "../../src/options/settings.ts";

const IDLE_TIMEOUT = 7500;

function dateLine(date: string): Uint8Array {
  return new TextEncoder().encode(`date: ${date}\r\n`);
}

/** The ends of heads where these options hold; each is written to memory that held another. */
class Ends {
  readonly #ends: PersistenceFields;
  readonly #out = new ByteWriter(0);

  constructor(options: Omit<ConnectionOptions, "exchange"> = {}) {
    const settings = connectionSettings({ exchange: () => {}, idleTimeout: IDLE_TIMEOUT, ...options });
    this.#ends = new PersistenceFields(settings);
  }

  write(date: Uint8Array | null, minor = 1, idleTime: number = IDLE_TIMEOUT, left = 5): string {
    return this.#written((out) => this.#ends.write(out, date, minor, idleTime, left));
  }

  writeClose(date: Uint8Array | null): string {
    return this.#written((out) => this.#ends.writeClose(out, date));
  }

  #written(write: (out: ByteWriter) => void): string {
    const out = this.#out;
    out.bytes.fill(0xff);
    out.length = 0;
    out.latin1("before ");
    write(out);
    return new TextDecoder().decode(out.bytes.subarray(0, out.length)).slice("before ".length);
  }
}

/** What `PersistenceFields.write` says, by its description. */
function expected(
  { hint, max }: { hint: boolean; max: boolean },
  date: string | null,
  minor: number,
  idleTime: number,
  left: number,
): string {
  const hints = hint
    ? [idleTime >= 1000 && `timeout=${Math.floor(idleTime / 1000)}`, max && `max=${left}`]
    : [];
  const given = hints.filter((hint) => hint !== false);
  return [
    date === null ? "" : `date: ${date}\r\n`,
    minor === 0 || given.length > 0 ? "connection: keep-alive\r\n" : "",
    given.length > 0 ? `keep-alive: ${given.join(", ")}\r\n` : "",
    "\r\n",
  ].join("");
}

test("PersistenceFields.write() ends a head with the date and what is said about persistence", () => {
  const date = dateLine("now");
  assert.equal(
    new Ends().write(date),
    "date: now\r\nconnection: keep-alive\r\nkeep-alive: timeout=7\r\n\r\n",
  );
  assert.equal(new Ends().write(null), "connection: keep-alive\r\nkeep-alive: timeout=7\r\n\r\n");
  assert.equal(
    new Ends({ maxRequests: 10 }).write(date),
    "date: now\r\nconnection: keep-alive\r\nkeep-alive: timeout=7, max=5\r\n\r\n",
  );
  const silent = new Ends({ keepAliveHint: false, maxRequests: 10 });
  assert.equal(silent.write(date), "date: now\r\n\r\n");
  assert.equal(silent.write(null), "\r\n");
  assert.equal(silent.write(date, 0), "date: now\r\nconnection: keep-alive\r\n\r\n");
});

test("PersistenceFields.write() says no time of less than a second, and none where there is no limit", () => {
  for (const idleTime of [0, 1, 999]) {
    const ends = new Ends({ idleTimeout: idleTime });
    for (let i = 0; i < 3; i++) {
      assert.equal(ends.write(dateLine("now"), 1, idleTime), "date: now\r\n\r\n");
      assert.equal(ends.write(dateLine("now"), 0, idleTime), "date: now\r\nconnection: keep-alive\r\n\r\n");
      assert.match(ends.write(dateLine("now"), 1, 1000), /timeout=1\r\n/);
    }
  }
});

test("PersistenceFields.write() tells the date that it is given each time, and goes back to one before", () => {
  const ends = new Ends();
  const dates = ["a", "b", "c"].map(dateLine);
  for (const i of [0, 0, 1, 1, 0, 2, 2, 2, 0, 1]) {
    assert.equal(
      ends.write(dates[i]),
      `date: ${"abc"[i]}\r\nconnection: keep-alive\r\nkeep-alive: timeout=7\r\n\r\n`,
    );
  }
  assert.match(
    ends.write(dateLine("a date that is much longer than the others")),
    /^date: a date.*others\r\nc/,
  );
  assert.match(ends.write(dateLine("d")), /^date: d\r\nconnection/);
});

test("PersistenceFields.write() makes the usual end once for each date, and copies it in one go", () => {
  const copied: Uint8Array[] = [];
  class ObservedWriter extends ByteWriter {
    override copy(source: Uint8Array): void {
      copied.push(source);
      super.copy(source);
    }
  }
  const settings = connectionSettings({ exchange: () => {}, idleTimeout: IDLE_TIMEOUT });
  const ends = new PersistenceFields(settings);
  const date = dateLine("now");
  for (let i = 0; i < 3; i++) ends.write(new ObservedWriter(0), date, 1, IDLE_TIMEOUT, 0);
  assert.equal(copied.length, 3);
  assert.equal(new Set(copied).size, 1);
});

test("PersistenceFields.write() has room for any date", () => {
  const ends = new Ends();
  for (const length of [300, 3, 1000, 1]) {
    const date = dateLine("d".repeat(length));
    for (let i = 0; i < 2; i++) {
      assert.equal(
        ends.write(date),
        expected({ hint: true, max: false }, "d".repeat(length), 1, IDLE_TIMEOUT, 0),
      );
    }
  }
});

test("PersistenceFields.writeClose() says close, before and after ends that are kept", () => {
  const ends = new Ends();
  const date = dateLine("now");
  for (let i = 0; i < 3; i++) {
    assert.equal(ends.writeClose(date), "date: now\r\nconnection: close\r\n\r\n");
    assert.equal(ends.writeClose(null), "connection: close\r\n\r\n");
    assert.match(ends.write(date), /^date: now\r\nconnection: keep-alive\r\n/);
  }
});

test("PersistenceFields writes of any sequence what it writes of each end alone", () => {
  const end = fc.record({
    date: fc.constantFrom("a", "a", "b", "longer", null),
    fresh: fc.boolean(),
    minor: fc.constantFrom(0, 1, 1),
    idleTime: fc.constantFrom(IDLE_TIMEOUT, IDLE_TIMEOUT, 999, 1000, 7000, 60_000, 0),
    left: fc.nat(1000),
    closes: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.boolean(),
      fc.array(end, { maxLength: 12 }),
      (keepAliveHint, hasMax, given) => {
        const ends = new Ends({ keepAliveHint, maxRequests: hasMax ? 2000 : 0 });
        const lines = new Map<string, Uint8Array>();
        for (const { date, fresh, minor, idleTime, left, closes } of given) {
          // The same second comes as the same line, mostly.
          if (date !== null && (fresh || !lines.has(date))) lines.set(date, dateLine(date));
          const line = date === null ? null : lines.get(date)!;
          if (closes) {
            const said = date === null ? "" : `date: ${date}\r\n`;
            assert.equal(ends.writeClose(line), `${said}connection: close\r\n\r\n`);
          } else {
            const options = { hint: keepAliveHint, max: hasMax };
            assert.equal(
              ends.write(line, minor, idleTime, left),
              expected(options, date, minor, idleTime, left),
            );
          }
        }
      },
    ),
    { numRuns: 500 },
  );
});

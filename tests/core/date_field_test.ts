/** The Date line (RFC 9110 §5.6.7, §6.6.1): right in every second, and formatted once in each. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DateField, imfFixdate } from "../../src/core/date_field.ts";
import { textOf } from "../wire/helpers.ts";

test("imfFixdate() gives the fixed-length format", () => {
  for (
    const [time, date] of [
      ["1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37 GMT"], // the RFC's example
      ["1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"],
      ["2024-02-29T23:59:59.999Z", "Thu, 29 Feb 2024 23:59:59 GMT"],
      ["2025-12-31T23:59:59Z", "Wed, 31 Dec 2025 23:59:59 GMT"],
      ["2038-01-19T03:14:08Z", "Tue, 19 Jan 2038 03:14:08 GMT"],
    ]
  ) {
    assert.equal(imfFixdate(Date.parse(time)), date);
  }
});

test("imfFixdate() has the form of IMF-fixdate and tells the second, whenever it is", () => {
  const form =
    /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT$/;
  fc.assert(fc.property(fc.nat(253402300799), fc.nat(999), (seconds, milliseconds) => {
    const date = imfFixdate(seconds * 1000 + milliseconds);
    assert.match(date, form);
    assert.equal(Date.parse(date), seconds * 1000);
  }));
});

/** A steady clock and a calendar that run together; counts how often the calendar is asked. */
class FakeTime {
  now = 12_345.5;
  asked = 0;
  #calendarAhead: number;

  constructor(start: string) {
    this.#calendarAhead = Date.parse(start) - this.now;
  }

  advance(milliseconds: number): void {
    this.now += milliseconds;
  }

  /** Sets the calendar, as an operator or NTP does; the steady clock does not notice. */
  adjust(milliseconds: number): void {
    this.#calendarAhead += milliseconds;
  }

  /** Whole milliseconds, as `Date.now()`. */
  readonly calendar = (): number => {
    this.asked++;
    return Math.floor(this.now + this.#calendarAhead);
  };

  read(line: DateField): string {
    return textOf(line.at(this.now, this.calendar));
  }
}

test("DateField.at() gives a whole field line", () => {
  assert.equal(
    new FakeTime("1994-11-06T08:49:37Z").read(
      new DateField((date) => new TextEncoder().encode(`date: ${date}\r\n`)),
    ),
    "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
  );
});

test("DateField.at() is right second by second", () => {
  for (const start of ["2024-02-28T23:59:58.000Z", "2025-12-31T23:59:57.250Z", "2023-02-28T23:59:59.999Z"]) {
    const time = new FakeTime(start);
    const line = new DateField((date) => new TextEncoder().encode(`date: ${date}\r\n`));
    for (let second = 0; second < 5; second++) {
      const date = new Date(Date.parse(start) + second * 1000).toUTCString();
      assert.equal(time.read(line), `date: ${date}\r\n`);
      time.advance(1000);
    }
  }
});

test("DateField.at() changes when a second of the calendar is over, not a second after it was asked", () => {
  const time = new FakeTime("2025-12-31T23:59:59.400Z");
  const line = new DateField((date) => new TextEncoder().encode(`date: ${date}\r\n`));
  const before = time.read(line);
  time.advance(599);
  assert.equal(time.read(line), before);
  time.advance(1);
  assert.equal(time.read(line), "date: Thu, 01 Jan 2026 00:00:00 GMT\r\n");
});

test("DateField.at() asks the calendar once a second, and gives the same bytes until then", () => {
  const time = new FakeTime("2025-06-01T12:00:00.000Z");
  const line = new DateField((date) => new TextEncoder().encode(`date: ${date}\r\n`));
  const first = line.at(time.now, time.calendar);
  for (let i = 0; i < 999; i++) {
    time.advance(1);
    assert.equal(line.at(time.now, time.calendar), first);
  }
  assert.equal(time.asked, 1);
  time.advance(1);
  assert.notEqual(line.at(time.now, time.calendar), first);
  assert.equal(time.asked, 2);
});

test("DateField.at() leaves the bytes that it gave before as they were", () => {
  const time = new FakeTime("2025-06-01T12:00:00Z");
  const line = new DateField((date) => new TextEncoder().encode(`date: ${date}\r\n`));
  const bytes = line.at(time.now, time.calendar);
  time.advance(1000);
  time.read(line);
  assert.equal(textOf(bytes), "date: Sun, 01 Jun 2025 12:00:00 GMT\r\n");
});

test("DateField.at() is right again within a second after the calendar was set", () => {
  for (const adjustment of [3_600_000, -3_600_000, 250, -250]) {
    const time = new FakeTime("2025-06-01T12:00:00Z");
    const line = new DateField((date) => new TextEncoder().encode(`date: ${date}\r\n`));
    time.read(line);
    time.adjust(adjustment);
    time.advance(1000);
    const expected = new Date(Date.parse("2025-06-01T12:00:01Z") + adjustment).toUTCString();
    assert.equal(time.read(line), `date: ${expected}\r\n`);
  }
});

test("DateField.at() is right after any pause", () => {
  fc.assert(fc.property(fc.array(fc.nat(5000), { maxLength: 20 }), (pauses) => {
    const time = new FakeTime("2025-06-01T12:00:00.700Z");
    const line = new DateField((date) => new TextEncoder().encode(`date: ${date}\r\n`));
    for (const pause of pauses) {
      time.advance(pause);
      const read = time.read(line);
      assert.equal(read, `date: ${new Date(time.calendar()).toUTCString()}\r\n`);
    }
  }));
});

/**
 * The metrics example: what Prometheus would read is well-formed, typed, and counts exactly what was done.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inTime } from "../support/deadline.ts";
import { type Example, startExample } from "../support/example.ts";
import { get } from "../support/memory.ts";
import { connectTcp } from "../support/byte_streams.ts";
import { CLOSE_REASONS } from "../../mod.ts";
import { type ByteStream, WireClient } from "../support/wire_client.ts";

const TYPES = {
  mooring_connections_accepted_total: "counter",
  mooring_connections_rejected_total: "counter",
  mooring_connections_evicted_total: "counter",
  mooring_connections_closed_total: "counter",
  mooring_connections_active: "gauge",
  mooring_connections_idle: "gauge",
  mooring_requests_total: "counter",
  mooring_requests_reused_total: "counter",
  mooring_read_bytes_total: "counter",
  mooring_written_bytes_total: "counter",
  mooring_request_duration_seconds: "histogram",
};

const DURATIONS = "mooring_request_duration_seconds";

/** Every reason has its count from the start. */
const NONE_CLOSED = Object.fromEntries(
  CLOSE_REASONS.map((reason) => [`mooring_connections_closed_total{reason="${reason}"}`, 0]),
);

test("examples/metrics counts what was done, in Prometheus' format", async () => {
  await using example = await startExample("metrics");
  const done = new Done();
  using scraper = await done.connect(example);
  using reusing = await done.connect(example);
  using leaving = await done.connect(example);

  for (const client of [reusing, reusing, reusing, leaving, leaving]) await done.ask(client);
  leaving.end();
  await leaving.assertEnd();

  // The last that a server does of a connection may come after the last that its client sees.
  const first = await done.scrapeUntil(
    scraper,
    ({ samples }) => samples.get('mooring_connections_closed_total{reason="client_closed"}') === 1,
  );
  assert.deepEqual(Object.fromEntries(first.types), TYPES);
  assert.deepEqual(Object.fromEntries(withoutDurations(first)), {
    ...NONE_CLOSED,
    ...first.expected,
    "mooring_connections_accepted_total": 3,
    'mooring_connections_closed_total{reason="client_closed"}': 1,
    "mooring_connections_active": 1,
    "mooring_connections_idle": 1,
  });

  await done.ask(reusing);
  using fresh = await done.connect(example);
  await done.ask(fresh);

  const second = await done.scrape(scraper);
  assert.deepEqual(second.types, first.types);
  assert.deepEqual(Object.fromEntries(withoutDurations(second)), {
    ...NONE_CLOSED,
    ...second.expected,
    "mooring_connections_accepted_total": 4,
    'mooring_connections_closed_total{reason="client_closed"}': 1,
    "mooring_connections_active": 1,
    "mooring_connections_idle": 2,
  });
});

test("examples/metrics tells how long requests took, by method, route and status", async () => {
  await using example = await startExample("metrics");
  using client = new WireClient(await connectTcp(example.port));
  const asked: [request: string, labels: string, times: number][] = [
    [get("/"), 'method="GET",route="/",status="200"', 3],
    [get("/nowhere"), 'method="GET",route="other",status="404"', 2],
    [get("/elsewhere?a=1"), 'method="GET",route="other",status="404"', 1],
    ["BREW / HTTP/1.1\r\nHost: a.example\r\n\r\n", 'method="other",route="/",status="405"', 1],
  ];
  const counts = new Map<string, number>();
  for (const [request, labels, times] of asked) {
    counts.set(labels, (counts.get(labels) ?? 0) + times);
    for (let i = 0; i < times; i++) {
      await client.send(request);
      await client.response();
    }
  }
  const total = asked.reduce((sum, [, , times]) => sum + times, 0);
  const { types, samples } = await inTime(scrapeUntilCounted(client, total), "the durations");
  assert.equal(types.get(DURATIONS), "histogram");
  assert.deepEqual(
    durationCounts(samples).sort(),
    [...counts].map(([labels, count]) => [`${DURATIONS}_count{${labels}}`, count]).sort(),
  );
  for (const [labels, count] of counts) {
    const buckets = [...samples].filter(([series]) =>
      series.startsWith(`${DURATIONS}_bucket{`) && series.endsWith(`${labels}}`)
    ).map(([, value]) => value);
    assert.equal(buckets.length, 15);
    assert.deepEqual(buckets, buckets.toSorted((a, b) => a - b), "each has what is in those before");
    assert.equal(buckets.at(-1), count);
    assert.equal(samples.get(`${DURATIONS}_bucket{le="+Inf",${labels}}`), count);
    const sum = samples.get(`${DURATIONS}_sum{${labels}}`)!;
    assert.ok(sum > 0 && sum < 30, `${sum} s`);
  }
  client.end();
  await example.stop();
});

/** How many requests each series of durations has. */
function durationCounts(samples: Exposition["samples"]): [string, number][] {
  return [...samples].filter(([series]) => series.startsWith(`${DURATIONS}_count`));
}

/** A duration is known once its response was sent, at the end of the turn: the next request may be read before. */
async function scrapeUntilCounted(client: WireClient, total: number): Promise<Exposition> {
  for (;;) {
    await client.send(get("/metrics"));
    const exposition = parseExposition((await client.response()).text);
    const counted = durationCounts(exposition.samples).reduce((sum, [, count]) => sum + count, 0);
    if (counted >= total) return exposition;
  }
}

/** What is the same each time. */
function withoutDurations({ samples }: Exposition): [string, number][] {
  return [...samples].filter(([series]) => !series.startsWith(DURATIONS));
}

test("examples/metrics answers HEAD, 404 and 405, and ends well", async () => {
  await using example = await startExample("metrics");
  using client = new WireClient(await connectTcp(example.port));
  await client.send("HEAD /metrics HTTP/1.1\r\nHost: a.example\r\n\r\n");
  const head = await client.response(true);
  assert.equal(head.status, 200);
  assert.equal(head.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  assert.equal(head.headers.get("cache-control"), "no-store");
  await client.send(get("/metric"));
  assert.equal((await client.response()).status, 404);
  await client.send("POST /metrics HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n");
  const refused = await client.response();
  assert.equal(refused.status, 405);
  assert.equal(refused.headers.get("allow"), "GET, HEAD");
  const stopped = example.stop();
  await client.assertEnd();
  client.end();
  await stopped;
});

/** What the clients of one example did, told from their side. */
class Done {
  requests = 0;
  reused = 0;
  /** Bytes that the server has read and written. */
  read = 0;
  written = 0;
  readonly #used = new Set<WireClient>();

  async connect({ port }: Example): Promise<WireClient> {
    const stream = await connectTcp(port);
    return new WireClient(
      {
        read: async () => {
          const bytes = await stream.read();
          this.written += bytes?.length ?? 0;
          return bytes;
        },
        write: (bytes) => {
          this.read += bytes.length;
          return stream.write(bytes);
        },
        end: () => stream.end(),
        reset: () => stream.reset(),
      } satisfies ByteStream,
    );
  }

  /** Asks on one connection, and has the whole answer; answers with its text. */
  async ask(client: WireClient, path = "/"): Promise<string> {
    this.requests++;
    if (this.#used.has(client)) this.reused++;
    this.#used.add(client);
    await client.send(get(path));
    const { status, text } = await client.response();
    assert.equal(status, 200);
    return text;
  }

  /** Scrapes, and says what the counters of requests and bytes should be. */
  async scrape(scraper: WireClient): Promise<Exposition & { expected: Record<string, number> }> {
    const { written } = this; // of its own answer, a scrape cannot tell
    const exposition = parseExposition(await this.ask(scraper, "/metrics"));
    const expected = {
      mooring_connections_rejected_total: 0,
      mooring_connections_evicted_total: 0,
      mooring_requests_total: this.requests,
      mooring_requests_reused_total: this.reused,
      mooring_read_bytes_total: this.read,
      mooring_written_bytes_total: written,
    };
    return { ...exposition, expected };
  }

  /** Scrapes until it shows what is awaited. */
  scrapeUntil(
    scraper: WireClient,
    shows: (exposition: Exposition) => boolean,
  ): ReturnType<Done["scrape"]> {
    const poll = async (): ReturnType<Done["scrape"]> => {
      for (;;) {
        const scraped = await this.scrape(scraper);
        if (shows(scraped)) return scraped;
      }
    };
    return inTime(poll(), "what a scrape is to show");
  }
}

interface Exposition {
  /** Types by metric. */
  readonly types: Map<string, string>;
  /** Values by series: a metric's name, and its labels as they stand. */
  readonly samples: Map<string, number>;
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"`;
const HELP_LINE = new RegExp(String.raw`^# HELP (${NAME}) (?:[^\\]|\\[\\n])+$`);
const TYPE_LINE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram|summary|untyped)$`);
const SAMPLE_LINE = new RegExp(
  String.raw`^(${NAME})(\{${LABEL}(?:,${LABEL})*\})? (\d+(?:\.\d+)?(?:e[+-]?\d+)?)$`,
);

/**
 * Reads Prometheus' text format 0.0.4, strictly: each metric is one group of help, type and samples, no series comes
 * twice, counters are called `_total`, and numbers are plain.
 */
function parseExposition(text: string): Exposition {
  const types = new Map<string, string>();
  const samples = new Map<string, number>();
  let help = "";
  let metric = "";
  assert.ok(text.endsWith("\n"), "the last line ends");
  for (const line of text.slice(0, -1).split("\n")) {
    const [, helped] = HELP_LINE.exec(line) ?? [];
    const [, typed, type] = TYPE_LINE.exec(line) ?? [];
    const [, sampled, labels = "", value] = SAMPLE_LINE.exec(line) ?? [];
    if (helped !== undefined) {
      assert.ok(!types.has(helped), `${helped} comes twice`);
      help = helped;
    } else if (typed !== undefined) {
      assert.equal(typed, help, "the type follows the help");
      assert.equal(
        type === "counter",
        typed.endsWith("_total"),
        `${typed} is called like a counter, if it is one`,
      );
      types.set(metric = typed, type);
    } else if (sampled !== undefined) {
      const suffix = types.get(metric) === "histogram" ? /_(bucket|sum|count)$/ : /$/;
      assert.equal(sampled.replace(suffix, ""), metric, "samples follow their type");
      assert.ok(!samples.has(sampled + labels), `${sampled}${labels} comes twice`);
      samples.set(sampled + labels, Number(value));
    } else {
      assert.equal(line, "", "no other line");
    }
  }
  return { types, samples };
}

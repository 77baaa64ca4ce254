/**
 * Draws a client of HTTP/2: its ways, its requests, and what it does between them.
 */
import type { Representation } from "../support/hpack.ts";
import { bodyPlan, clientPlan, trouble } from "./generate_client.ts";
import { handlerPlan } from "./generate_handler.ts";
import { BODY_DEFECTS, HEAD_DEFECTS } from "./http2_defects.ts";
import { CODE, SETTING } from "./http2_frames.ts";
import type { Http2Ways, SettingsPlan, StreamWay } from "./http2_plan.ts";
import { VIOLATIONS } from "./http2_violations.ts";
import type { Act, BodyPlan, ClientPlan, ClientStep, HandlerPlan, Plan, RequestPlan } from "./plan.ts";
import type { Prng } from "./prng.ts";

type Kind = Plan["kind"];

/** Options of HTTP/2 that differ from the defaults in some runs. */
export function http2Options(prng: Prng): [name: string, value: number][] {
  const options: [string, number][] = [];
  if (prng.chance(0.4)) options.push(["maxConcurrentStreams", prng.pick([1, 2, 3, 10])]);
  if (prng.chance(0.4)) options.push(["initialWindowSize", prng.pick([1_024, 5_000, 65_535, 100_000])]);
  if (prng.chance(0.4)) options.push(["maxWindowSize", prng.pick([100_000, 120_000, 300_000])]);
  return options;
}

/** A client with up to `most` requests, for handlers of this kind. */
export function http2ClientPlan(prng: Prng, id: number, kind: Kind, most: number): ClientPlan {
  const plan = clientPlan(prng, id, kind, 0);
  const ways = waysOf(prng);
  if (ways.repeats) {
    const steps = Array.from({ length: most }, (_, i) => repeatedStep(prng, i + 1, kind));
    return { ...plan, http2: { ...ways, table: 4_096 }, steps };
  }
  if (prng.chance(0.15)) {
    return {
      ...plan,
      http2: { ...ways, gives: prng.pick([0, 20, -1]), share: 1 },
      steps: windowSteps(prng, kind),
    };
  }
  const steps = prng.chance(0.1) ? uploadSteps(prng, kind) : stepsOf(prng, kind, most);
  return { ...plan, http2: ways, steps };
}

function waysOf(prng: Prng): Http2Ways {
  const isPlain = prng.chance(0.4);
  const gap = isPlain ? -1 : prng.weighted([[6, -1], [3, 0], [1, 1], [1, 20]]);
  return {
    settings: prng.chance(0.5) ? [] : settingsOf(prng),
    connectionWindow: prng.pick([0, 0, 1_000, 1_000_000, 2 ** 31 - 1 - 65_535]),
    gives: isPlain ? 0 : prng.weighted([[6, 0], [3, prng.size(500)], [1, -1]]),
    share: prng.pick([0, 0.5, 1]),
    acks: prng.weighted([[6, 0], [2, prng.size(400)], [1, -1]]),
    pongs: prng.weighted([[6, 0], [2, prng.size(400)], [1, -1]]),
    fields: representationsOf(prng),
    table: prng.pick([4_096, 4_096, 0, 60, 200]),
    repeats: prng.chance(0.15),
    cuts: isPlain || prng.chance(0.3)
      ? []
      : gap > 0
      ? [prng.between(50, 500), prng.between(100, 4_000)]
      : cutsOf(prng),
    gap,
  };
}

function cutsOf(prng: Prng): number[] {
  if (prng.chance(0.05)) return [1];
  return Array.from({ length: prng.between(1, 4) }, () => Math.max(1, prng.size(20_000)));
}

function representationsOf(prng: Prng): Representation[] {
  return Array.from({ length: prng.below(4) }, () => ({
    indexing: prng.pick(["incremental", "without", "never"] as const),
    refer: prng.chance(0.8),
    huffman: prng.chance(0.5),
  }));
}

function settingsOf(prng: Prng): SettingsPlan {
  const settings: [number, number][] = [];
  if (prng.chance(0.6)) {
    settings.push([
      SETTING.initialWindowSize,
      prng.pick([0, 40, 100, 5_000, 65_535, 200_000, 2 ** 31 - 1 - 2 ** 20, prng.size(60_000)]),
    ]);
  }
  if (prng.chance(0.2)) settings.push([SETTING.maxFrameSize, prng.pick([16_384, 2 ** 24 - 1])]);
  if (prng.chance(0.3)) settings.push([SETTING.headerTableSize, prng.pick([0, 100, 4_096, 65_536])]);
  if (prng.chance(0.2)) settings.push([SETTING.enablePush, prng.below(2)]);
  if (prng.chance(0.2)) settings.push([SETTING.maxConcurrentStreams, prng.pick([0, 100])]);
  if (prng.chance(0.2)) settings.push([SETTING.noRfc7540Priorities, 1]);
  if (prng.chance(0.2)) settings.push([0x0a0a, prng.next()]);
  return settings;
}

function stepsOf(prng: Prng, kind: Kind, most: number): ClientStep[] {
  const steps: ClientStep[] = [];
  const count = prng.between(prng.chance(0.05) ? 0 : 1, most);
  const waits = prng.pick([0, 0.1, 0.5, 1]);
  const extras = prng.pick([0, 0.1, 0.5]);
  const headers = prng.pick([0, 0.3]);
  for (let id = 1; id <= count; id++) {
    if (prng.chance(0.03)) steps.push(trouble(prng));
    steps.push({ do: "open", request: requestPlan(prng, id, kind), way: wayOf(prng, headers) });
    if (prng.chance(extras)) steps.push(extra(prng, id));
    if (prng.chance(waits)) steps.push({ do: "answers", ms: prng.pick([0, 100, 5_000]) });
    if (prng.chance(0.1)) steps.push({ do: "wait", ms: prng.size(3_000) });
    if (prng.chance(0.03)) steps.push({ do: "stop reading" });
    if (prng.chance(0.05)) steps.push({ do: "wait", ms: prng.size(500) }, { do: "read on" });
  }
  if (prng.chance(0.7)) steps.push({ do: "read on" });
  if (prng.chance(0.3)) steps.push({ do: "wait", ms: prng.size(2_000) }, { do: "give" });
  if (prng.chance(0.15)) steps.push(violation(prng, prng.between(1, count + 1)));
  if (prng.chance(0.03)) steps.push(flood(prng, kind, count + 1));
  if (prng.chance(0.5)) steps.push({ do: "answers", ms: 5_000 });
  if (prng.chance(0.3)) steps.push({ do: "end" });
  return steps;
}

/** A request of which nothing but its place in the dynamic table tells it from the one before. */
function repeatedStep(prng: Prng, id: number, kind: Kind): ClientStep {
  const body: BodyPlan = { length: prng.size(100), chunks: [20], trailers: true, expects: null };
  const handler = handlerPlan(prng, { kind, method: "POST", body, upgrades: false });
  const request: RequestPlan = { id, method: "POST", minor: 1, fields: [], body, defect: null, handler };
  return { do: "open", request, way: { ...wayOf(prng, 0), priority: null, awaits: true } };
}

/** Bodies larger than windows, once the server's SETTINGS are known, which are read, fast or slowly. */
function uploadSteps(prng: Prng, kind: Kind): ClientStep[] {
  const steps: ClientStep[] = [{ do: "ping", count: 1 }, { do: "wait", ms: prng.pick([1, 50]) }];
  for (let id = 1; id <= prng.between(1, 3); id++) {
    const body: BodyPlan = {
      length: prng.between(10_000, 110_000),
      chunks: prng.chance(0.5) ? [20] : null,
      trailers: prng.chance(0.3),
      expects: null,
    };
    const handler = handlerPlan(prng, { kind, method: "POST", body, upgrades: false });
    const request: RequestPlan = { id, method: "POST", minor: 1, fields: [], body, defect: null, handler };
    const way = wayOf(prng, 0);
    steps.push({ do: "open", request, way: { ...way, data: way.data.map((size) => Math.max(size, 2_000)) } });
  }
  return steps;
}

/** Large responses at first, and then windows that shrink and grow beneath them. */
function windowSteps(prng: Prng, kind: Kind): ClientStep[] {
  const windows = [0, 100, 3_000, 20_000, 65_535];
  const setWindow = (): ClientStep => ({
    do: "settings",
    values: [[SETTING.initialWindowSize, prng.pick(windows)]],
  });
  const steps: ClientStep[] = [setWindow()];
  for (let id = 1; id <= prng.between(1, 4); id++) {
    const handler: HandlerPlan = { returns: "plain", catches: true, acts: longAnswer(prng, kind) };
    const request: RequestPlan = {
      id,
      method: "GET",
      minor: 1,
      fields: [],
      body: null,
      defect: null,
      handler,
    };
    steps.push({ do: "open", request, way: wayOf(prng, 0) });
  }
  for (let i = prng.between(1, 6); i > 0; i--) {
    steps.push({ do: "wait", ms: prng.pick([0, 1, 30, 400]) });
    steps.push(prng.chance(0.7) ? setWindow() : { do: "give" });
  }
  steps.push({ do: "settings", values: [[SETTING.initialWindowSize, 65_535]] }, { do: "give" });
  return steps;
}

/** A response of many parts, with pauses between them. */
function longAnswer(prng: Prng, kind: Kind): Act[] {
  const parts = Array.from(
    { length: prng.between(1, 8) },
    () => [prng.size(20_000), prng.size(100)] as const,
  );
  if (kind === "fetch") {
    const body = { of: "stream", chunks: parts, ends: "closes" } as const;
    return [{ act: "return", made: "fast", status: 200, body, trailers: prng.chance(0.2), lengthOff: null }];
  }
  const acts: Act[] = [{ act: "start", declared: null }];
  for (const [length, ms] of parts) {
    acts.push({ act: "write", length, text: false, patient: true }, { act: "wait", ms });
  }
  return [...acts, { act: "end", trailers: prng.chance(0.2) }];
}

function violation(prng: Prng, of: number): ClientStep {
  return { do: "violate", name: prng.pick(Object.keys(VIOLATIONS)), of };
}

function flood(prng: Prng, kind: Kind, id: number): ClientStep {
  const handler = handlerPlan(prng, { kind, method: "GET", body: null, upgrades: false });
  const request: RequestPlan = { id, method: "GET", minor: 1, fields: [], body: null, defect: null, handler };
  return { do: "flood", request, count: prng.pick([10, 200, 1_100]), code: CODE.cancel };
}

function extra(prng: Prng, id: number): ClientStep {
  const of = prng.between(1, id);
  return prng.weighted<() => ClientStep>([
    [3, () => ({ do: "rst", of, code: prng.pick([CODE.cancel, CODE.noError, CODE.internal, 0xff]) })],
    [2, () => ({ do: "ping", count: prng.pick([1, 1, 3, 50]) })],
    [3, () => ({ do: "settings", values: settingsOf(prng) })],
    [1, () => ({ do: "table", size: prng.pick([0, 50, 300, 4_096]) })],
    [2, () => ({
      do: "priority",
      of,
      field: prng.pick(["u=0", "u=7, i", "i", "u=9", "nonsense;", null]),
    })],
    [2, () => ({ do: "unknown", length: prng.size(16_384), of })],
    [1, () => ({ do: "goaway" })],
    [2, () => ({ do: "give" })],
    [2, () => ({ do: "wait", ms: prng.size(1_000) })],
  ])();
}

function wayOf(prng: Prng, headers: number): StreamWay {
  const isPadded = prng.chance(0.2);
  const data = Array.from({ length: prng.between(1, 3) }, () => prng.size(16_384));
  return {
    headers: prng.chance(headers)
      ? {
        splits: Array.from({ length: prng.below(6) }, () => prng.size(100)),
        padding: prng.chance(0.4) ? prng.below(256) : -1,
        hasPriority: prng.chance(0.3),
      }
      : { splits: [], padding: -1, hasPriority: false },
    data: [...data, Math.max(50, prng.size(16_384))],
    pads: Array.from({ length: 3 }, () => isPadded && prng.chance(0.6) ? prng.below(256) : -1),
    gap: prng.weighted([[8, -1], [2, 0], [1, prng.size(40)]]),
    endsApart: prng.chance(0.15),
    awaits: prng.chance(0.3),
    priority: prng.chance(0.15) ? prng.pick(["u=0", "u=1, i", "u=7", "i=?0", "x"]) : null,
  };
}

function requestPlan(prng: Prng, id: number, kind: Kind): RequestPlan {
  const method = prng.weighted([
    [10, "GET"],
    [10, "POST"],
    [2, "HEAD"],
    [2, "PUT"],
    [1, "DELETE"],
    [1, "OPTIONS"],
  ]);
  const hasBody = method === "POST" || method === "PUT" || (method !== "HEAD" && prng.chance(0.05));
  let body = hasBody ? bodyPlan(prng, 1) : null;
  let defect: string | null = null;
  if (prng.chance(0.06)) {
    if (body !== null && body.length > 0 && prng.chance(0.5)) {
      defect = prng.pick(Object.keys(BODY_DEFECTS));
      body = withDefect(body, defect);
    } else {
      defect = prng.pick(Object.keys(HEAD_DEFECTS));
    }
  }
  const fields: [string, string][] = [];
  for (let i = prng.below(4); i > 0; i--) {
    const name = prng.pick(["x-field", "cookie", "authorization", "accept", `x-field-${prng.below(8)}`]);
    fields.push([name, "v".repeat(prng.below(40))]);
  }
  if (prng.chance(0.1)) fields.push(["te", "trailers"]);
  const handler = handlerPlan(prng, { kind, method, body, upgrades: false });
  return { id, method, minor: 1, fields, body, defect, handler };
}

/** The body of which the defect can be one. */
function withDefect(body: BodyPlan, defect: string): BodyPlan {
  switch (defect) {
    case "short body":
    case "long body":
      return { ...body, chunks: null, trailers: false };
    case "more than the window":
      return { ...body, length: 110_000, trailers: false };
    default:
      return body;
  }
}

/**
 * Draws a client: its transport, what it sends, and how it sends it.
 */
import { handlerPlan } from "./generate_handler.ts";
import {
  type Act,
  type BodyPlan,
  type ClientPlan,
  type ClientStep,
  plainRequest,
  type RequestPlan,
  type TransportFault,
  type TransportPlan,
} from "./plan.ts";
import type { Prng } from "./prng.ts";
import { BODY_DEFECTS, HEAD_DEFECTS } from "./request_writer.ts";

/** A client with up to `most` requests, for handlers of this kind. */
export function clientPlan(prng: Prng, id: number, kind: "exchange" | "fetch", most: number): ClientPlan {
  return {
    id,
    at: prng.chance(0.5) ? 0 : prng.size(3_000),
    address: prng.below(3),
    transport: transportPlan(prng),
    http2: null,
    steps: stepsOf(prng, kind, most),
    leaves: prng.pick(["reset", "end", "vanish"] as const),
  };
}

/** A client that pipelines without waiting, requests that keep the processor busy, or whose answers are large. */
export function hogPlan(prng: Prng, id: number, kind: "exchange" | "fetch"): ClientPlan {
  const ms = prng.pick([0, 1, 5]);
  const size = prng.pick([10, 2_000, 16_384, 16_385]);
  const form = prng.pick(["text", "bytes", "wide text"] as const);
  const acts: Act[] = kind === "exchange"
    ? [{ act: "respond", status: 200, form, length: size, close: false, bad: false }]
    : [{
      act: "return",
      made: "fast",
      status: 200,
      body: { of: form, length: size },
      trailers: false,
      lengthOff: null,
    }];
  if (ms > 0) acts.unshift({ act: "work", ms });
  const steps = Array.from({ length: prng.between(20, 80) }, (_, i): ClientStep => ({
    do: "send",
    request: plainRequest(i + 1, acts),
    part: null,
    joins: true,
    cuts: [],
    gap: 0,
  }));
  if (prng.chance(0.3)) steps.unshift({ do: "stop reading" });
  return { ...clientPlan(prng, id, kind, 0), steps };
}

function transportPlan(prng: Prng): TransportPlan {
  const isPlain = prng.chance(0.4);
  const latency = isPlain ? 0 : prng.pick([0, 0, 1, 20, 300]);
  return {
    room: isPlain ? 1_000_000 : prng.pick(latency === 0 ? [10, 300, 10_000] : [1_000, 10_000, 100_000]),
    latency,
    drainDelay: isPlain ? 0 : prng.pick([0, 0, 5, 200]),
    isLazy: prng.chance(0.1),
    lateChunk: prng.chance(0.3),
    hidesResets: prng.chance(0.2),
    faults: prng.chance(0.15)
      ? [transportFault(prng), ...prng.chance(0.2) ? [transportFault(prng)] : []]
      : [],
    givesMemory: prng.chance(0.3),
  };
}

function transportFault(prng: Prng): TransportFault {
  return {
    inside: prng.weighted([[1, "start"], [6, "write"], [3, "end"], [3, "pause"], [3, "resume"]]),
    after: prng.pick([1, 1, 1, 2, 3, 5]),
    does: prng.pick(["break", "close", "receiveEnd", "drained", "receive"] as const),
  };
}

function stepsOf(prng: Prng, kind: "exchange" | "fetch", most: number): ClientStep[] {
  const steps: ClientStep[] = [];
  const count = prng.between(prng.chance(0.05) ? 0 : 1, most);
  const waits = prng.pick(["never", "always", "sometimes"] as const);
  const joins = prng.pick([0, 0.2, 0.9]);
  const cuts = cutsOf(prng);
  for (let id = 1; id <= count; id++) {
    if (prng.chance(0.05)) steps.push(trouble(prng));
    const request = requestPlan(prng, id, kind);
    const gap = prng.weighted([[6, -1], [4, 0], [2, 1], [1, 40]]);
    const part = prng.chance(0.04) ? prng.size(request.body === null ? 100 : 2_000) : null;
    steps.push({
      do: "send",
      request,
      part,
      joins: prng.chance(joins),
      cuts: gap > 1 ? slow(prng) : cuts,
      gap,
    });
    if (part !== null) {
      steps.push({ do: "wait", ms: prng.pick([0, 50, 5_000]) }, trouble(prng));
      break;
    }
    if (waits === "always" || (waits === "sometimes" && prng.chance(0.4))) {
      steps.push({ do: "answers", ms: prng.pick([0, 100, 5_000]) });
    }
    if (prng.chance(0.15)) steps.push({ do: "wait", ms: prng.size(3_000) });
    if (prng.chance(0.05)) steps.push({ do: "stop reading" });
    if (prng.chance(0.05)) steps.push({ do: "wait", ms: prng.size(500) }, { do: "read on" });
  }
  if (prng.chance(0.7)) steps.push({ do: "read on" });
  if (prng.chance(0.1)) {
    steps.push({ do: "junk", text: prng.pick(["G", "\r\n", "GET / HT", "\0", "GET / HTTP/1.1\r\nHos"]) });
  }
  if (prng.chance(0.5)) steps.push({ do: "answers", ms: 5_000 });
  if (prng.chance(0.4)) steps.push({ do: "end" });
  return steps;
}

/** A few sizes; none for one piece. */
function cutsOf(prng: Prng): number[] {
  return prng.weighted([[4, 0], [1, 1], [4, 2]]) === 0
    ? []
    : prng.chance(0.1)
    ? [1]
    : Array.from({ length: prng.between(1, 4) }, () => Math.max(1, prng.size(4_000)));
}

/** Sizes that make a few pieces of a request. */
function slow(prng: Prng): number[] {
  return [prng.between(20, 200), prng.between(40, 4_000)];
}

/** What breaks into what a client does. */
export function trouble(prng: Prng): ClientStep {
  return prng.weighted<ClientStep>([[1, { do: "end" }], [2, { do: "reset" }], [2, {
    do: "wait",
    ms: prng.size(4_000),
  }]]);
}

function requestPlan(prng: Prng, id: number, kind: "exchange" | "fetch"): RequestPlan {
  const method = prng.weighted([
    [10, "GET"],
    [8, "POST"],
    [2, "HEAD"],
    [2, "PUT"],
    [1, "DELETE"],
    [1, "OPTIONS"],
    [kind === "exchange" ? 1 : 0, "CONNECT"],
  ]);
  const minor = prng.chance(0.1) ? 0 : 1;
  const hasBody = method === "POST" || method === "PUT" ||
    (method !== "CONNECT" && method !== "HEAD" && prng.chance(0.1));
  const body = hasBody ? bodyPlan(prng, minor) : null;
  const upgrades = body === null && method === "GET" && minor === 1 && prng.chance(0.06);
  const fields: [string, string][] = [];
  if (upgrades) fields.push(["Connection", "upgrade"], ["Upgrade", "echo"]);
  else if (minor === 0 && prng.chance(0.7)) fields.push(["Connection", "keep-alive"]);
  else if (prng.chance(0.04)) fields.push(["Connection", prng.pick(["close", "Close", "x, close"])]);
  for (let i = prng.below(4); i > 0; i--) {
    fields.push([`X-Field-${prng.below(8)}`, "v".repeat(prng.below(40))]);
  }
  const defect = minor === 1 && prng.chance(0.04) ? defectOf(prng, body) : null;
  return {
    id,
    method,
    minor,
    fields,
    body,
    defect,
    handler: handlerPlan(prng, { kind, method, body, upgrades }),
  };
}

function defectOf(prng: Prng, body: BodyPlan | null): string | null {
  if (body !== null && body.chunks !== null && prng.chance(0.5)) return prng.pick(BODY_DEFECTS);
  const name = prng.pick(Object.keys(HEAD_DEFECTS));
  // With a body the head has a framing, upon which the defect would be another.
  return body !== null && /length|coding/.test(name) ? "NUL" : name;
}

/** A body of a request. */
export function bodyPlan(prng: Prng, minor: 0 | 1): BodyPlan {
  return {
    length: prng.size(prng.pick([100, 5_000, 30_000])),
    chunks: minor === 1 && prng.chance(0.5)
      ? [Math.max(1, prng.size(2_000)), Math.max(20, prng.size(8_000))]
      : null,
    trailers: prng.chance(0.3),
    expects: minor === 1 && prng.chance(0.15) ? prng.pick([0, 100, 2_000]) : null,
  };
}

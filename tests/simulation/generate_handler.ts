/**
 * Draws what a handler does with a request: it answers, mostly; and misbehaves in every way that it can.
 */
import type { Act, BodyPlan, FetchBody, Form, HandlerPlan, TunnelEnd } from "./plan.ts";
import type { Prng } from "./prng.ts";

/** What a request is like. */
export interface Asked {
  readonly kind: "exchange" | "fetch";
  readonly method: string;
  readonly body: BodyPlan | null;
  readonly upgrades: boolean;
}

/** A handler for such a request. */
export function handlerPlan(prng: Prng, asked: Asked): HandlerPlan {
  const acts: Act[] = [];
  const mischief = prng.pick([0, 0.05, 0.3]);
  const pushSome = (): void => {
    if (prng.chance(0.25)) acts.push(pause(prng));
    if (prng.chance(mischief)) acts.push(misdeed(prng, asked));
  };
  pushSome();
  if (prng.chance(0.08)) acts.push(listen(prng));
  if (asked.body !== null && prng.chance(0.7)) acts.push(read(prng));
  pushSome();
  if (prng.chance(0.05)) acts.push({ act: "interim" });
  if (asked.upgrades || (asked.method === "CONNECT" && prng.chance(0.5))) acts.push(upgrade(prng));
  else if (prng.chance(0.97)) acts.push(...asked.kind === "fetch" ? [returned(prng)] : answer(prng, asked));
  pushSome();
  return {
    returns: prng.weighted([[10, "plain"], [2, asked.kind === "exchange" ? "callback" : "plain"], [
      1,
      "thenable",
    ], [1, "twice"]]),
    catches: prng.chance(0.7),
    acts,
  };
}

function pause(prng: Prng): Act {
  return prng.weighted<Act>([
    [3, { act: "wait", ms: -1 }],
    [2, { act: "wait", ms: 0 }],
    [3, { act: "wait", ms: prng.size(1_000) }],
    [1, { act: "work", ms: prng.size(10) }],
  ]);
}

function read(prng: Prng): Act {
  return {
    act: "read",
    how: prng.pick(["bytes", "text", "json", "pieces", "stream"] as const),
    pieces: prng.chance(0.7) ? 1_000_000 : prng.between(0, 3),
    awaits: prng.chance(0.85),
  };
}

function misdeed(prng: Prng, asked: Asked): Act {
  return prng.weighted<() => Act>([
    [3, () => ({ act: "throw" })],
    [2, () => ({ act: "never" })],
    [1, () => ({ act: "close" })],
    [1, () => ({ act: "shutdown" })],
    [2, () => ({ act: "abort" })],
    [2, () => ({ act: "interim" })],
    [2, () => read(prng)],
    [2, () => ({
      act: "timeouts",
      name: prng.pick(["idleTimeout", "requestTimeout", "minBodyRate", "writeTimeout"]),
      ms: prng.pick([0, 1, 100, 1_000]),
    })],
    [1, () => upgrade(prng)],
    [4, () => asked.kind === "fetch" ? returned(prng) : respond(prng)],
    [4, () => ({ act: "beside", acts: [pause(prng), ...answer(prng, asked)] })],
  ])();
}

function listen(prng: Prng): Act {
  return {
    act: "listen",
    to: prng.pick(["signal", "draining"] as const),
    then: prng.weighted([[4, "nothing"], [1, "close"], [2, "answer"]]),
  };
}

function upgrade(prng: Prng): Act {
  return {
    act: "upgrade",
    silent: false,
    writes: prng.pick([0, 1, 3, 20]),
    ends: prng.pick<TunnelEnd>(["closes", "aborts", "reads to the end", "cancels", "leaves it"]),
  };
}

function answer(prng: Prng, asked: Asked): Act[] {
  if (asked.kind === "fetch") return [];
  return prng.chance(0.6) ? [respond(prng)] : streamed(prng);
}

function respond(prng: Prng): Act {
  const status = prng.weighted([[12, 200], [1, 204], [1, 304], [1, 404], [1, 205], [1, 500]]);
  const isBodiless = status === 204 || status === 304 || status === 205;
  const form = isBodiless && prng.chance(0.9)
    ? "nothing"
    : prng.pick<Form>(["bytes", "text", "text", "wide text", "nothing"]);
  return {
    act: "respond",
    status,
    form,
    length: length(prng),
    close: prng.chance(0.03),
    bad: prng.chance(0.02),
  };
}

function length(prng: Prng): number {
  return prng.size(prng.pick([10, 1_000, 20_000, 40_000]));
}

function streamed(prng: Prng): Act[] {
  const acts: Act[] = [];
  let declared = 0;
  const count = prng.below(5);
  for (let i = 0; i < count; i++) {
    const length = prng.size(prng.pick([10, 1_000, 40_000]));
    declared += length;
    acts.push({ act: "write", length, text: prng.chance(0.5), patient: prng.chance(0.7) });
    if (prng.chance(0.2)) acts.push(pause(prng));
    if (prng.chance(0.03)) acts.push({ act: prng.pick(["throw", "abort", "never", "close"] as const) });
  }
  const off = prng.weighted([[16, 0], [1, 1], [1, -1]]);
  acts.unshift({ act: "start", declared: prng.chance(0.4) ? Math.max(0, declared + off) : null });
  if (prng.chance(0.95)) acts.push({ act: "end", trailers: prng.chance(0.2) });
  return acts;
}

function returned(prng: Prng): Act {
  const made = prng.weighted([[10, "fast"], [8, "native"], [1, "nothing"], [1, "number"]] as const);
  return {
    act: "return",
    made,
    status: prng.weighted([[12, 200], [1, 204], [1, 304], [1, 404]]),
    body: fetchBody(prng, made),
    trailers: prng.chance(0.1),
    lengthOff: prng.chance(0.1) ? prng.pick([0, 0, 1, -1]) : null,
  };
}

function fetchBody(prng: Prng, made: string): FetchBody {
  if (prng.chance(0.6)) {
    return { of: prng.pick<Form>(["bytes", "text", "text", "wide text", "nothing"]), length: length(prng) };
  }
  return {
    of: made === "fast" && prng.chance(0.3) ? "generator" : "stream",
    chunks: Array.from(
      { length: prng.below(6) },
      () =>
        [
          prng.size(prng.pick([10, 1_000, 40_000])),
          prng.weighted([[4, -1], [1, 0], [2, prng.size(400)]]),
        ] as const,
    ),
    ends: prng.weighted([[10, "closes"], [1, "errors"], [1, "never"]]),
  };
}

/**
 * Plans that failed once, as small as they got, by what they show. Unlike seeds they mean the same whatever the
 * generator draws.
 */
import {
  type Act,
  type ClientPlan,
  plainRequest,
  type Plan,
  type RequestPlan,
  type TransportPlan,
} from "./plan.ts";

const TRANSPORT: TransportPlan = {
  room: 1_000_000,
  latency: 0,
  drainDelay: 0,
  isLazy: false,
  lateChunk: false,
  hidesResets: false,
  givesMemory: false,
  faults: [],
};

/** A plan of one client with one request, which is answered by `acts`. */
function plan(
  kind: Plan["kind"],
  acts: readonly Act[],
  request: Partial<RequestPlan> = {},
  client: Partial<ClientPlan> & { readonly cuts?: readonly number[] } = {},
  rest: Partial<Plan> = {},
): Plan {
  const { cuts = [], ...ways } = client;
  const whole: RequestPlan = { ...plainRequest(1, acts), ...request };
  const steps = [{ do: "send", request: whole, part: null, joins: false, cuts, gap: 0 }] as const;
  const only: ClientPlan = {
    id: 1,
    at: 0,
    address: 1,
    transport: TRANSPORT,
    http2: null,
    steps,
    leaves: "vanish",
    ...ways,
  };
  return { seed: 0, kind, options: [], http2: null, callbacks: [], clients: [only], operator: [], ...rest };
}

const RESPOND: Act = { act: "respond", status: 200, form: "text", length: 8, close: false, bad: false };
const READ = { act: "read", how: "stream", pieces: 1_000_000, awaits: true } as const;
const SOON: Act = { act: "wait", ms: 0 };

/** The plans. */
export const REGRESSIONS: Readonly<Record<string, Plan>> = {
  "a response that the end of the connection ends is reset where close() cuts it off": plan(
    "exchange",
    [{ act: "start", declared: null }, { act: "close" }, {
      act: "write",
      length: 16,
      text: true,
      patient: false,
    }],
    { minor: 0 },
  ),
  "a response that the end of the connection ends is reset where shutdown() cuts it off": plan(
    "fetch",
    [{
      act: "return",
      made: "native",
      status: 200,
      body: { of: "stream", chunks: [[32, 0], [2, 500]], ends: "closes" },
      trailers: false,
      lengthOff: null,
    }],
    { minor: 0 },
    {},
    { operator: [{ at: 8, does: "shutdown", timeout: 100, idleGrace: 500, client: 0 }] },
  ),
  "a body that is read after the response does not begin in its middle": plan(
    "exchange",
    [SOON, RESPOND, READ],
    { method: "POST", body: { length: 2_047, chunks: [17, 512], trailers: true, expects: null } },
    { cuts: [257] },
  ),
  "a body of which a part is here is not read off the head where its handler aborts": plan(
    "exchange",
    [{ act: "abort" }, READ],
    { method: "POST", body: { length: 100, chunks: null, trailers: false, expects: null } },
    { cuts: [128, 1_024] },
  ),
  "a client that takes its response slowly is not taken to be gone": plan(
    "fetch",
    [{
      act: "return",
      made: "fast",
      status: 200,
      body: { of: "stream", chunks: [[8, -1], [32_767, -1]], ends: "closes" },
      trailers: false,
      lengthOff: null,
    }],
    { method: "OPTIONS", body: { length: 9, chunks: null, trailers: false, expects: null } },
    { transport: { ...TRANSPORT, room: 1_000, latency: 300 } },
    { options: [["highWaterMark", 1]] },
  ),
};

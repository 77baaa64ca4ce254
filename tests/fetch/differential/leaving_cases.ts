/**
 * What the Fetch standard says of a request that is aborted, asked of one whose client leaves.
 */
import type { Asked } from "./asked_request.ts";
import type { RequestCase } from "./request_cases.ts";

const GET: Asked = {};
const POST: Asked = { method: "POST", body: "hello" };

const CASES: Record<string, RequestCase["run"]> = {
  "aborts its signal": async (r, leave) => {
    const { signal } = r;
    await leave();
    return [signal.aborted, r.signal === signal];
  },
  "aborts a signal that nobody had looked at": async (r, leave) => {
    await leave();
    return r.signal.aborted;
  },
  "gives an AbortError for the reason": async (r, leave) => {
    await leave();
    const { reason } = r.signal;
    return [reason instanceof DOMException, reason.name, reason.code, () => r.signal.throwIfAborted()];
  },
  "tells listeners, once": async (r, leave) => {
    const events: unknown[] = [];
    r.signal.addEventListener("abort", (event) => events.push([event.type, event.target === r.signal]));
    r.signal.onabort = () => events.push("onabort");
    await leave();
    await leave();
    return events;
  },
  "aborts the signal of a clone": async (r, leave) => {
    const { signal } = r.clone();
    await leave();
    return [signal.aborted, signal.reason.name];
  },
  "aborts the signal of a request made of it": async (r, leave) => {
    const { signal } = new Request("http://b.example/", { signal: r.signal });
    const { signal: other } = new Request(r);
    await leave();
    return [signal.aborted, signal.reason.name, other.aborted, other.reason.name];
  },
  "aborts what AbortSignal.any() makes of it": async (r, leave) => {
    const signal = AbortSignal.any([r.signal]);
    await leave();
    return [signal.aborted, signal.reason.name];
  },
  "leaves everything else": async (r, leave) => {
    await leave();
    return [r.method, r.url, r.headers, r.body === null, r.bodyUsed];
  },
  "leaves a clone that was made before": async (r, leave) => {
    const clone = r.clone();
    await leave();
    return [clone.method, clone.url, clone.headers, () => clone.text()];
  },
  "leaves a body that had come whole": async (r, leave) => {
    await leave();
    return [r.text(), () => r.bodyUsed];
  },
};

/** All of them. */
export const leavingCases: readonly RequestCase[] = Object.entries(CASES).flatMap(([name, run]) => [
  { name: `leaving a GET ${name}`, asked: GET, run },
  { name: `leaving a POST ${name}`, asked: POST, run },
]);

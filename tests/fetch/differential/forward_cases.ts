/**
 * What reaches the next server when a request is passed on by `fetch()`, as a proxy does. Its URL is the next
 * server's.
 */
import type { Asked } from "./asked_request.ts";
import type { RequestCase } from "./request_cases.ts";

const GET: Asked = { target: "/a?b", fields: [["X-A", "1"], ["Authorization", "secret"], ["Cookie", "c=1"]] };
const POST: Asked = { ...GET, method: "POST", body: "hello" };

/** What the next server got, as it says. */
const got = async (response: Promise<Response>): Promise<unknown> => await (await response).json();

const CASES: Record<string, RequestCase["run"]> = {
  "as it is": (r) => [() => got(fetch(r)), () => r.bodyUsed],
  "by its URL, with itself for init": (r) => got(fetch(r.url, r)),
  "as a clone, and is still there": (r) => [() => got(fetch(r.clone())), () => r.text()],
  "after a clone was read": (r) => [() => r.clone().text(), () => got(fetch(r))],
  "to another path": (r) => got(fetch(new Request(new URL("/other", r.url), r))),
  "with other headers": (r) => got(fetch(r, { headers: { "x-b": "2" } })),
  "with its headers, and one more": (r) => {
    const headers = new Headers(r.headers);
    headers.set("x-b", "2");
    headers.delete("authorization");
    return got(fetch(new Request(r, { headers })));
  },
  "with headers that were changed": (r) => {
    r.headers.delete("authorization");
    r.headers.set("x-a", "2");
    return got(fetch(r));
  },
  "with headers that were changed after a clone": (r) => {
    r.clone();
    r.headers.delete("authorization");
    r.headers.set("x-a", "2");
    return got(fetch(r));
  },
  "with headers that were changed after somebody asked for its mode": (r) => {
    void r.mode;
    r.headers.delete("authorization");
    return got(fetch(new Request(r)));
  },
  "with another method": (r) => got(fetch(r, { method: "PUT" })),
  "with another body": (r) => got(fetch(r, { method: "POST", body: "other" })),
  "with a signal that is aborted": (r) => got(fetch(r, { signal: AbortSignal.abort() })),
  "after its body was read": (r) => [() => r.text(), () => got(fetch(r))],
  "twice": (r) => [() => got(fetch(r)), () => got(fetch(r))],
};

/** All of them, for a next server at `host`. */
export function forwardCases(host: string): RequestCase[] {
  return Object.entries(CASES).flatMap(([name, run]) => [
    { name: `a GET is passed on ${name}`, asked: { ...GET, host }, run },
    { name: `a POST is passed on ${name}`, asked: { ...POST, host }, run },
  ]);
}

/**
 * What the next server gets of a request that a handler passes on, beside the platform's.
 */
import { after } from "node:test";
import { serve } from "../../../mod.ts";
import type { NetAddr } from "../../../src/api/transport.ts";
import { askMooring, askPlatform } from "./asked_request.ts";
import { compare } from "./compare.ts";
import { forwardCases } from "./forward_cases.ts";

/** Tells what it gets; of the fields those that are the client's to say. */
const next = await serve({
  port: 0,
  hostname: "127.0.0.1",
  async exchange(x) {
    const body = new TextDecoder().decode(await x.bytes());
    const fields = ["x-a", "x-b", "authorization", "cookie", "content-type"].map((name) => x.header(name));
    x.respond(
      200,
      { "content-type": "application/json" },
      JSON.stringify([x.method, x.target, fields, body]),
    );
  },
});
after(() => next.close());

for (const { name, asked, run } of forwardCases(`127.0.0.1:${(next.addr as NetAddr).port}`)) {
  compare("request", name, () => askPlatform(asked, run), () => askMooring(asked, run));
}

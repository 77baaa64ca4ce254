/**
 * The headers that programs meet in a fetch handler, beside the platform's.
 */
import { FastResponse } from "../../../mod.ts";
import { NativeResponse } from "../../../src/fetch/response_override.ts";
import { connect } from "../../support/memory.ts";
import { type Asked, askMooring, askPlatform } from "./asked_request.ts";
import { compare, compareTable } from "./compare.ts";
import { headersCases } from "./headers_cases.ts";

connect({ fetch: () => new Response() }); // from then on the globals are Mooring's

for (const { name, lines, run } of headersCases) {
  const asked: Asked = { fields: lines };
  compare(
    "headers of a request",
    name,
    () => askPlatform(asked, ({ headers }) => run(headers)),
    () => askMooring(asked, ({ headers }) => run(headers)),
  );
  const init = { headers: lines as [string, string][] };
  const platform = (): unknown => run(new NativeResponse(null, init).headers);
  compare("headers of a Response", name, platform, () => run(new Response(null, init).headers));
  compare("headers of a FastResponse", name, platform, () => run(new FastResponse(null, init).headers));
}
for (
  const subject of ["headers of a request", "headers of a Response", "headers of a FastResponse"] as const
) {
  compareTable(subject);
}

/**
 * The request that a fetch handler gets, beside the platform's.
 */
import { askMooring, askPlatform } from "./asked_request.ts";
import { compare, compareTable } from "./compare.ts";
import { leavingCases } from "./leaving_cases.ts";
import { requestBodyCases } from "./request_body_cases.ts";
import { requestCases } from "./request_cases.ts";

for (const { name, asked, run } of [...requestCases, ...requestBodyCases, ...leavingCases]) {
  compare("request", name, () => askPlatform(asked, run), () => askMooring(asked, run));
}
for (const { name, asked, run } of requestBodyCases) {
  if (asked.body === undefined) continue;
  const chunked = { ...asked, isChunked: true };
  compare("chunked request", name, () => askPlatform(chunked, run), () => askMooring(chunked, run));
}
compareTable("request");
compareTable("chunked request");

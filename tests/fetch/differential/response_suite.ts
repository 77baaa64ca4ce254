/**
 * All that is asked of a class in the place of `Response`.
 */
import { NativeResponse, TYPES_TEXT } from "../../../src/fetch/response_override.ts";
import { PlatformResponse } from "../response_contract/harness.ts";
import { compare, compareTable } from "./compare.ts";
import type { Subject } from "./known_differences.ts";
import { responseBodyCases } from "./response_body_cases.ts";
import { responseCases, type ResponseClass } from "./response_cases.ts";

/** As the Fetch standard has it: Bun tells the type of a text to none but its own server. */
const Platform: ResponseClass = TYPES_TEXT ? NativeResponse : PlatformResponse;

const types = (R: ResponseClass): unknown => [new R("x").headers, R.json(1).headers];

/** Registers the tests of `R`. */
export function compareResponse(subject: Subject, R: ResponseClass): void {
  for (const [name, run] of [...responseCases, ...responseBodyCases]) {
    compare(subject, name, () => run(Platform), () => run(R));
  }
  compare(subject, "the types of text and JSON", () => types(NativeResponse), () => types(R));
  compareTable(subject);
}

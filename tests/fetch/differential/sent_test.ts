/**
 * What a client gets, beside what the platform's response of the same making holds.
 */
import { FastResponse } from "../../../mod.ts";
import { NativeResponse, TYPES_TEXT } from "../../../src/fetch/response_override.ts";
import { connect } from "../../support/memory.ts";
import { responseCases, type ResponseClass } from "../../support/response_cases.ts";
import { PlatformResponse } from "../response_contract/harness.ts";
import { compare, compareTable } from "./compare.ts";
import { framingCases, held, phrase, sent } from "./sent_cases.ts";

connect({ fetch: () => new Response() }); // from then on the globals are Mooring's

const SUBJECTS = {
  "a sent Response": Response,
  "a sent FastResponse": FastResponse as unknown as ResponseClass,
  "a sent response of the platform's class": TYPES_TEXT ? NativeResponse : PlatformResponse,
} as const;

for (const subject of Object.keys(SUBJECTS) as (keyof typeof SUBJECTS)[]) {
  const R = SUBJECTS[subject];
  for (const [name, make] of responseCases) {
    compare(subject, name, () => held(make, PlatformResponse), () => sent(make, R));
  }
  for (const [name, run, expected] of framingCases()) compare(subject, name, () => expected, () => run(R));
  compare(subject, "its statusText", () => "Mine", () => phrase(R, { statusText: "Mine" }));
  compareTable(subject);
}

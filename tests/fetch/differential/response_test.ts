/**
 * `FastResponse`, and `Response` once there is a fetch handler, beside the platform's class.
 */
import { FastResponse } from "../../../mod.ts";
import { connect } from "../../support/memory.ts";
import type { ResponseClass } from "./response_cases.ts";
import { compareResponse } from "./response_suite.ts";

connect({ fetch: () => new Response() }); // from then on the globals are Mooring's

compareResponse("Response", Response);
compareResponse("FastResponse", FastResponse as unknown as ResponseClass);

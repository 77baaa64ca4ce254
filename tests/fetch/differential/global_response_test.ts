/**
 * `Response` of `@mooring/http/global`, beside the platform's class.
 */
import "../../../global.ts";
import { compareResponse } from "./response_suite.ts";

compareResponse("Response of @mooring/http/global", Response);

// The same as mooring_hono.ts, with `@mooring/http/global`, which makes the app's `new Response` cheap.

import "../../global.ts";
import "./mooring_hono.ts";

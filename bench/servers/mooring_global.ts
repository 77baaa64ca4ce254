// The same as mooring_native.ts, with `@mooring/http/global`, which makes its `new Response` cheap.

import "../../global.ts";
import "./mooring_native.ts";

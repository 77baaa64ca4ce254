// Mooring with its defaults, from whichever checkout.

import { pathToFileURL } from "node:url";
import { hostname, loadApp, port, settings, tls } from "../settings.ts";

const checkout = pathToFileURL(settings.checkout!).href;
if (settings.global) await import(`${checkout}/global.ts`);
const { serve }: typeof import("../../../mod.ts") = await import(`${checkout}/mod.ts`);

await serve({ port, hostname, ...tls ? { tls } : {}, fetch: await loadApp() });
console.log("ready");

// Mooring with its defaults, from whichever checkout, as its users get it: on Node and Bun the npm package, where it is
// built, on Deno the sources.

import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { hostname, loadApp, port, settings, tls } from "../settings.ts";

const isBuilt = !("Deno" in globalThis) && existsSync(`${settings.checkout}/dist/mod.js`);
const checkout = pathToFileURL(settings.checkout!).href;
const moduleOf = (name: string): string => `${checkout}/${isBuilt ? `dist/${name}.js` : `${name}.ts`}`;

if (settings.global) await import(moduleOf("global"));
const { serve }: typeof import("../../../mod.ts") = await import(moduleOf("mod"));

await serve({ port, hostname, ...tls ? { tls } : {}, fetch: await loadApp() });
console.log("ready");

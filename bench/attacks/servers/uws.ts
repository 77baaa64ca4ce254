// uWebSockets.js, with its defaults. It is not on npm: see `features.mjs`.

import { createRequire } from "node:module";
import { bodyOf, hostname, port } from "./app.ts";

const { App } = createRequire(import.meta.url)("uWebSockets.js");

// deno-lint-ignore no-explicit-any
App().any("/*", (response: any, request: any) => {
  if (request.getMethod() !== "post") {
    response.end(bodyOf(request.getUrl()));
    return;
  }
  let length = 0;
  response.onAborted(() => {});
  response.onData((chunk: ArrayBuffer, isLast: boolean) => {
    length += chunk.byteLength;
    if (isLast) response.end(String(length));
  });
}).listen(hostname, port, () => console.log("ready"));

/**
 * The runtime at hand, whichever it is.
 */
import type { Listen } from "../server/listener.ts";
import type { Platform } from "../server/platform.ts";
import { platformWith } from "./platform.ts";

/** Each runtime's listener is loaded on that runtime only, and when it is needed. */
const listenOnRuntime: Listen = async (settings, accept) => {
  const listen = "Bun" in globalThis
    ? (await import("./bun_listener.ts")).listenOnBun
    : "Deno" in globalThis
    ? (await import("./deno_listener.ts")).listenOnDeno
    : (await import("./node_listener.ts")).listenOnNode;
  return await listen(settings, accept);
};

/** What servers need of it. */
export const runtime: Platform = platformWith(listenOnRuntime);

/**
 * How servers start, on any runtime.
 */
import type { ConnectionOptions, ServeOptions, ServerOptions } from "../api/options.ts";
import type { Server } from "../api/server.ts";
import { type AdmissionSettings, serverSettings, serveSettings, type Settings } from "../options/settings.ts";
import { HttpServer } from "./http_server.ts";
import { listenOn } from "./listen.ts";
import type { Platform } from "./platform.ts";
import { ServerFacade } from "./server_facade.ts";

/**
 * Makes a server that does not listen yet.
 *
 * @throws {TypeError} on a wrong type, an unknown option, or not exactly one handler
 * @throws {RangeError} on a number out of range
 */
export function makeServer(options: ServerOptions, platform: Platform): Server {
  const settings = serverSettings(options);
  return facadeOf(serverOn(platform, options, settings), platform);
}

/** A server that does not listen. */
export function serverOn(
  platform: Platform,
  options: ConnectionOptions,
  settings: Settings & AdmissionSettings,
): HttpServer {
  return new HttpServer(options, settings, platform.clock, platform.inOwnContext, platform.tracer);
}

function facadeOf(server: HttpServer, platform: Platform): Server {
  const facade = new ServerFacade(server, platform);
  platform.onServer?.(facade);
  return facade;
}

/**
 * Makes a server and listens.
 *
 * @throws {TypeError} and {RangeError} as `makeServer` does
 * @throws {ListenError} where it cannot listen; `code` is the system's, such as `EADDRINUSE`, and `cause` its error
 */
export async function startServer(options: ServeOptions, platform: Platform): Promise<Server> {
  const settings = serveSettings(options);
  const { signal } = options;
  signal?.throwIfAborted();
  const server = serverOn(platform, options, settings);
  const addr = await listenOn(server, settings, platform.listen);
  const onAbort = (): void => void server.shutdown();
  signal?.addEventListener("abort", onAbort);
  void server.finished.then(() => signal?.removeEventListener("abort", onAbort));
  if (signal?.aborted) onAbort();
  try {
    server.watch(options.onListen?.(addr));
  } catch (error) {
    await server.close();
    throw error;
  }
  return facadeOf(server, platform);
}

// What the harness tells a server: its port, and the rest as JSON.

import process from "node:process";
import type { TlsOptions } from "../../src/api/tls.ts";
import { FIRST } from "../../tests/support/certificates.ts";

export interface Settings {
  /** Which of the two applications. */
  app: "plain" | "hono";
  /** The directory that files are served from. */
  files: string;
  tls?: boolean;
  /** The URL of the server that the proxy asks. */
  upstream?: string;
  /** Where the server ends a connection that is asked to end, but does not say so: the application does. */
  saysClose?: boolean;
  /** Mooring alone: the directory of its checkout, and whether with `/global`. */
  checkout?: string;
  global?: boolean;
}

export const port: number = Number(process.argv[2]);
export const hostname = "127.0.0.1";
export const settings: Settings = JSON.parse(process.argv[3]);
export const tls: TlsOptions | undefined = settings.tls ? FIRST : undefined;
/** The certificate and its key as text. */
export const pem: { cert: string; key: string } | undefined = tls as
  | { cert: string; key: string }
  | undefined;

/** The response to a client that asks for the end of its connection. */
export const closing: ResponseInit | undefined = settings.saysClose
  ? { headers: { connection: "close" } }
  : undefined;

export type Fetch = (request: Request) => Response | Promise<Response>;

/** The application, for servers that load something else first. */
export async function loadApp(): Promise<Fetch> {
  if (settings.app === "plain") return (await import("./app.ts")).fetch;
  const { app } = await import("./hono_app.ts");
  return (request) => app.fetch(request);
}

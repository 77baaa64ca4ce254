/** Clients of TLS that tell what they were shown, and show a certificate of their own. */
import tls from "node:tls";
import type { NetAddr, Server } from "../../mod.ts";
import { inTime } from "./deadline.ts";
import { IS_DENO } from "./listening.ts";
import { get, parseResponses } from "./memory.ts";

/** What a client got. */
export interface TlsAnswer {
  /** The common name in the server's certificate; "undefined" where a session was resumed. */
  readonly subject: string;
  /** The body of the response. */
  readonly body: string;
  /** What resumes the session, where the server has given it. */
  readonly session: Uint8Array | undefined;
}

/**
 * Asks `server` once, alone on a connection of these options; rejects where that fails. Deno replaces a certificate by
 * another listener, and nobody listens meanwhile: then it asks again.
 */
export async function askByTls(server: Server, options: tls.ConnectionOptions = {}): Promise<TlsAnswer> {
  for (;;) {
    try {
      return await askOnce(server, options);
    } catch (error) {
      if (!IS_DENO || (error as { code?: string }).code !== "ECONNREFUSED") throw error;
    }
  }
}

function askOnce(server: Server, options: tls.ConnectionOptions): Promise<TlsAnswer> {
  const { port } = server.addr as NetAddr;
  let subject = "";
  let received = "";
  let session: Uint8Array | undefined;
  const answer = new Promise<TlsAnswer>((resolve, reject) => {
    const socket = tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options }, () => {
      subject = String(socket.getPeerCertificate().subject?.CN);
      socket.write(get("/", "Connection: close"));
    });
    socket.setEncoding("latin1");
    socket.on("session", (given: Uint8Array) => session = given);
    socket.on("data", (text: string) => received += text);
    socket.on("error", reject);
    socket.on("close", () => {
      const [response] = received === "" ? [] : parseResponses(received);
      if (response === undefined) reject(new Error("the connection was closed without an answer"));
      else resolve({ subject, body: response.body, session });
    });
  });
  return inTime(answer, "the answer over TLS");
}

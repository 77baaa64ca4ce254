// What all these servers have in common: where they listen, and what a GET is answered with. Arguments of each: the
// port, how many bytes to answer with ("hello" where that is missing or 0), and "close" where clients ask for that.

import process from "node:process";

export const port: number = Number(process.argv[2]);
export const hostname = "127.0.0.1";

const bytes = Number(process.argv[3] ?? 0);

/** Bytes rather than text where there are many of them: as a file that was read once. */
export const body: string | Uint8Array<ArrayBuffer> = bytes > 0 ? new Uint8Array(bytes).fill(0x78) : "hello";

/** Bun.serve ends a connection that is asked to end, but does not say so, which clients take for a failure. */
export const init: ResponseInit | undefined = "Bun" in globalThis && process.argv[4] === "close"
  ? { headers: { connection: "close" } }
  : undefined;

/**
 * Where a server without `hostname` listens on machines that differ.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { systemClock } from "../../src/core/clock.ts";
import type { Listen } from "../../src/server/listener.ts";
import { startServer } from "../../src/server/start.ts";

const options = { port: 8000, fetch: (): Response => new Response() };

/** A machine whose system answers listening on `::` with this error. */
function machine(code: string): { readonly listen: Listen; readonly asked: string[] } {
  const asked: string[] = [];
  const listen: Listen = ({ at }) => {
    assert.ok(at.kind === "tcp");
    asked.push(at.hostname);
    if (at.hostname === "::") throw Object.assign(new Error("failed"), { code });
    return { addr: { transport: "tcp", hostname: at.hostname, port: at.port }, isSecure: false, close() {} };
  };
  return { listen, asked };
}

test("a server without hostname takes IPv4 alone where there is no IPv6", async () => {
  for (const code of ["EAFNOSUPPORT", "EADDRNOTAVAIL", "EINVAL"]) {
    const { listen, asked } = machine(code);
    await using server = await startServer(options, { clock: systemClock, listen });
    assert.deepEqual(asked, ["::", "0.0.0.0"]);
    assert.equal(server.url, "http://localhost:8000/");
  }
});

test("a server without hostname takes no half of a port that is in use", async () => {
  const { listen, asked } = machine("EADDRINUSE");
  await assert.rejects(startServer(options, { clock: systemClock, listen }), { code: "EADDRINUSE" });
  assert.deepEqual(asked, ["::"]);
});

test("a listener that fails to close does not keep a server from ending", async () => {
  const broken = new Error("the socket's file cannot be taken away");
  const fails = [
    () => {
      throw broken;
    },
    () => Promise.reject(broken),
  ];
  for (const close of fails) {
    const errors: unknown[] = [];
    const addr = { transport: "tcp", hostname: "127.0.0.1", port: 8000 } as const;
    const listen: Listen = () => ({ addr, isSecure: false, close });
    const onError = (error: unknown): void => void errors.push(error);
    const server = await startServer({ ...options, onError }, { clock: systemClock, listen });
    await server.close();
    assert.deepEqual(errors, [broken]);
  }
});

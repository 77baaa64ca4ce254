// The smallest program on each server: what it takes to start is what the server takes. Arguments: the port, and the
// module that serves, or nothing for the runtime's own. It has no types, which Node would have to strip first; and
// `process` is not looked at on Deno, which would load it.

const [port, module] = globalThis.Deno?.args ?? globalThis.process.argv.slice(2);
const where = { port: Number(port), hostname: "127.0.0.1" };
const fetch = () => new Response("hello");

if (module) {
  const { serve } = await import(module);
  serve({ ...where, fetch });
} else if (globalThis.Bun) globalThis.Bun.serve({ ...where, fetch });
else globalThis.Deno.serve({ ...where, onListen() {} }, fetch);

/**
 * One asynchronous context for each request: what a handler leaves behind in an `AsyncLocalStorage` (`enterWith`), or
 * answers within (`run`), must not be seen by the request that is read next, which may follow from inside of the
 * answer. Entering a context costs as much as a tenth of a small request, so it is entered only once a program uses a storage.
 */
import type { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import type { RequestHandler } from "../core/exchange.ts";

/** What is used of `node:async_hooks`. */
interface AsyncHooks {
  readonly AsyncLocalStorage: typeof AsyncLocalStorage;
  readonly AsyncResource: typeof AsyncResource;
}

/** What Deno's `AsyncLocalStorage` rests on. There `process` alone takes longer to load than everything else together. */
interface DenoCore {
  getAsyncContext(): unknown;
  setAsyncContext(context: unknown): void;
}

/** Whether the program has used a storage since the first handler was made. */
let used = false;
/** Whether a resource keeps what is entered in its scope, as it does before Node 24; `null` until it was tried. */
let keepsEntered: boolean | null = null;

/** `handler`, called each time in the context of this call. */
export function inOwnContext(handler: RequestHandler): RequestHandler {
  const core = denoCore();
  if (core !== undefined) return inContextOfDeno(handler, core);
  const hooks = asyncHooks();
  if (hooks === undefined) return handler;
  const { AsyncResource } = hooks;
  if (keepsEntered === null) {
    keepsEntered = tryKeeping(hooks);
    watchUse(hooks);
  }
  const context = new AsyncResource(CONTEXT);
  const inNew: RequestHandler = (x) => new AsyncResource(CONTEXT).runInAsyncScope(handler, undefined, x);
  const inner = keepsEntered ? inNew : handler;
  return (x) => used ? context.runInAsyncScope(inner, undefined, x) : handler(x);
}

function denoCore(): DenoCore | undefined {
  const { Deno } = globalThis as unknown as {
    Deno?: Record<PropertyKey, { readonly core?: Partial<DenoCore> }>;
  };
  const core = Deno?.[Deno.internal as unknown as symbol]?.core;
  return core?.getAsyncContext && core.setAsyncContext ? core as DenoCore : undefined;
}

function inContextOfDeno(handler: RequestHandler, core: DenoCore): RequestHandler {
  const { getAsyncContext, setAsyncContext } = core;
  const context = getAsyncContext();
  return (x) => {
    const before = getAsyncContext();
    setAsyncContext(context);
    try {
      return handler(x);
    } finally {
      setAsyncContext(before);
    }
  };
}

function asyncHooks(): AsyncHooks | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };
  return process?.getBuiltinModule?.("node:async_hooks") as AsyncHooks | undefined;
}

/** How diagnostics call a context. */
const CONTEXT = "MooringRequest";

function tryKeeping({ AsyncLocalStorage, AsyncResource }: AsyncHooks): boolean {
  const storage = new AsyncLocalStorage<boolean>();
  const context = new AsyncResource(CONTEXT);
  context.runInAsyncScope(() => storage.enterWith(true));
  return context.runInAsyncScope(() => storage.getStore()) === true;
}

/** Notices the first use of any storage; after that the methods are the platform's own again. */
function watchUse({ AsyncLocalStorage }: AsyncHooks): void {
  const prototype = AsyncLocalStorage.prototype as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const name of ["enterWith", "run"]) {
    const original = prototype[name];
    const noticing = function (this: unknown, ...args: unknown[]): unknown {
      used = true;
      if (prototype[name] === noticing) prototype[name] = original;
      return Reflect.apply(original, this, args);
    };
    prototype[name] = noticing;
  }
}

// Flags of V8, as the runtimes that have it take them. The others pass over them.

/** `runtime` with these flags of V8. */
export function withV8Flags(runtime, flags) {
  switch (runtime.id) {
    case "node":
      return { ...runtime, flags: [...runtime.flags, ...flags] };
    case "deno":
      return { ...runtime, flags: [...runtime.flags, `--v8-flags=${flags.join()}`] };
    default:
      return runtime;
  }
}

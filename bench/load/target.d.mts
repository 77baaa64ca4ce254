/** Types of target.mjs, for the test that imports it. */
export function resolveTarget(
  text: string,
  options?: { readonly allowRemote?: boolean },
): Promise<{ readonly url: string; readonly host: string }>;

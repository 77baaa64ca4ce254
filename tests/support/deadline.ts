/**
 * Bounds on waiting, so that what hangs fails with its name instead of holding up the whole file.
 */

/** Longer than anything here takes on a slow machine, in milliseconds. */
const PATIENCE = 30_000;

/** As `promise`, but rejects when it takes too long for any good reason. */
export async function inTime<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${what}: still waiting after ${PATIENCE / 1000} s`)),
      PATIENCE,
    );
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

// What long polls wait for: one event for all of them, at a time.

/** Milliseconds from the first that waits to the event, and those of a poll with a timer of its own. */
export const POLL: number = 100;

let waiting: (() => void)[] = [];

/** Resolves with the next event. */
export function nextEvent(): Promise<void> {
  if (waiting.length === 0) setTimeout(publish, POLL);
  return new Promise((resolve) => void waiting.push(resolve));
}

function publish(): void {
  const all = waiting;
  waiting = [];
  for (const resolve of all) resolve();
}

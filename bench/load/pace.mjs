// When a client sends its next request: at once, so many milliseconds after an answer, or when the rate says.
// autocannon's own rates are no help: they send all the requests of a second in one burst.

/** Milliseconds below which a timer would be later than the request is early without one. */
const TOO_SHORT = 1;

/** For the client `index` of `connections`: `first` is the milliseconds from the start to its first request. `next()`
 * takes those to an answer, and tells the milliseconds to `wait` from there, or how far `behind` the rate the next
 * request is already: its latency has to include that, or a server that stalls is not asked when it would be slow. */
export function createPace({ pause = 0, rate, connections }, index) {
  if (!rate) {
    const after = { wait: pause, behind: 0 };
    return { first: 0, next: () => after };
  }
  const interval = connections * 1000 / rate;
  const first = index * 1000 / rate; // the clients take turns
  let due = first;
  return {
    first,
    next(elapsed) {
      due += interval;
      const wait = due - elapsed;
      return { wait: wait < TOO_SHORT ? 0 : wait, behind: Math.max(0, -wait) };
    },
  };
}

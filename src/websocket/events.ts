/**
 * The events of a WebSocket: the platform's classes, or the same where it has none.
 */

/** As `CloseEvent`, which Node has from 23 on. */
class OwnCloseEvent extends Event implements CloseEvent {
  readonly wasClean: boolean;
  readonly code: number;
  readonly reason: string;

  constructor(type: string, { wasClean = false, code = 0, reason = "", ...init }: CloseEventInit = {}) {
    super(type, init);
    this.wasClean = wasClean;
    this.code = code;
    this.reason = reason;
  }
}

/** As `ErrorEvent`, as far as it tells of an error. */
class OwnErrorEvent extends Event {
  readonly message: string;
  readonly error: unknown;

  constructor(type: string, { message = "", error, ...init }: ErrorEventInit = {}) {
    super(type, init);
    this.message = message;
    this.error = error;
  }
}

/** A `close` event. */
export function closeEvent(code: number, reason: string, wasClean: boolean): Event {
  const { CloseEvent = OwnCloseEvent } = globalThis;
  return new CloseEvent("close", { code, reason, wasClean });
}

/** An `error` event, which tells what is wrong. */
export function errorEvent(error: unknown): Event {
  const ErrorEvent = (globalThis.ErrorEvent ?? OwnErrorEvent) as unknown as typeof OwnErrorEvent;
  return new ErrorEvent("error", { error, message: error instanceof Error ? error.message : String(error) });
}

/** A listener, as the platform's types have it. */
type Listener = ((event: never) => unknown) | { handleEvent(event: never): unknown };

/** Where the errors of each target's listeners are reported. */
const reporters = new WeakMap<EventTarget, (error: unknown) => void>();
const guards = new WeakMap<Listener, (event: Event) => void>();

/** Has what the guarded listeners of `target` throw reported to `report`. */
export function reportTo(target: EventTarget, report: (error: unknown) => void): void {
  reporters.set(target, report);
}

/**
 * `listener` as one that never throws: what it throws, or rejects with, is reported. The platforms would end the
 * process. Answers the same for the same listener.
 */
export function guarded(listener: Listener): (event: Event) => void {
  let guard = guards.get(listener);
  if (guard === undefined) {
    guard = (event) => {
      // Not `currentTarget`, which Node forgets after the first listener.
      const target = event.target!;
      const report = reporters.get(target) ?? console.error;
      try {
        const result: unknown = typeof listener === "function"
          ? listener.call(target, event as never)
          : listener.handleEvent(event as never);
        if (typeof (result as PromiseLike<unknown> | undefined)?.then === "function") {
          (result as PromiseLike<unknown>).then(undefined, report);
        }
      } catch (error) {
        report(error);
      }
    };
    guards.set(listener, guard);
  }
  return guard;
}

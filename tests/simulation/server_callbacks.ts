/**
 * The callbacks of the user's that a server has, which misbehave as the plan says, and tell a watcher first.
 */
import type { Connection, ConnectionState } from "../../src/api/transport.ts";
import type { ConnectionOptions } from "../../src/api/options.ts";
import { HandlerError } from "./handler_call.ts";
import type { CallbackPlan } from "./plan.ts";

/** The body of a response that `onError` returns. */
export const ON_ERROR_TEXT: string = "error";

/** Who is told of what the callbacks are. */
export interface CallbackWatcher {
  stateChanged(connection: Connection, state: ConnectionState): void;
  failed(error: unknown): void;
  refused(status: number, connection: Connection): void;
}

/** What misbehaving callbacks reach for. */
export interface Reach {
  shutDown(): void;
  closeAll(): void;
}

type Callbacks = Pick<ConnectionOptions, "onStateChange" | "onError"> & {
  readonly onRefused?: (error: { readonly status: number }, connection: Connection) => void | Promise<void>;
};

/** The callbacks; `reach` gives what there is to reach for by then. */
export function callbacks(
  plans: readonly CallbackPlan[],
  watcher: CallbackWatcher,
  reach: () => Reach,
): Callbacks {
  const misbehave = misbehaviour(plans, reach);
  return {
    onStateChange(connection, state) {
      watcher.stateChanged(connection, state);
      return misbehave("onStateChange", connection) as void | Promise<void>;
    },
    onError(error) {
      watcher.failed(error);
      return misbehave("onError", null) as Promise<Response | void>;
    },
    onRefused({ status }, connection) {
      watcher.refused(status, connection);
      return misbehave("onRefused", connection) as void | Promise<void>;
    },
  };
}

function misbehaviour(
  plans: readonly CallbackPlan[],
  reach: () => Reach,
): (name: CallbackPlan["name"], connection: Connection | null) => unknown {
  const calls = { onStateChange: 0, onError: 0, onRefused: 0 };
  return (name, connection) => {
    const call = ++calls[name];
    const plan = plans.find((plan) => plan.name === name && call >= plan.from);
    switch (plan?.does) {
      case "throws":
        throw new HandlerError(`${name} throws`);
      case "rejects":
        return Promise.reject(new HandlerError(`${name} rejects`));
      case "never settles":
        return new Promise(() => {});
      case "closes":
        return connection?.close();
      case "shuts down":
        return reach().shutDown();
      case "closes all":
        return reach().closeAll();
      case "answers":
        return name === "onError"
          ? new Response(ON_ERROR_TEXT, { status: 500, headers: { "x-name": "error" } })
          : undefined;
      default:
        return undefined;
    }
  };
}

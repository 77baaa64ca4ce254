/**
 * What HTTP/2 clients do, as plain data: a part of a run's plan.
 */
import type { Representation } from "../support/hpack.ts";
import type { HeadersWay } from "./http2_frames.ts";
import type { RequestPlan } from "./plan.ts";

/** Identifiers and values of settings. */
export type SettingsPlan = readonly (readonly [id: number, value: number])[];

/** The ways of one connection. */
export interface Http2Ways {
  /** What its first SETTINGS say. */
  readonly settings: SettingsPlan;
  /** What it adds to the connection's window at once. */
  readonly connectionWindow: number;
  /** After how long it gives windows back; -1 for never. */
  readonly gives: number;
  /** What of a window must be used up before it does, from 0 to 1. */
  readonly share: number;
  /** After how long it acknowledges SETTINGS, and answers PING; -1 for never. */
  readonly acks: number;
  readonly pongs: number;
  /** How its encoder represents fields, one after another, again and again. */
  readonly fields: readonly Representation[];
  /** The size of its dynamic table. */
  readonly table: number;
  /** Whether its blocks have the same octets again and again, with another meaning: only the dynamic table changes. */
  readonly repeats: boolean;
  /** Sizes of the pieces in which octets leave, again and again, and the time between two; -1 for none. */
  readonly cuts: readonly number[];
  readonly gap: number;
}

/** How one request is sent. */
export interface StreamWay {
  readonly headers: HeadersWay;
  /** Sizes of DATA, again and again, and their padding, -1 for none. */
  readonly data: readonly number[];
  readonly pads: readonly number[];
  /** Between two frames of DATA; -1 for none. */
  readonly gap: number;
  /** Whether END_STREAM comes in an empty frame of its own. */
  readonly endsApart: boolean;
  /** Whether the next step waits until all of it is sent. */
  readonly awaits: boolean;
  /** A `priority` field, or `null`. */
  readonly priority: string | null;
}

/** What an HTTP/2 client does, beside what other clients do. */
export type Http2Step =
  | { readonly do: "open"; readonly request: RequestPlan; readonly way: StreamWay }
  | { readonly do: "rst"; readonly of: number; readonly code: number }
  | { readonly do: "ping"; readonly count: number }
  | { readonly do: "settings"; readonly values: SettingsPlan }
  | { readonly do: "table"; readonly size: number }
  | { readonly do: "priority"; readonly of: number; readonly field: string | null }
  | { readonly do: "unknown"; readonly length: number; readonly of: number }
  | { readonly do: "goaway" }
  /** Gives windows back now, whatever its ways are. */
  | { readonly do: "give" }
  | { readonly do: "violate"; readonly name: string; readonly of: number }
  /** Opens streams, and resets each at once. */
  | { readonly do: "flood"; readonly request: RequestPlan; readonly count: number; readonly code: number };

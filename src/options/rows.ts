/**
 * What the table says of an option. Types only.
 */

/**
 * What takes an option: `serveConn()` those of `connection`, `createServer()` those of `server` too, `listen()` those of
 * `listen`, and `serve()` all.
 */
export type OptionScope = "connection" | "server" | "listen" | "serve";

/** What a number measures; a `time` is whole milliseconds, and a `ratio` from 0 to 1. */
export type NumberKind = "time" | "count" | "bytes" | "ratio";

/** The values that a number may have. */
export interface Bounds {
  /** What it measures. */
  readonly kind: NumberKind;
  /** The least value; 0 by default. */
  readonly min?: number;
  /** The largest value; by default what its kind can hold. */
  readonly max?: number;
}

/** A number that may be left out. */
export interface NumberRow extends Bounds {
  /** The value where it is left out. */
  readonly default: number;
}

/** A member of an option that is an object: a number, or what has a check of its own. */
export type Member = NumberRow | { readonly kind: "other" };

/** What every option has. */
interface OptionRow {
  /** Who takes it. */
  readonly scope: OptionScope;
  /** One line for docs/options.md, as Markdown. */
  readonly doc: string;
}

/** An option that is a number. */
export interface NumberOption extends OptionRow, NumberRow {}

/** An option that is a boolean. */
export interface FlagOption extends OptionRow {
  /** What it is. */
  readonly kind: "boolean";
  /** The value where it is left out. */
  readonly default: boolean;
}

/** An option that is an object. */
export interface ObjectOption extends OptionRow {
  /** What it is; `minBodyRate` may be a number, and `http2` a boolean, too. */
  readonly kind: "object";
  /** The value where it is left out, unless that is an object of its members' defaults. */
  readonly default?: false;
  /** What it consists of, by name. */
  readonly members: Readonly<Record<string, Member>>;
}

/** An option that is a function. */
export interface FunctionOption extends OptionRow {
  /** What it is. */
  readonly kind: "function";
  /** What docs/options.md says that it is where it is left out. */
  readonly default?: string;
}

/** An option with a check of its own. */
export interface OtherOption extends OptionRow {
  /** What it is. */
  readonly kind: "other";
  /** The value where it is left out, or what docs/options.md says that it is. */
  readonly default?: string | number;
}

/** An option. */
export type Option = NumberOption | FlagOption | ObjectOption | FunctionOption | OtherOption;

/** What docs/options.md says of an option. */
export interface ToldOption extends OptionRow {
  /** The default: a value, or text as it is; empty for none. */
  readonly default: boolean | number | string;
}

/**
 * What can be wrong with a request in HTTP/2, in one place of one that is right otherwise, and what RFC 9113, or the
 * server's options, want it answered with. The connection goes on in each case.
 */
import type { Field } from "../support/hpack.ts";
import { CODE } from "./http2_frames.ts";
import type { RequestPlan } from "./plan.ts";

/** A defect of a head. */
interface HeadDefect {
  /** RST_STREAM with this code, or a response with this status. */
  readonly answered: { readonly code: number } | { readonly status: number };
  readonly change: (fields: Field[]) => Field[];
}

const malformed = { code: CODE.protocol };

const without = (name: string) => (fields: Field[]): Field[] => fields.filter((field) => field[0] !== name);
const withField = (...field: Field) => (fields: Field[]): Field[] => [...fields, field];
const first = (...field: Field) => (fields: Field[]): Field[] => [field, ...fields];
const changed = (name: string, value: (value: string) => string) => (fields: Field[]): Field[] =>
  fields.map((field) => field[0] === name ? [name, value(field[1])] : field);

/** By name. */
export const HEAD_DEFECTS: Readonly<Record<string, HeadDefect>> = {
  "no method": { answered: malformed, change: without(":method") },
  "no scheme": { answered: malformed, change: without(":scheme") },
  "no path": { answered: malformed, change: without(":path") },
  "no authority": { answered: malformed, change: without(":authority") },
  "two methods": { answered: malformed, change: first(":method", "GET") },
  "two paths": { answered: malformed, change: first(":path", "/") },
  "late pseudo-field": {
    answered: malformed,
    change: (fields) => [...fields.filter(([name]) => name !== ":path"), [":path", "/"]],
  },
  "status": { answered: malformed, change: first(":status", "200") },
  "unknown pseudo-field": { answered: malformed, change: first(":x", "a") },
  "bad method": { answered: malformed, change: changed(":method", (value) => `${value} a`) },
  "bad scheme": { answered: malformed, change: changed(":scheme", () => "ht tp") },
  "empty path": { answered: malformed, change: changed(":path", () => "") },
  "bad path": { answered: malformed, change: changed(":path", (value) => `${value}\x7f`) },
  "relative path": { answered: malformed, change: changed(":path", (value) => `a${value}`) },
  "bad authority": { answered: malformed, change: changed(":authority", () => "a b") },
  "other host": { answered: malformed, change: withField("host", "b.example") },
  "upper case": { answered: malformed, change: withField("X-A", "a") },
  "empty name": { answered: malformed, change: withField("", "a") },
  "no token": { answered: malformed, change: withField("x a", "a") },
  "NUL": { answered: malformed, change: withField("x-a", "a\0b") },
  "line end": { answered: malformed, change: withField("x-a", "a\r\nb: c") },
  "space before": { answered: malformed, change: withField("x-a", " a") },
  "space behind": { answered: malformed, change: withField("x-a", "a\t") },
  "connection": { answered: malformed, change: withField("connection", "close") },
  "keep-alive": { answered: malformed, change: withField("keep-alive", "timeout=5") },
  "transfer-encoding": { answered: malformed, change: withField("transfer-encoding", "chunked") },
  "upgrade": { answered: malformed, change: withField("upgrade", "h2c") },
  "te": { answered: malformed, change: withField("te", "gzip") },
  "two lengths": {
    answered: malformed,
    change: (fields) => [...fields, ["content-length", "100000"], ["content-length", "100001"]],
  },
  "signed length": { answered: malformed, change: withField("content-length", "+1") },
  "expectation": { answered: { status: 417 }, change: withField("expect", "miracles") },
  "long target": {
    answered: { status: 414 },
    change: changed(":path", (value) => value + "a".repeat(2_000)),
  },
  "many fields": {
    answered: { status: 431 },
    change: (fields) => [...fields, ...Array.from({ length: 110 }, (): Field => ["a", ""])],
  },
  "large head": { answered: { status: 431 }, change: withField("x-a", "a".repeat(5_000)) },
};

/** Of bodies, and with which codes their streams may be reset; the server's handler may be called before. */
export const BODY_DEFECTS: Readonly<Record<string, readonly number[]>> = {
  "short body": [CODE.protocol],
  "long body": [CODE.protocol],
  "open trailers": [CODE.protocol],
  "pseudo-field in trailers": [CODE.protocol],
  "connection field in trailers": [CODE.protocol],
  "more than the window": [CODE.flowControl],
};

/** Whether no handler may be called for it. */
export function isRefusedBefore({ defect }: RequestPlan): boolean {
  return defect !== null && Object.hasOwn(HEAD_DEFECTS, defect);
}

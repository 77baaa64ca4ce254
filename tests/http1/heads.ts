/**
 * Texts of request heads, and limits that hold none of them back.
 */
import type { HeadLimits } from "../../src/http1/request_head.ts";

export const UNLIMITED: HeadLimits = { maxHeaderBytes: 0, maxHeaders: 0, maxTargetBytes: 0 };

/** A request line, then these field lines; Host is among them unless `host` says otherwise. */
export function request(
  line: string,
  fields: readonly string[] = [],
  host: readonly string[] = ["Host: a.example"],
): string {
  return [line, ...host, ...fields, "", ""].join("\r\n");
}

export function get(...fields: string[]): string {
  return request("GET / HTTP/1.1", fields);
}

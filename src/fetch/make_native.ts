/**
 * Makes responses of the platform. Fields that an object holds are appended one by one, which costs less everywhere than
 * to have the platform convert that object: on Node 0.5 µs instead of 0.85 for a response with one field.
 */
import { NativeResponse } from "./response_override.ts";

/** As `new Response` of the standard, for a body to which the platform gives no type of its own. */
export function makeNative(body: BodyInit | null | undefined, init: ResponseInit | undefined): Response {
  if (typeof init !== "object" || init === null) return new NativeResponse(body, init);
  const { headers: fields, status, statusText } = init; // read once each, and in this order, as by the platform
  if (!isRecord(fields) || Object.getOwnPropertySymbols(fields).length > 0) {
    return new NativeResponse(body, { headers: fields, status, statusText } as ResponseInit);
  }
  const isOrdinary = status === undefined && statusText === undefined;
  const response = new NativeResponse(body, isOrdinary ? undefined : { status, statusText } as ResponseInit);
  const { headers } = response;
  for (const name in fields) headers.append(name, fields[name]);
  return response;
}

/** Whether `given` is an object whose own properties are the fields. */
export function isRecord(given: HeadersInit | undefined): given is Record<string, string> {
  return typeof given === "object" && given !== null &&
    Object.getPrototypeOf(given) === Object.prototype && !(Symbol.iterator in given);
}

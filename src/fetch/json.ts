/**
 * What `Response.json` says (Fetch standard, "static json"): the text, and its type where no other is given.
 */

/** Throws a `TypeError` where `init` is no object (Web IDL, "dictionaries"). */
export function checkInit(init: unknown): void {
  if (init == null || typeof init === "object" || typeof init === "function") return;
  throw new TypeError(`the init of a response must be an object, not ${typeof init}`);
}

const JSON_FIELDS = { "content-type": "application/json" };
const JSON_INIT: ResponseInit = { headers: JSON_FIELDS };

/**
 * `data` as text.
 *
 * @throws {TypeError} where it is nothing that JSON has
 */
export function jsonText(data: unknown): string {
  const text = JSON.stringify(data);
  if (text === undefined) throw new TypeError("the value is not JSON");
  return text;
}

/** `init`, which may be a `Response` itself, with the type of JSON. */
export function jsonInit(init: ResponseInit | null | undefined): ResponseInit {
  if (init == null) return JSON_INIT;
  checkInit(init);
  const { status, statusText, headers: given } = init;
  const headers = given === undefined ? JSON_FIELDS : new Headers(given);
  if (headers instanceof Headers && !headers.has("content-type")) {
    headers.set("content-type", JSON_FIELDS["content-type"]);
  }
  return { ...status !== undefined && { status }, ...statusText !== undefined && { statusText }, headers };
}

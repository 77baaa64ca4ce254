/**
 * What `Response.json` says (Fetch standard, "static json"): the text, and its type where no other is given.
 */

const JSON_FIELDS = { "content-type": "application/json" };

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

/** `init` with the type of JSON. */
export function jsonInit(init: ResponseInit | undefined): ResponseInit {
  if (init?.headers === undefined) return { ...init, headers: JSON_FIELDS };
  const headers = new Headers(init.headers);
  if (!headers.has("content-type")) headers.set("content-type", JSON_FIELDS["content-type"]);
  return { ...init, headers };
}

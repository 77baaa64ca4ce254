/**
 * What a case tells, as plain values that can be compared: errors by their names, bodies by their content. A
 * function in it is a step, called in its turn.
 */

/** What `run` gives, or `throws` and the name of its error. */
export async function tell(run: () => unknown): Promise<unknown> {
  try {
    return await plain(await run());
  } catch (error) {
    return `throws ${error instanceof Error || error instanceof DOMException ? error.name : typeof error}`;
  }
}

async function plain(value: unknown): Promise<unknown> {
  if (typeof value === "function") return await tell(value as () => unknown);
  if (typeof value === "symbol" || typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof ArrayBuffer) return { buffer: [...new Uint8Array(value)] };
  if (ArrayBuffer.isView(value)) return { bytes: [...value as Uint8Array] };
  if (value instanceof Blob) return await plainBlob(value);
  if (value instanceof FormData) return { form: await plainAll([...value]) };
  if (value instanceof Headers) return { headers: withoutBoundary([...value]) };
  if (value instanceof ReadableStream) return "a ReadableStream";
  if (value instanceof Error) return `error ${value.name}`;
  if (Array.isArray(value)) return await plainAll(value);
  const entries: [string, unknown][] = [];
  for (const [key, part] of Object.entries(value)) entries.push([key, await plain(part)]);
  return Object.fromEntries(entries);
}

/** One after the other: a step may see what the one before it did. */
async function plainAll(values: unknown[]): Promise<unknown[]> {
  const all: unknown[] = [];
  for (const value of values) all.push(await plain(value));
  return all;
}

async function plainBlob(blob: Blob): Promise<unknown> {
  const text = await blob.text();
  return { type: blob.type, size: blob.size, text, ...blob instanceof File && { name: blob.name } };
}

/** The boundary of a multipart body is another one each time. */
function withoutBoundary(fields: [name: string, value: string][]): [string, string][] {
  return fields.map(([name, value]) => [name, value.replace(/boundary=.*/, "boundary=*")]);
}

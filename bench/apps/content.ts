// What the application answers with, and what the harness therefore expects: made once, the same in each process.

const KIB = 1024;

const PARAGRAPH = "<p>The harbour master notes each ship that moors, its draught, and the tide.</p>\n";
const NOT_ASCII = "<p>Der Hafenmeister prüft große Schiffe – 港長は船と潮を記録する – à l’étale, 5 €.</p>\n";

export const TEXT = "hello";

/** 15 KiB of ASCII, 15 KiB that are not, and 64 KiB. */
export const HTML: string = page(PARAGRAPH, 15 * KIB);
export const HTML_NOT_ASCII: string = page(NOT_ASCII, 15 * KIB);
export const HTML_64K: string = page(PARAGRAPH, 64 * KIB);

export interface Ship {
  id: number;
  name: string;
  draught: number;
  berth: { pier: string; place: number };
  tags: string[];
}

/** About 30 KB as JSON. */
export const SHIPS: Ship[] = Array.from({ length: 240 }, (_, id) => ({
  id,
  name: `Ship "${id}" of the line`,
  draught: 2.5 + id % 7,
  berth: { pier: "ABC"[id % 3], place: id % 40 },
  tags: ["cargo", id % 2 ? "inbound" : "outbound"],
}));

export const BYTES_4K: Uint8Array<ArrayBuffer> = bytes(4 * KIB);
export const BYTES_64K: Uint8Array<ArrayBuffer> = bytes(64 * KIB);
export const BYTES_1M: Uint8Array<ArrayBuffer> = bytes(1024 * KIB);

/** A line of 1 KiB, and how many of them a stream has. */
export const LINE: Uint8Array<ArrayBuffer> = bytes(KIB);
export const LINES = 64;
/** How many times 64 KiB a stream has. */
export const BLOCKS = 16;

export const EVENTS = 20;
/** The data of an event. */
export const eventData = (id: number): string =>
  JSON.stringify({ id, ship: `Ship ${id}`, at: [53.5 + id, 9.9] });
/** An event as it goes over the wire. */
export const eventText = (id: number): string => `event: position\ndata: ${eventData(id)}\nid: ${id}\n\n`;

/** The page that is made anew for each request, of some 15 KiB. */
export function renderPage(title: string): string {
  const row = ({ id, name, draught, berth }: Ship) =>
    `<tr><td>${id}</td><td>${name}</td><td>${draught} m</td><td>${berth.pier}${berth.place}</td></tr>`;
  return `<!doctype html><title>${title}</title><table>${SHIPS.slice(0, 200).map(row).join("\n")}</table>`;
}

/** A page of as many bytes, or a few less. */
function page(paragraph: string, size: number): string {
  const paragraphs = Math.floor(size / new TextEncoder().encode(paragraph).length);
  return paragraph.repeat(paragraphs);
}

/** Bytes that repeat themselves at no power of two, so that none that is out of place can go unseen. */
function bytes(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => i % 251);
}

/**
 * The programs that README.md and docs/ show. A fenced block of `ts` is a program; names of runtimes behind `ts` say that it
 * is for these alone, and `ignore` that it is not Mooring's: the side of another server. Behind it, in the same section, a
 * block of `console` shows commands, each after a `$`, with what they print, and a block of `text` what the program itself
 * prints. There `…` stands for anything, and a line that is nothing else for any lines.
 */
import { readdirSync, readFileSync } from "node:fs";
import { repository as root } from "../support/repository.ts";

/** A fenced block. */
export interface Block {
  /** What it is in, from the root of the repository. */
  readonly page: string;
  /** The line at which it begins. */
  readonly line: number;
  readonly language: string;
  /** How many headings of the page are above it. */
  readonly section: number;
  /** What follows the language. */
  readonly marks: readonly string[];
  readonly text: string;
}

/** A program and what is shown of it. */
export interface Program {
  readonly block: Block;
  /** What is asked, and answered, while it runs. */
  readonly commands: readonly { readonly command: string; readonly prints: string }[];
  /** What it prints, where that is shown. */
  readonly prints: string | undefined;
}

/** README.md and the pages of docs/. */
export function pages(): string[] {
  const docs = readdirSync(new URL("docs/", root), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md")).map((name) => `docs/${name.replaceAll("\\", "/")}`);
  return ["README.md", ...docs.sort()];
}

/** The blocks of a page. */
export function blocksOf(page: string): Block[] {
  const text = readFileSync(new URL(page, root), "utf8");
  return Array.from(text.matchAll(/^```(\S+)([^\n]*)\n([^]*?)^```$/gm), (match) => ({
    page,
    line: text.slice(0, match.index).split("\n").length,
    section: text.slice(0, match.index).replace(/^```[^]*?^```$/gm, "").match(/^#+ /gm)?.length ?? 0,
    language: match[1],
    marks: match[2].split(" ").filter((mark) => mark !== ""),
    text: match[3],
  }));
}

/** The text of the one block of a page in this language. */
export function onlyBlock(page: string, language: string): string {
  const blocks = blocksOf(page).filter((block) => block.language === language);
  if (blocks.length !== 1) throw new Error(`${page} has ${blocks.length} blocks of ${language}`);
  return blocks[0].text;
}

/** The programs of a page. */
export function programsOf(page: string): Program[] {
  const blocks = blocksOf(page);
  return blocks.flatMap((block, i) => {
    if (block.language !== "ts" || block.marks.includes("ignore")) return [];
    const next = blocks.findIndex((other, j) => j > i && other.language === "ts");
    const shown = blocks.slice(i + 1, next < 0 ? undefined : next)
      .filter(({ section }) => section === block.section);
    return [{
      block,
      commands: shown.filter(({ language }) => language === "console").flatMap(({ text }) =>
        commandsOf(text)
      ),
      prints: shown.find(({ language }) => language === "text")?.text,
    }];
  });
}

function commandsOf(text: string): { command: string; prints: string }[] {
  return text.split(/^\$ /m).slice(1).map((part) => {
    const end = part.indexOf("\n");
    return { command: part.slice(0, end), prints: part.slice(end + 1) };
  });
}

/** What matches a shown output, of which `between` may stand between two lines. */
export function pattern(shown: string, between = ""): RegExp {
  const lines = shown.trimEnd().split("\n");
  const parts = lines.map((line) =>
    line === "…"
      ? "(?:.*\\n)*?"
      : `${line.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("…", ".*")}\\n?${between}`
  );
  return new RegExp(`^${between}${parts.join("")}\\s*$`);
}

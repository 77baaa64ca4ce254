// Keeps the layers apart: imports point along adapters → server → fetch → connection → protocol, nothing imports in a
// circle, and only adapters/ knows a runtime. checkImports() is pure; as a command it reads mod.ts and src/.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** Lowest first: a layer imports from itself and from those before it. */
const LAYERS = ["protocol", "connection", "fetch", "server", "adapters"];
const ARROW = LAYERS.toReversed().join(" → ");
/** Entry points outside of src/: they may import everything. */
const ENTRIES = ["mod.ts", "global.ts"];

const RUNTIMES = ["Deno", "Bun", "process"];

/**
 * Checks a set of modules, given as path ("src/server/x.ts", "mod.ts") to source text.
 *
 * Files directly in src/ (conn.ts, options.ts, errors.ts) are leaves: any layer may import them, and they import
 * nothing but types from a layer. mod.ts and global.ts may import everything, and name the runtimes, to choose an adapter.
 *
 * @param {Map<string, string>} files
 * @returns {string[]} complaints, each "file:line why"; empty when all is well
 */
export function checkImports(files) {
  const complaints = [];
  const graph = new Map();
  for (const [file, source] of files) {
    const { code, strings } = scan(source);
    const complain = (at, why) => complaints.push({ file, line: lineAt(source, at), why });
    const imports = findImports(code, strings);
    for (const item of imports) {
      const why = faultOfImport(file, item);
      if (why) complain(item.at, why);
    }
    for (const [at, why] of findRuntimeMentions(file, code, strings)) complain(at, why);
    graph.set(
      file,
      imports.filter((item) => !item.typeOnly && files.has(resolve(file, item.specifier)))
        .map((item) => ({ to: resolve(file, item.specifier), line: lineAt(source, item.at) })),
    );
  }
  complaints.push(...findCycles(graph));
  return complaints
    .sort((a, b) => a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line)
    .map(({ file, line, why }) => `${file}:${line} ${why}`);
}

/** The layer of a file: its rank in LAYERS, or what else it is. */
function placeOf(file) {
  if (ENTRIES.includes(file)) return "entry";
  if (/^src\/[^/]+$/.test(file)) return "leaf";
  const rank = LAYERS.indexOf(file.match(/^src\/([^/]+)\//)?.[1]);
  return rank === -1 ? "outside" : rank;
}

function faultOfImport(file, { specifier, typeOnly }) {
  const from = placeOf(file);
  if (from === "outside") return `is in no layer; the layers are ${ARROW}`;
  if (!/^\.\.?\//.test(specifier)) {
    return specifier.startsWith("node:")
      ? undefined
      : `imports "${specifier}": nothing at run time but the platform`;
  }
  const target = resolve(file, specifier);
  const to = placeOf(target);
  if (to === "outside" || to === "entry") return `imports ${target}, which is outside the layers`;
  if (from === "entry" || to === "leaf") return undefined;
  if (from === "leaf") {
    return typeOnly
      ? undefined
      : `imports ${target}: a file directly in src/ takes only types from a layer (import type)`;
  }
  return to <= from ? undefined : `imports ${target} against the arrow ${ARROW}`;
}

function findRuntimeMentions(file, code, strings) {
  const place = placeOf(file);
  if (place === LAYERS.indexOf("adapters")) return [];
  const found = [];
  for (const { at, value } of strings) {
    if (value.startsWith("node:")) found.push([at, `mentions "${value}": only src/adapters/ may`]);
    else if (place !== "entry" && RUNTIMES.includes(value)) {
      found.push([at, `mentions ${value}: only src/adapters/ may`]);
    }
  }
  if (place === "entry") return found;
  for (const match of code.matchAll(new RegExp(`(?<![\\w$#])(?:${RUNTIMES.join("|")})(?![\\w$])`, "g"))) {
    found.push([match.index, `mentions ${match[0]}: only src/adapters/ may`]);
  }
  return found;
}

/** Static imports, re-exports, side-effect imports and import() of a literal. */
function findImports(code, strings) {
  const patterns = [
    /\b(?:import|export)\b(?<clause>(?:(?!\b(?:import|export)\b)[\w$\s{},*])*?)\bfrom\s*(?=["'])/g,
    /\bimport\s*(?=["'])/g,
    /\bimport\s*\(\s*(?=["'`])/g,
  ];
  return patterns.flatMap((pattern) =>
    [...code.matchAll(pattern)].flatMap((match) => {
      const literal = strings.find(({ at }) => at === match.index + match[0].length);
      if (!literal) return [];
      const typeOnly = /^\s*type\s+(?!,|from\b)/.test(`${match.groups?.clause ?? ""} `);
      return [{ at: literal.at, specifier: literal.value, typeOnly }];
    })
  );
}

/** Each cycle once, reported at the import that closes it. */
function findCycles(graph) {
  const complaints = [];
  const done = new Set();
  const trail = [];
  const visit = (file) => {
    trail.push(file);
    for (const { to, line } of graph.get(file)) {
      const start = trail.indexOf(to);
      if (start !== -1) {
        complaints.push({
          file,
          line,
          why: `closes an import cycle: ${[...trail.slice(start), to].join(" → ")}`,
        });
      } else if (!done.has(to)) visit(to);
    }
    trail.pop();
    done.add(file);
  };
  for (const file of [...graph.keys()].sort()) if (!done.has(file)) visit(file);
  return complaints;
}

/**
 * Splits source text into its code, in which comments and the insides of literals are blank (offsets unchanged), and
 * its string literals. Knows as much of the grammar as that takes, and no more.
 */
function scan(source) {
  const code = source.split("");
  const strings = [];
  const blank = (from, to) => {
    for (let i = from; i < to; i++) if (code[i] !== "\n") code[i] = " ";
  };
  const templates = []; // for each `${` that is open: how many braces are open inside it
  let at = 0;
  let before = ""; // the last token, which tells a regular expression from a division

  const template = (from) => { // from: after the backtick, or after the brace that ends a `${…}`
    let i = from;
    while (i < source.length && source[i] !== "`" && !source.startsWith("${", i)) {
      i += source[i] === "\\" ? 2 : 1;
    }
    blank(from, i);
    if (source[i] === "`") {
      if (source[from - 1] === "`") strings.push({ at: from - 1, value: source.slice(from, i) });
      before = "`";
      return i + 1;
    }
    templates.push(0);
    before = "{";
    return i + 2;
  };

  while (at < source.length) {
    const char = source[at];
    if (/\s/.test(char)) {
      at++;
    } else if (source.startsWith("//", at)) {
      const end = source.indexOf("\n", at);
      blank(at, at = end === -1 ? source.length : end);
    } else if (source.startsWith("/*", at)) {
      const end = source.indexOf("*/", at + 2);
      blank(at, at = end === -1 ? source.length : end + 2);
    } else if (char === '"' || char === "'") {
      let end = at + 1;
      while (end < source.length && source[end] !== char && source[end] !== "\n") {
        end += source[end] === "\\" ? 2 : 1;
      }
      strings.push({ at, value: source.slice(at + 1, end) });
      blank(at + 1, end);
      at = end + 1;
      before = char;
    } else if (char === "`") {
      at = template(at + 1);
    } else if (
      char === "/" &&
      /^$|^[-+*%&|^~!=<>?:;,([{}]$|^(?:return|typeof|case|in|of|void|throw|yield|await)$/.test(before)
    ) {
      let end = at + 1;
      for (let inClass = false; end < source.length && (inClass || source[end] !== "/"); end++) {
        if (source[end] === "\\") end++;
        else if (source[end] === "[") inClass = true;
        else if (source[end] === "]") inClass = false;
      }
      blank(at + 1, end);
      at = end + 1;
      before = "/regexp/";
    } else if (/[\w$#]/.test(char)) {
      before = source.slice(at).match(/^[\w$#]+/)[0];
      at += before.length;
    } else {
      if (char === "{" && templates.length > 0) templates[templates.length - 1]++;
      if (char === "}" && templates.length > 0 && templates[templates.length - 1]-- === 0) {
        templates.pop();
        at = template(at + 1);
      } else {
        before = char;
        at++;
      }
    }
  }
  return { code: code.join(""), strings };
}

function resolve(file, specifier) {
  return path.posix.join(path.posix.dirname(file), specifier);
}

function lineAt(source, at) {
  return source.slice(0, at).split("\n").length;
}

/** @returns {Map<string, string>} mod.ts and all of src/ below `root` */
function readSources(root) {
  const names = [
    ...ENTRIES,
    ...readdirSync(path.join(root, "src"), { recursive: true }).map((name) => `src/${name}`),
  ];
  return new Map(
    names.map((name) => name.replaceAll("\\", "/"))
      .filter((name) => name.endsWith(".ts") && existsSync(path.join(root, name)))
      .map((name) => [name, readFileSync(path.join(root, name), "utf8")]),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = readSources(fileURLToPath(new URL("..", import.meta.url)));
  const complaints = checkImports(files);
  for (const complaint of complaints) console.error(complaint);
  console.log(
    complaints.length === 0
      ? `${files.size} modules, all imports in order`
      : `${complaints.length} complaints`,
  );
  process.exit(complaints.length === 0 ? 0 : 1);
}

// @ts-self-types="./options.d.mts"
// The command line of the load test. A mistake is an Error of one line that names the option and what to write.

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { RUNTIMES } from "../lib/roster.mjs";
import { PRESETS } from "./presets.mjs";

const PRESET_NAMES = [...Object.keys(PRESETS), "all"];
/** What is sent over persistent connections. HEAD is not among them: undici closes the connection after it. */
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

export const HELP = `npm run load -- URL [options]
  Persistent connections, then a new connection for each request.

  -c, --connections=N   clients, each with one connection at a time (10)
  -n, --amount=N        requests in all, in each of the two runs
  -d, --duration=S      seconds of each of the two runs (10 where no amount is given); with both, what comes first
      --pause=MS        milliseconds that a client waits between an answer and its next request (0)
      --rate=N          requests a second of all clients together, evenly spread; latency then counts from when a
                        request was due
      --warm-up=N       requests before each run that are not counted (1000)
  -m, --method=NAME     of ${METHODS.join(", ")} (GET)
  -H, --header=LINE     a field to send, as "name: value"; may be given several times
  -b, --body=TEXT       a body to send, or @FILE
      --timeout=S       seconds until an answer counts as missing (10)
      --chart=FILE      write the latencies as SVG
      --json=FILE       write all figures
      --allow-remote    allow a URL that is not this machine

npm run load -- --preset=NAME [options]
  Published load tests repeated against servers started for it. NAME is one of ${PRESET_NAMES.join(", ")}.

      --runtime=LIST    of ${Object.keys(RUNTIMES).join(", ")} (all)
      --duration=S      seconds of each run of wrk (5)
      --json=FILE       write the tables
      --report          write the tables to bench/results/load.json, for bench/report.mjs`;

const FLAG = { type: "boolean", default: false };
const TEXT = { type: "string" };
/** Options that only one of the two ways takes. */
const URL_ONLY = [
  ...["connections", "amount", "pause", "rate", "warm-up", "method", "header", "body", "timeout", "chart"],
  "allow-remote",
];
const PRESET_ONLY = ["runtime", "report"];

/** @throws {Error} when something is wrong with the arguments. */
export function readOptions(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      help: { ...FLAG, short: "h" },
      connections: { ...TEXT, short: "c" },
      amount: { ...TEXT, short: "n" },
      duration: { ...TEXT, short: "d" },
      pause: TEXT,
      rate: TEXT,
      "warm-up": TEXT,
      method: { ...TEXT, short: "m" },
      header: { ...TEXT, short: "H", multiple: true },
      body: { ...TEXT, short: "b" },
      timeout: TEXT,
      chart: TEXT,
      json: TEXT,
      "allow-remote": { type: "boolean" },
      preset: TEXT,
      runtime: TEXT,
      report: { type: "boolean" },
    },
  });
  if (values.help) return { help: true };
  return values.preset === undefined ? urlOptions(values, positionals) : presetOptions(values, positionals);
}

function urlOptions(values, positionals) {
  refuse(values, PRESET_ONLY, "goes with --preset only");
  if (positionals.length !== 1) {
    throw new Error("one URL is needed, as in: npm run load -- http://127.0.0.1:8000/ (--help shows all)");
  }
  const seconds = number("duration", values.duration, { min: 0.1 });
  const amount = number("amount", values.amount, { min: 1, whole: true });
  const options = {
    url: positionals[0],
    allowRemote: values["allow-remote"] ?? false,
    warmUp: number("warm-up", values["warm-up"], { min: 0, whole: true }) ?? 1000,
    chart: values.chart,
    json: values.json,
    job: {
      connections: number("connections", values.connections, { min: 1, whole: true }) ?? 10,
      amount,
      seconds: seconds ?? (amount ? undefined : 10),
      pause: number("pause", values.pause, { min: 0 }) ?? 0,
      rate: number("rate", values.rate, { min: 0.01 }),
      timeout: (number("timeout", values.timeout, { min: 0.1 }) ?? 10) * 1000,
      method: method(values.method ?? "GET"),
      headers: Object.fromEntries((values.header ?? []).map(header)),
      body: values.body === undefined ? undefined : body(values.body),
    },
  };
  checkTogether(options.job);
  return options;
}

function checkTogether({ connections, amount, pause, rate, timeout }) {
  if (amount < connections) {
    throw new Error(`--amount: ${amount} is less than one request for each of --connections=${connections}`);
  }
  if (rate && pause) throw new Error("--pause and --rate exclude each other: leave one out");
  if (pause >= timeout) throw new Error(`--pause: ${pause} ms is not less than --timeout, ${timeout} ms`);
  if (rate && connections * 1000 / rate >= timeout) {
    throw new Error(
      `--rate: ${rate} a second from ${connections} connections leaves each of them longer without a request than ` +
        "--timeout; use fewer --connections",
    );
  }
}

function presetOptions(values, positionals) {
  refuse(values, URL_ONLY, "goes with a URL only, not with --preset");
  if (positionals.length > 0) {
    throw new Error(`--preset starts its own servers and takes no URL: leave out ${positionals[0]}`);
  }
  return {
    presets: values.preset === "all"
      ? Object.keys(PRESETS)
      : list("preset", values.preset, Object.keys(PRESETS)),
    isAll: values.preset === "all",
    runtimes: list("runtime", values.runtime ?? Object.keys(RUNTIMES).join(), Object.keys(RUNTIMES)),
    seconds: number("duration", values.duration, { min: 1, whole: true }) ?? 5,
    json: values.json,
    report: values.report ?? false,
  };
}

function refuse(values, names, why) {
  const given = names.find((name) => values[name] !== undefined);
  if (given) throw new Error(`--${given} ${why}`);
}

function number(option, text, { min, whole = false }) {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== "" && value >= min && Number.isFinite(value) && (!whole || Number.isInteger(value))) {
    return value;
  }
  throw new Error(`--${option}: "${text}" is not a ${whole ? "whole " : ""}number of at least ${min}`);
}

function list(option, text, known) {
  const names = [...new Set(text.split(",").map((name) => name.trim()).filter(Boolean))];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined || names.length === 0) {
    throw new Error(`--${option}: "${unknown ?? text}" is none of ${known.join(", ")}`);
  }
  return names;
}

function method(text) {
  if (METHODS.includes(text.toUpperCase())) return text.toUpperCase();
  throw new Error(`--method: "${text}" is none of ${METHODS.join(", ")}`);
}

function header(line) {
  const [, name, value] = /^([!#$%&'*+.^_`|~0-9a-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/i.exec(line) ?? [];
  if (name === undefined) throw new Error(`--header: "${line}" is not of the form "name: value"`);
  if (/^(content-length|connection|transfer-encoding|keep-alive|upgrade|expect)$/i.test(name)) {
    throw new Error(`--header: ${name} is set by the load test itself, or cannot be sent: leave it out`);
  }
  return [/^host$/i.test(name) ? "Host" : name, value]; // takes the place of the URL's
}

function body(text) {
  if (!text.startsWith("@")) return text;
  try {
    return readFileSync(text.slice(1));
  } catch (error) {
    throw new Error(`--body: ${text.slice(1)} cannot be read (${error.code})`);
  }
}

// The load test of a server that runs already: persistent connections, then a new connection for each request, one
// after the other so that neither disturbs the other, and both in one table and one chart.

import { writeFileSync } from "node:fs";
import { align, thousands } from "../lib/table.mjs";
import { writeLatencyChart } from "./chart.mjs";
import { countErrors } from "./tally.mjs";
import { isComplete, LATENCY_COLUMNS, latencyCells, modeName, remarks, seconds, share } from "./format.mjs";
import { showProgress } from "./progress.mjs";
import { runLoad } from "./run.mjs";
import { resolveTarget } from "./target.mjs";
import { renderDistributions } from "./text_chart.mjs";

/** Runs and prints it. Resolves to whether all was answered. */
export async function loadUrl(options, signal) {
  const { url, host } = await resolveTarget(options.url, options);
  const job = { ...options.job, url, headers: { Host: host, ...options.job.headers } };
  const title = `${options.url} · ${describe(job)}`;
  console.log(title);

  const runs = [];
  for (const reconnect of [false, true]) {
    if (signal.aborted) break;
    runs.push({
      name: modeName(reconnect),
      result: await runOne({ ...job, reconnect }, options.warmUp, signal),
    });
  }
  for (const line of renderRuns(runs)) console.log(line);
  const series = runs.map(({ name, result }) => ({ name, curve: result.curve }));
  if (options.chart) await writeLatencyChart(options.chart, title, series);
  if (options.json) {
    const { url: _url, headers: _headers, body: _body, ...settings } = job;
    const report = { date: new Date().toISOString(), url: options.url, settings, runs };
    writeFileSync(options.json, JSON.stringify(report, null, 2) + "\n");
  }
  return runs.every(({ result }) => isComplete(result, job.amount));
}

async function runOne(job, warmUp, signal) {
  const progress = showProgress(modeName(job.reconnect));
  if (warmUp > 0) {
    const { connections, seconds: limit } = job;
    await runLoad({ ...job, pause: 0, rate: 0, amount: Math.max(warmUp, connections), seconds: limit }, {
      signal,
    });
  }
  const result = await runLoad(job, { ...progress, signal });
  progress.clear();
  return result;
}

function describe({ method, connections, amount, seconds: limit, pause, rate }) {
  return [
    method,
    `${thousands(connections)} connections`,
    amount && `${thousands(amount)} requests`,
    limit && `${limit} s`,
    pause && `${pause} ms apart`,
    rate && `${thousands(rate)}/s`,
  ].filter(Boolean).join(" · ");
}

function renderRuns(runs) {
  const became = runs.map(({ name, result }) => [
    name,
    share(result.ok, result.sent),
    ...[result.sent, result.ok, result.other, countErrors(result), result.timeouts, result.lost].map(
      thousands,
    ),
    thousands(result.connections),
  ]);
  const speed = runs.map(({ name, result }) => [
    name,
    thousands(result.requestsPerSecond),
    seconds(result.seconds),
    ...latencyCells(result.latency),
  ]);
  return [
    "",
    ...align([
      ["", "success", "sent", "2xx", "others", "errors", "timeouts", "lost", "connections"],
      ...became,
    ]),
    ...runs.flatMap(({ name, result }) => remarks(result).map((line) => `!! ${name}: ${line}`)),
    "",
    ...align([["", "requests/s", "time", ...LATENCY_COLUMNS], ...speed]),
    "",
    ...renderDistributions(runs.map(({ name, result }) => ({ name, curve: result.curve }))),
  ];
}

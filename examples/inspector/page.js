// The page of the inspector: shows each snapshot that the server sends, and makes requests for it to show.
// Rows are kept by their connection's id and change in place, so that nothing flickers and a selection stays.

/** How far the chart looks back, in milliseconds. */
const CHART_SPAN = 60_000;
/** Until it is tried again where the server refused the stream of events, in milliseconds. */
const RETRY = 1_000;

const whole = new Intl.NumberFormat("en");
const percent = new Intl.NumberFormat("en", {
  style: "percent",
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});

const element = (id) => document.getElementById(id);

/** Touches the page only where the text changes. */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// The events.

/** The connection that brings the events to this page. */
let ownId = 0;

function connect() {
  const events = new EventSource("events");
  events.addEventListener("open", () => showStatus("live", "Live"));
  events.addEventListener("error", () => {
    showStatus("lost", "Disconnected, trying again…");
    // It tries again by itself, but not after an answer like 503.
    if (events.readyState === EventSource.CLOSED) setTimeout(connect, RETRY);
  });
  events.addEventListener("connection", ({ data }) => ownId = Number(data));
  events.addEventListener("message", ({ data }) => show(JSON.parse(data)));
}

function showStatus(state, text) {
  document.body.dataset.events = state;
  setText(element("status"), text);
}

function show({ time, stats, connections, total }) {
  showTotals(stats);
  showClosed(stats.closed);
  showChart(time, stats);
  showConnections(connections, total);
}

// Totals.

function showTotals(stats) {
  for (const name of ["active", "idle", "accepted", "requests", "evicted", "rejected", "reused"]) {
    setText(element(name), whole.format(stats[name]));
  }
  setText(element("requests-begun"), whole.format(stats.requests));
  setText(element("received"), bytes(stats.bytesRead));
  setText(element("sent"), bytes(stats.bytesWritten));
  setText(element("reuse-ratio"), percent.format(stats.reuseRatio));
}

/** @type {Map<string, Element>} the count by reason */
const reasons = new Map();

function showClosed(closed) {
  for (const [reason, count] of Object.entries(closed)) {
    if (!reasons.has(reason)) reasons.set(reason, addReason(reason));
    setText(reasons.get(reason), whole.format(count));
  }
  // After the server started anew.
  for (const [reason, count] of reasons) {
    if (reason in closed) continue;
    count.parentElement.remove();
    reasons.delete(reason);
  }
  element("none-closed").hidden = reasons.size > 0;
}

function addReason(reason) {
  const term = document.createElement("dt");
  const count = document.createElement("dd");
  const group = document.createElement("div");
  term.textContent = reason.replaceAll("_", " ");
  group.dataset.reason = reason;
  group.append(term, count);
  element("closed").append(group);
  return count;
}

// The chart.

/** What was seen in the last minute. */
let points = [];

function showChart(time, { reuseRatio }) {
  if (points.length > 0 && time < points.at(-1).time) points = []; // another server
  points.push({ time, ratio: reuseRatio });
  while (points.length > 1 && points[1].time < time - CHART_SPAN) points.shift();

  const chart = element("chart");
  const x = (point) => (100 - (time - point.time) / CHART_SPAN * 100).toFixed(2);
  const y = (point) => (100 - point.ratio * 100).toFixed(2);
  const line = points.map((point) => `${x(point)} ${y(point)}`).join("L");
  chart.querySelector(".line").setAttribute("d", `M${line}`);
  chart.querySelector(".area").setAttribute("d", `M${x(points[0])} 100L${line}V100Z`);
  chart.querySelector(".now").setAttribute("d", `M100 ${y(points.at(-1))}h0`);
  const low = Math.min(...points.map(({ ratio }) => ratio));
  const high = Math.max(...points.map(({ ratio }) => ratio));
  const label = `In the last minute between ${percent.format(low)} and ${percent.format(high)}`;
  if (chart.getAttribute("aria-label") !== label) chart.setAttribute("aria-label", label);
}

// The table.

/** @type {Map<number, Row>} */
const rows = new Map();

/** One connection's row. */
class Row {
  constructor(id) {
    this.tr = document.createElement("tr");
    this.tr.dataset.id = id;
    this.tr.innerHTML = `
      <th scope="row">${id}</th>
      <td><span class="state"></span></td>
      <td class="left"><span></span><span class="bar" aria-hidden="true"><span></span></span></td>
      <td></td>
      <td></td>
      <td><span></span></td>`;
    const [, state, left, requests, age, peer] = this.tr.cells;
    [this.requests, this.age] = [requests, age];
    [this.state] = state.children;
    [this.left, this.bar] = left.children;
    [this.peer] = peer.children;
  }

  show(connection) {
    const { id, state, age, idleTime, idleTimeLeft, requests, peer } = connection;
    this.tr.dataset.state = state;
    setText(this.state, state);
    setText(this.requests, whole.format(requests));
    setText(this.age, duration(age));
    setText(this.left, state !== "idle" ? "–" : idleTimeLeft === null ? "never" : duration(idleTimeLeft));
    setText(this.peer, peer);
    this.bar.hidden = idleTimeLeft === null;
    if (idleTimeLeft !== null) {
      this.bar.firstChild.style.inlineSize = percent.format(idleTimeLeft / (idleTime + idleTimeLeft));
    }
    if (id === ownId && this.tr.querySelector(".own") === null) this.#markOwn();
  }

  #markOwn() {
    const mark = document.createElement("span");
    mark.className = "own badge";
    mark.textContent = "this page";
    this.peer.after(" ", mark);
  }
}

function showConnections(connections, total) {
  const body = element("connections");
  const present = new Set(connections.map(({ id }) => id));
  for (const [id, row] of rows) {
    if (present.has(id)) continue;
    row.tr.remove();
    rows.delete(id);
  }
  for (const connection of connections) {
    let row = rows.get(connection.id);
    if (row === undefined) rows.set(connection.id, row = new Row(connection.id));
    row.show(connection);
    // They come in the order in which they were accepted.
    if (!row.tr.isConnected) body.append(row.tr);
  }
  setText(element("count"), whole.format(total));
  const notShown = element("not-shown");
  notShown.hidden = total === connections.length;
  setText(notShown, `and ${whole.format(total - connections.length)} older ones`);
}

// Units.

function duration(ms) {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor(ms / 1000) % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function bytes(count) {
  if (count < 1024) return `${count} B`;
  if (count < 1024 ** 2) return `${(count / 1024).toFixed(1)} KiB`;
  return `${(count / 1024 ** 2).toFixed(1)} MiB`;
}

// The buttons.

/** Runs `work` on a click, not twice at a time, and tells what came of it. */
function onClick(id, work) {
  const button = element(id);
  button.addEventListener("click", async () => {
    // Not `disabled`, which would take the focus away.
    if (button.ariaDisabled === "true") return;
    button.ariaDisabled = "true";
    try {
      setText(element("result"), await work());
    } catch (error) {
      setText(element("result"), `That failed: ${error.message}`);
    }
    button.ariaDisabled = null;
  });
}

async function ask(path, method = "GET") {
  const response = await fetch(path, { method, cache: "no-store" });
  if (!response.ok) throw new Error(`${path} was answered with ${response.status}`);
  return await response.json();
}

function sentence(answers) {
  const used = [...new Set(answers.map(({ connection }) => connection))].sort((a, b) => a - b);
  const which = new Intl.ListFormat("en").format(used.map(String));
  return `${answers.length} requests went over connection${used.length > 1 ? "s" : ""} ${which}`;
}

onClick("in-turn", async () => {
  const answers = [];
  for (let i = 0; i < 10; i++) answers.push(await ask("fast"));
  return sentence(answers);
});

onClick("at-once", async () => {
  // A browser sends equal requests one after another, in case the answer can be shared.
  return sentence(await Promise.all([1, 2, 3, 4].map((nth) => ask(`/slow?${nth}`))));
});

onClick("open", async () => {
  const { opened } = await ask("connections", "POST");
  return `${opened} connections were opened`;
});

connect();

// Who attacks, and what is attacked: Mooring and the runtime's own server with the same application (`servers/`).

import { churn, resetAfterRequest, resetFlood } from "./kinds/resets.mjs";
import { garbage, headerBombs } from "./kinds/heads.mjs";
import {
  closedWindows,
  continuations,
  emptyData,
  hpackBombs,
  madeReset,
  pings,
  rapidReset,
} from "./kinds/http2.mjs";
import { cappedHoarding, idleHoarding, stalledHandshakes } from "./kinds/silence.mjs";
import { slowBodies, slowHeads, slowReaders } from "./kinds/slow.mjs";
import { oneByteChunks, readPipelines, unreadPipelines, workingPipelines } from "./kinds/streams.mjs";

const none = { title: "none", what: "the good clients alone", held: 0, start() {} };

/**
 * In the order in which they are shown. Each says `what` it does, how many connections it has open at a time (`held`),
 * whether it wants a server with `tls` or one with a `cap` of connections; `start({ port, tally })` attacks until the
 * process ends, adds to `tally.connections`, and resolves when the attack is under way.
 */
export const ATTACKS = {
  "none": none,
  "slow-heads": slowHeads,
  "slow-bodies": slowBodies,
  "slow-readers": slowReaders,
  "reset-flood": resetFlood,
  "reset-after-request": resetAfterRequest,
  "churn": churn,
  "header-bombs": headerBombs,
  "garbage": garbage,
  "one-byte-chunks": oneByteChunks,
  "pipelines-unread": unreadPipelines,
  "pipelines-read": readPipelines,
  "pipelines-work": workingPipelines,
  "idle-hoarding": idleHoarding,
  "idle-hoarding-capped": cappedHoarding,
  "none-tls": { ...none, title: "none, TLS", what: "the good clients alone, over TLS", tls: true },
  "stalled-handshakes": stalledHandshakes,
  "h2-rapid-reset": rapidReset,
  "h2-made-reset": madeReset,
  "h2-continuations": continuations,
  "h2-hpack-bombs": hpackBombs,
  "h2-pings": pings,
  "h2-empty-data": emptyData,
  "h2-closed-windows": closedWindows,
};

const OWN = { node: "node_http.ts", deno: "deno_serve.ts", bun: "bun_serve.ts" };

/** The two servers of a runtime, as `startServer` takes them. */
export function attackedServers(runtime) {
  return [
    { name: "Mooring", role: "mooring", file: () => "../attacks/servers/mooring.ts" },
    { name: runtime.peer.name, role: "peer", file: ({ id }) => `../attacks/servers/${OWN[id]}` },
  ];
}

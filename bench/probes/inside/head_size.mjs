// Inside of a runtime: heads of several sizes on one connection, with an `exchange` handler that looks at none.

import process from "node:process";
import { HttpServer } from "../../../src/server/http_server.ts";
import { connectionSettings } from "../../../src/options/settings.ts";
import { SinkTransport } from "../../../tests/support/sink_transport.ts";
import { medianTime } from "../../lib/median_time.mjs";

const SIZES = [50, 128, 256, 512, 1024, 2048, 4096, 8192];
/** Heads that differ: more than anybody would remember. */
const VARIANTS = 64;
/** Bytes of a field line: what browsers send is about as long. */
const LINE = 100;
const SAMPLES = { samples: 300, times: 200 };

const options = { exchange: (x) => x.respond(200) };
const server = new HttpServer(options, connectionSettings(options));
const client = new SinkTransport();
server.accept(client);

measureAll(); // for the compiler
console.log(JSON.stringify(measureAll()));
process.exit(0);

function measureAll() {
  return SIZES.map((bytes) => {
    const heads = Array.from({ length: VARIANTS }, (_, variant) => head(bytes, variant));
    let turn = 0;
    return {
      bytes,
      same: medianTime(() => client.send(heads[0]), SAMPLES),
      differing: medianTime(() => client.send(heads[turn++ % VARIANTS]), SAMPLES),
    };
  });
}

/** A head of so many bytes, in whose every field value there is the variant's number. */
function head(bytes, variant) {
  const number = String(variant).padStart(2, "0");
  let text = `GET /${number} HTTP/1.1\r\nHost: bench\r\n`;
  for (let line = 0; text.length + 2 < bytes; line++) {
    const name = `x-${line}: ${number}`;
    const left = bytes - text.length - 2;
    // the last line takes what is left, so that it is never too short for its name
    const length = left < 2 * LINE ? left : LINE;
    text += name + "v".repeat(length - name.length - 2) + "\r\n";
  }
  return new TextEncoder().encode(text + "\r\n");
}

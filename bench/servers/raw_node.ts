// The limit on Node: answers every chunk with a constant, parses nothing. Arguments: the port, the constant in base64,
// and "close" where each connection is to end with its answer.

import { Buffer } from "node:buffer";
import { createServer } from "node:net";
import process from "node:process";

const answer = Buffer.from(process.argv[3], "base64");
const closes = process.argv[4] === "close";

const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.on("data", closes ? () => socket.end(answer) : () => socket.write(answer));
  socket.on("error", () => socket.destroy());
});
server.listen(
  { port: Number(process.argv[2]), host: "127.0.0.1", backlog: 1024 },
  () => console.log("ready"),
);

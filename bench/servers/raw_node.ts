// The limit on Node: answers every chunk with a constant, parses nothing. Arguments: the port, the constant in base64.

import { Buffer } from "node:buffer";
import { createServer } from "node:net";
import process from "node:process";

const answer = Buffer.from(process.argv[3], "base64");

const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.on("data", () => socket.write(answer));
  socket.on("error", () => socket.destroy());
});
server.listen(
  { port: Number(process.argv[2]), host: "127.0.0.1", backlog: 1024 },
  () => console.log("ready"),
);

// Connections that are over before anybody has had something of them.

import { dial, repeat } from "./sockets.mjs";

const IN_FLIGHT = 64;

export const resetFlood = {
  title: "reset flood",
  what: "connect and reset at once, as fast as a process can",
  held: IN_FLIGHT,
  start: (target) =>
    repeat(IN_FLIGHT, () => afterConnect(dial(target), (socket) => socket.resetAndDestroy())),
};

export const resetAfterRequest = {
  title: "reset after a request",
  what: "ask for 64 KiB and reset at once, as fast as a process can",
  held: IN_FLIGHT,
  start: (target) =>
    repeat(IN_FLIGHT, () =>
      afterConnect(dial(target), (socket) => {
        socket.write("GET /page HTTP/1.1\r\nHost: a\r\n\r\n", () => socket.resetAndDestroy());
      })),
};

export const churn = {
  title: "churn",
  what: "connect, ask, read the answer and close, as fast as a process can",
  held: IN_FLIGHT,
  start: (target) =>
    repeat(IN_FLIGHT, () => {
      const socket = dial(target).once("data", () => socket.destroy());
      socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      return socket;
    }),
};

function afterConnect(socket, act) {
  return socket.once("connect", () => act(socket));
}

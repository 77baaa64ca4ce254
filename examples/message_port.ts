// HTTP over a MessagePort, as between a page and its worker: any pair of byte streams will do for `serveConn()`.
// Run it with `npm start -- examples/message_port.ts`.
import { type Conn, serveConn } from "../mod.ts";

/** A port as a byte stream both ways: a message is a piece, and `null` is the end. */
function connOf(port: MessagePort): Conn {
  const readable = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      port.onmessage = ({ data }) => {
        if (data === null) controller.close();
        else controller.enqueue(data);
      };
    },
  });
  const writable = new WritableStream<Uint8Array>({
    write: (bytes) => port.postMessage(bytes),
    close: () => port.postMessage(null),
  });
  return { readable, writable, close: () => port.close() };
}

const { port1, port2 } = new MessageChannel();

// One side serves…
const connection = serveConn(connOf(port1), {
  fetch: (request, info) =>
    new Response(`${new URL(request.url).pathname} is request ${info.connection.requests}\n`),
});

// …and the other asks, twice on the same connection.
const client = connOf(port2);
const writer = client.writable.getWriter();
for (const line of ["GET /one HTTP/1.1", "GET /two HTTP/1.1\r\nConnection: close"]) {
  await writer.write(new TextEncoder().encode(`${line}\r\nHost: worker\r\n\r\n`));
}
let answers = "";
for await (const piece of client.readable) answers += new TextDecoder().decode(piece);
console.log(answers);
await writer.close();
console.log(`The connection ended: ${await connection.closed}`);
client.close!();

/**
 * A network that takes its time.
 */
import { once } from "node:events";
import net from "node:net";

/** One way, in milliseconds. */
const LATENCY = 50;

/**
 * A port that leads to another, but far away. Where client and server are neighbours, they tell each other of a
 * close within microseconds, and no request ever crosses it on its way. It takes whatever comes, as a fast network does.
 */
export async function longWire(
  target: number,
  latency: number = LATENCY,
): Promise<{ port: number } & AsyncDisposable> {
  const sockets = new Set<net.Socket>();
  const options = { allowHalfOpen: true, noDelay: true };
  const listener = net.createServer(options, (near) => {
    const far = net.connect({ ...options, port: target, host: "127.0.0.1" });
    passOn(near, far, latency);
    passOn(far, near, latency);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
    }
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  return {
    port: (listener.address() as net.AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = once(listener, "close");
      listener.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** What happens to `from` happens to `to` too, later. */
function passOn(from: net.Socket, to: net.Socket, latency: number): void {
  const underWay: (() => void)[] = [];
  const arrive = (): void => underWay.shift()!();
  const later = (event: () => void): void => {
    underWay.push(event);
    setTimeout(arrive, latency);
  };
  from
    .on("data", (chunk: Uint8Array) => later(() => to.write(chunk)))
    .on("end", () => later(() => to.end()))
    .on("close", () => later(() => to.destroy()))
    .on("error", () => {}); // "close" follows
}

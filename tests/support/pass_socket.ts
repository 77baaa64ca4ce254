/**
 * Opens a socket that listens, and runs a program that has it as its file descriptor 3, as systemd would. For
 * Node, which can; the program may be any.
 *
 * Usage: node pass_socket.ts <port or path> <command> [arguments ...]
 */
import { spawnSync } from "node:child_process";
import net from "node:net";
import process from "node:process";

const [place, ...command] = process.argv.slice(2);
const server = net.createServer();
server.listen(/^\d+$/.test(place) ? { port: Number(place), host: "127.0.0.1" } : { path: place }, () => {
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
  // LISTEN_PID is the program's own. Synchronously, so that nobody here accepts what comes.
  const script = 'LISTEN_PID=$$ exec "$@"';
  const { status } = spawnSync("sh", ["-c", script, "sh", ...command], {
    env: { ...process.env, LISTEN_FDS: "1" },
    stdio: ["inherit", "inherit", "inherit", fd],
  });
  process.exit(status ?? 1);
});

// @ts-self-types="./target.d.mts"
// Where the load goes: a URL whose host is this machine, unless another one is allowed. Its name is looked up once, and
// the load goes to the address that was checked.

import { lookup } from "node:dns/promises";
import { BlockList, connect } from "node:net";

/** Milliseconds for a connection to be accepted, before the load begins. */
const CONNECT_TIMEOUT = 3_000;

/** This machine: loopback, and the "any" addresses that servers print, which reach it too. */
const here = new BlockList();
here.addSubnet("127.0.0.0", 8, "ipv4");
here.addAddress("0.0.0.0", "ipv4");
here.addAddress("::1", "ipv6");
here.addAddress("::", "ipv6");

/**
 * The first address of `url` that accepts a connection, as `{ url, host }`: the URL with that address, and the Host
 * that the user meant.
 * @throws {Error} One line that says what to do, when it is no URL, not this machine, or nothing listens.
 */
export async function resolveTarget(text, { allowRemote = false } = {}) {
  const url = parse(text);
  const port = Number(url.port) || (url.protocol === "https:" ? 443 : 80);
  const name = url.hostname.replace(/^\[|\]$/g, "");
  const addresses = await lookup(name, { all: true }).catch((error) => {
    throw new Error(`${text}: ${name} cannot be looked up (${error.code})`);
  });
  const remote = addresses.find(({ address, family }) => !here.check(address, `ipv${family}`));
  if (remote && !allowRemote) {
    throw new Error(
      `${text}: ${remote.address} is another machine. ` +
        "Where you may put load on it, say so with --allow-remote",
    );
  }
  let reason;
  for (const { address, family } of addresses) {
    reason = await tryConnect(address, port);
    if (reason) continue;
    const host = url.host;
    url.hostname = family === 6 ? `[${address}]` : address;
    return { url: url.href, host };
  }
  throw new Error(`${text}: nothing accepts a connection there (${reason}). Is the server running?`);
}

function parse(text) {
  const full = text.includes("://") ? text : `http://${text}`;
  if (/^https?:/i.test(full) && URL.canParse(full)) return new URL(full);
  throw new Error(`${text} is no http or https URL`);
}

/** Resolves to why not, if not. */
function tryConnect(host, port) {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: CONNECT_TIMEOUT });
    const settle = (reason) => {
      socket.destroy();
      resolve(reason);
    };
    socket.on("connect", () => settle()).on("error", (error) => settle(error.code ?? error.message));
    socket.on("timeout", () => settle(`no answer in ${CONNECT_TIMEOUT / 1000} s`));
  });
}

/**
 * A program: asks the server at the URL, or `unix:` and a path, in its arguments by `node:http2`, in the way that is named there too, and ends
 * well where all was right. Node runs it, whichever runtime the server has.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import http2, { type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";
import process from "node:process";

const { constants } = http2;

/** What a stream got. */
interface Got {
  readonly status: number;
  readonly body: string;
  readonly headers: http2.IncomingHttpHeaders;
  readonly trailers: http2.IncomingHttpHeaders;
}

/** Asks with `headers`, and `body`, if there is one. */
async function ask(
  session: ClientHttp2Session,
  headers: http2.OutgoingHttpHeaders,
  body?: string | Uint8Array,
): Promise<Got> {
  const stream = session.request(headers, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  return await got(stream);
}

/** All that comes on `stream`; rejects where it is reset. */
async function got(stream: ClientHttp2Stream): Promise<Got> {
  let body = "";
  let headers: http2.IncomingHttpHeaders = {};
  let trailers: http2.IncomingHttpHeaders = {};
  stream.setEncoding("utf8");
  stream.on("response", (given) => headers = given);
  stream.on("trailers", (given) => trailers = given);
  stream.on("data", (text: string) => body += text);
  await once(stream, "close");
  assert.equal(stream.rstCode, constants.NGHTTP2_NO_ERROR);
  return { status: headers[":status"] as unknown as number, body, headers, trailers };
}

async function withSession<T>(
  url: string,
  use: (session: ClientHttp2Session) => Promise<T>,
  options: http2.SecureClientSessionOptions = {},
): Promise<T> {
  const session = url.startsWith("unix:")
    ? http2.connect("http://mooring.test", { ...options, createConnection: () => net.connect(url.slice(5)) })
    : http2.connect(url, { rejectUnauthorized: false, ...options });
  try {
    return await use(session);
  } finally {
    session.destroy();
  }
}

/** Resolves when the server has acknowledged other settings. */
function changed(session: ClientHttp2Session, settings: http2.Settings): Promise<void> {
  return new Promise((resolve, reject) => {
    session.settings(settings, (error) => error ? reject(error) : resolve());
  });
}

/** Asks so many times at once on one session; a third of the requests have a body, of that many numbers. */
async function askMany(url: string, count: number, size: number): Promise<void> {
  await withSession(url, async (session) => {
    const answers = await Promise.all(Array.from({ length: count }, async (_, i) => {
      const path = `/${i}`;
      if (i % 3 > 0) return (await ask(session, { ":path": path })).body === `GET ${path}`;
      const sent = String(i).repeat(size);
      return (await ask(session, { ":path": "/echo", ":method": "POST" }, sent)).body === sent;
    }));
    assert.ok(answers.every((isRight) => isRight));
  });
}

/** The ways. */
const ways = {
  /** Many streams at a time, some with bodies; all on one session. */
  many: (url: string) => askMany(url, 1000, 1000),

  /** Some at a time, with small bodies. */
  some: (url: string) => askMany(url, 200, 50),

  /** Trailers both ways, with a body and without. */
  async trailers(url: string) {
    await withSession(url, async (session) => {
      for (const body of ["", "text", "x".repeat(200_000)]) {
        const head = { ":path": "/trailers", ":method": "POST", trailer: "x-sum" };
        const stream = session.request(head, { waitForTrailers: true, endStream: false });
        stream.on("wantTrailers", () => stream.sendTrailers({ "x-sum": "42" }));
        stream.end(body);
        const answer = await got(stream);
        assert.deepEqual(JSON.parse(answer.body), { "x-sum": "42" });
        assert.equal(answer.trailers["x-length"], String(body.length));
        assert.equal(answer.trailers["x-last"], "yes");
      }
    });
  },

  /** PINGs are answered with their octets, also while a response is under way; nothing is pushed. */
  async ping(url: string) {
    await withSession(url, async (session) => {
      session.on("stream", () => assert.fail("a stream of the server's"));
      await once(session, "connect");
      const large = ask(session, { ":path": "/large" });
      for (let i = 0; i < 20; i++) {
        const sent = Buffer.from(`ping ${String(i).padStart(3)}`);
        const back = await new Promise<Uint8Array>((resolve, reject) => {
          session.ping(sent, (error, _time, payload) => error ? reject(error) : resolve(payload));
        });
        assert.deepEqual(Buffer.from(back), sent);
      }
      assert.equal((await large).body.length, 5_000_000);
      assert.equal(session.localSettings.enablePush, false);
    }, { settings: { enablePush: false } });
  },

  /** The server's settings, and ours as it takes them while streams are under way. */
  async settings(url: string) {
    await withSession(url, async (session) => {
      const [theirs] = await once(session, "remoteSettings") as [http2.Settings];
      assert.equal(theirs.maxConcurrentStreams, 100);
      assert.equal(theirs.maxHeaderListSize, 16_384);
      assert.equal(theirs.initialWindowSize, 65_535);
      assert.equal(theirs.enableConnectProtocol, true);
      const sent = "0123456789".repeat(10_000);
      for (const initialWindowSize of [1_000, 1_000_000, 0, 70_000]) {
        const echo = ask(session, { ":path": "/echo", ":method": "POST" }, sent);
        await changed(session, { initialWindowSize, headerTableSize: initialWindowSize });
        if (initialWindowSize === 0) await changed(session, { initialWindowSize: 1_000 });
        assert.equal((await echo).body, sent);
      }
    });
  },

  /** Streams that are given up: the server's handlers learn of it, and the session goes on. */
  async reset(url: string) {
    await withSession(url, async (session) => {
      const codes = [constants.NGHTTP2_CANCEL, constants.NGHTTP2_NO_ERROR, constants.NGHTTP2_INTERNAL_ERROR];
      for (const [i, code] of codes.entries()) {
        const stream = session.request({ ":path": `/endless/${i}` });
        stream.on("error", () => {});
        await once(stream, "data");
        stream.close(code);
        await new Promise((resolve) => stream.on("close", resolve));
      }
      // Resolves when the handlers have learnt of it.
      assert.equal((await ask(session, { ":path": "/aborted" })).body, String(codes.length));
    });
  },

  /** Responses that begin before the request has ended, and go on behind its end. */
  async duplex(url: string) {
    await withSession(url, async (session) => {
      const stream = session.request({ ":path": "/echo", ":method": "POST" }, { endStream: false });
      stream.setEncoding("utf8");
      for (const text of ["one", "two", "three"]) {
        stream.write(text);
        assert.equal((await once(stream, "data"))[0], text);
      }
      stream.end();
      await once(stream, "end");
    });
  },

  /** Asks all the time, on a new session where the last one goes away; prints how many were answered. */
  async load(urls: string, until: Promise<unknown>) {
    let isOver = false;
    void until.then(() => isOver = true);
    let sessions = 0;
    let session = open();
    /** Opens a session to the first of the servers that is there. */
    async function open(): Promise<ClientHttp2Session> {
      sessions++;
      for (const url of urls.split(",")) {
        const opened = http2.connect(url, { rejectUnauthorized: false });
        opened.on("error", () => {}); // "close" follows
        if (!await new Promise((resolve) => opened.on("connect", () => resolve(true)).on("close", resolve))) {
          continue;
        }
        let isGone = false;
        const renew = (): void => {
          if (!isGone && !isOver) session = open();
          isGone = true;
        };
        opened.on("goaway", renew).on("close", renew);
        return opened;
      }
      throw new Error("no server is there");
    }
    let asked = 0;
    let refused = 0;
    const failures: string[] = [];
    const work = async (): Promise<void> => {
      while (!isOver) {
        const path = `/${asked++ % 3 === 0 ? "slow/" : ""}${asked}`;
        let stream: ClientHttp2Stream | null = null;
        try {
          stream = (await session).request({ ":path": path });
          const { status, body } = await got(stream);
          if (status !== 200 || body !== path) failures.push(`${path}: ${status} ${body}`);
        } catch (error) {
          // Node itself refuses what is asked between a GOAWAY and the event; that was not sent.
          if (stream === null || stream.rstCode === constants.NGHTTP2_REFUSED_STREAM) refused++;
          else failures.push(`${path}: ${error}`);
        }
      }
    };
    const work32 = Promise.all(Array.from({ length: 32 }, work));
    console.log(JSON.stringify({ asked }));
    await work32;
    (await session).destroy();
    console.log(JSON.stringify({ asked, refused, sessions, failures }));
  },
};

const [, , way, url] = process.argv;
if (url !== undefined) {
  await ways[way as keyof typeof ways](url, once(process, "SIGTERM"));
}

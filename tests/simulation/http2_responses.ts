/**
 * Judges what comes on the streams of an HTTP/2 client, by the ledger.
 */
import type { Body } from "./client.ts";
import { sameBytes } from "./content.ts";
import { BODY_DEFECTS, HEAD_DEFECTS } from "./http2_defects.ts";
import { CODE } from "./http2_frames.ts";
import type { ClientStream } from "./http2_stream.ts";
import type { Answer, Entry } from "./ledger.ts";
import type { Act } from "./plan.ts";
import { ON_ERROR_TEXT } from "./server_callbacks.ts";

/** What of the client, and of the server, explains what comes. */
export interface Circumstances {
  /** Whether the server may have refused a stream for there being too many. */
  readonly mayBeRefused: boolean;
  /** Whether anything was slow, so that times may be over. */
  readonly isSlow: boolean;
  /** Whether the server's times may be so short that nobody keeps them. */
  readonly mayBeCutShort: boolean;
  /** The codes of what the client has done wrong, on this stream or on the connection. */
  codesOf(stream: ClientStream): readonly number[];
  /** The option: more gets 413. */
  readonly maxBodyBytes: number;
}

const encoder = new TextEncoder();
const SERVER_ERROR_TEXT = encoder.encode("500 Internal Server Error\n");
const ON_ERROR_BODY = encoder.encode(ON_ERROR_TEXT);
const NO_BODY: Body = () => new Uint8Array(0);

/** Fields that speak of a connection. */
const CONNECTION_FIELDS = ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];

/** The judge of one client. */
export class Http2Responses {
  readonly #fail: (message: string) => void;
  readonly #circumstances: Circumstances;

  constructor(circumstances: Circumstances, fail: (message: string) => void) {
    this.#circumstances = circumstances;
    this.#fail = fail;
  }

  /** A field block came. */
  headersCame(
    stream: ClientStream,
    lines: readonly (readonly [string, string])[],
    endsStream: boolean,
  ): void {
    const { name } = stream.entry;
    const fields = new Map<string, string>();
    for (const [field, value] of lines) {
      if (
        field !== field.toLowerCase() || CONNECTION_FIELDS.includes(field) || /^\s|\s$|[\r\n\0]/.test(value)
      ) {
        this.#fail(`the answer to ${name} has the field ${field}: ${value}`);
      }
      fields.set(field, fields.has(field) ? `${fields.get(field)}, ${value}` : value);
    }
    const pseudo = lines.filter(([field]) => field.startsWith(":"));
    if (stream.head !== null) return this.#trailersCame(stream, fields, pseudo.length, endsStream);
    if (pseudo.length !== 1 || lines[0][0] !== ":status" || !/^[1-9]\d\d$/.test(lines[0][1])) {
      return this.#fail(`the answer to ${name} has no status`);
    }
    const status = Number(lines[0][1]);
    if (status >= 200) {
      stream.head = { status, fields };
      return this.#judgeHead(stream, endsStream);
    }
    if (endsStream || status === 101) return this.#fail(`a ${status} to ${name} that is none`);
    if (status !== 100) return;
    if (stream.entry.request.body?.expects == null) this.#fail(`100 came to ${name}, which expects none`);
    if (stream.sawContinue) this.#fail(`100 came to ${name} again`);
    stream.sawContinue = true;
  }

  #trailersCame(
    stream: ClientStream,
    fields: ReadonlyMap<string, string>,
    pseudo: number,
    endsStream: boolean,
  ): void {
    const { name } = stream.entry;
    if (!endsStream || pseudo > 0) this.#fail(`the trailers of the answer to ${name} are malformed`);
    stream.trailers = fields;
    this.ended(stream);
  }

  #judgeHead(stream: ClientStream, endsStream: boolean): void {
    const { entry } = stream;
    const { status, fields } = stream.head!;
    const given = fields.get("x-name");
    if (given === undefined) this.#judgeOwn(stream, status);
    else if (given === "error") {
      if (!entry.failed || status !== 500) {
        this.#fail(`an answer of onError to ${entry.name}, which has not failed`);
      }
    } else if (given !== entry.name) this.#fail(`the answer to ${entry.name} is that to ${given}`);
    else if (status !== entry.answer.status) {
      this.#fail(`the answer to ${entry.name} has status ${status}, not ${entry.answer.status}`);
    }
    if (endsStream) this.ended(stream);
  }

  /** A response that the engine itself has made. */
  #judgeOwn(stream: ClientStream, status: number): void {
    const { entry } = stream;
    const { request, name } = entry;
    const { isSlow, mayBeCutShort } = this.#circumstances;
    const defect = HEAD_DEFECTS[request.defect ?? ""]?.answered;
    const isExplained = status === 500
      ? entry.failed
      : status === 413
      ? this.#isTooLarge(entry)
      : status === 408
      ? isSlow || mayBeCutShort || isSlowlySent(stream)
      : defect !== undefined && "status" in defect && defect.status === status;
    if (!isExplained) this.#fail(`a ${status} to ${name} that no handler has sent`);
  }

  #isTooLarge({ request }: Entry): boolean {
    const { maxBodyBytes } = this.#circumstances;
    return maxBodyBytes > 0 && (request.body?.length ?? 0) > maxBodyBytes;
  }

  /** A part of the body came. */
  dataCame(stream: ClientStream, bytes: Uint8Array, endsStream: boolean): void {
    const { entry, length } = stream;
    if (stream.head === null || stream.trailers !== null) {
      return this.#fail(`DATA to ${entry.name} outside of its body`);
    }
    const expected = this.#bodyOf(stream);
    stream.length += bytes.length;
    if (expected !== null && !sameBytes(bytes, expected(length, stream.length))) {
      this.#fail(`the body of the answer to ${entry.name} is wrong from ${length} on`);
    }
    if (endsStream) this.ended(stream);
  }

  /** What the body must be; `null` for texts that the engine makes. */
  #bodyOf({ head, entry }: ClientStream): Body | null {
    const name = head!.fields.get("x-name");
    if (name === "error") return (from, to) => ON_ERROR_BODY.subarray(from, to);
    if (name !== undefined) return entry.answer.body ?? NO_BODY;
    return head!.status === 500 ? (from, to) => SERVER_ERROR_TEXT.subarray(from, to) : null;
  }

  /** END_STREAM came. */
  ended(stream: ClientStream): void {
    stream.sawEnd = true;
    const { entry, head, length } = stream;
    const { status, fields } = head!;
    const isBodiless = entry.request.method === "HEAD" || status === 204 || status === 304;
    const declared = fields.get("content-length");
    if (!isBodiless && declared !== undefined && Number(declared) !== length) {
      this.#fail(`the answer to ${entry.name} has ${length} bytes, and says ${declared}`);
    }
    if (isBodiless && length > 0) this.#fail(`the answer to ${entry.name} has a body`);
    const name = fields.get("x-name");
    if (name === "error" && !isBodiless && length !== ON_ERROR_BODY.length) {
      this.#fail("the body of an answer of onError is wrong");
    }
    if (name === undefined && status === 500 && !isBodiless && length !== SERVER_ERROR_TEXT.length) {
      this.#fail("the body of a 500 is wrong");
    }
    if (name === entry.name) this.#judgeWhole(stream, entry.answer, isBodiless);
  }

  #judgeWhole({ entry, length, trailers }: ClientStream, answer: Answer, isBodiless: boolean): void {
    if (isBodiless) return;
    const { name } = entry;
    if (answer.phase !== "complete") {
      this.#fail(`the answer to ${name} is complete, and its handler has not ended`);
    }
    if (length !== answer.length) {
      this.#fail(`the answer to ${name} has ${length} bytes instead of ${answer.length}`);
    }
    const sum = trailers?.get("x-sum");
    if (answer.trailers !== (sum !== undefined)) {
      this.#fail(`the answer to ${name} has ${trailers?.size ?? 0} trailers`);
    } else if (sum !== undefined && sum !== "1" && sum !== String(length)) {
      this.#fail(`the trailers of the answer to ${name} are wrong: ${sum}`);
    }
  }

  /** RST_STREAM came. */
  resetCame(stream: ClientStream, code: number): void {
    if (stream.resetCode !== null) return this.#fail(`${stream.entry.name} is reset twice`);
    stream.resetCode = code;
    if (stream.isReset) return; // they have crossed
    if (!this.#isExplained(stream, code)) {
      this.#fail(`${stream.entry.name} is reset with code ${code}, for which there was no reason`);
    }
  }

  #isExplained(stream: ClientStream, code: number): boolean {
    const { entry, sawEnd } = stream;
    const { isSlow, mayBeRefused } = this.#circumstances;
    if (this.#circumstances.codesOf(stream).includes(code)) return true;
    switch (code) {
      case CODE.noError:
        return sawEnd;
      case CODE.refusedStream:
        return entry.calls === 0 && mayBeRefused;
      case CODE.internal:
        return entry.failed;
      case CODE.cancel:
        return entry.calls > 0 &&
          (isSlow || this.#isTooLarge(entry) || (entry.request.body !== null && !stream.sentEnd));
      default: {
        const head = HEAD_DEFECTS[entry.request.defect ?? ""]?.answered;
        const body = BODY_DEFECTS[entry.request.defect ?? ""];
        return (head !== undefined && "code" in head && head.code === code) || body?.includes(code) === true;
      }
    }
  }
}

/** Whether it takes a while until all of the request is sent. */
function isSlowlySent({ entry: { request }, way, isReset }: ClientStream): boolean {
  const setsTimes = (acts: readonly Act[]): boolean =>
    acts.some((act) => act.act === "timeouts" || (act.act === "beside" && setsTimes(act.acts)));
  return isReset || way.gap >= 0 || request.body?.expects != null || request.defect !== null ||
    setsTimes(request.handler.acts);
}

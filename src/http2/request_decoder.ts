/**
 * Decodes the field blocks of one connection. A block is decoded to its end whatever is wrong with it, since the dynamic
 * table has to stay the one that the client's encoder has.
 */
import type { ProtocolError } from "../api/errors.ts";
import type { Settings } from "../options/settings.ts";
import { HpackDecoder } from "./hpack_decoder.ts";
import { findPathLiteral } from "./path_literal.ts";
import { Http2Request, type RequestLines } from "./request.ts";
import { type DecodedRequest, pathError, RequestBuilder } from "./request_builder.ts";
import { RequestCache } from "./request_cache.ts";
import { HEADER_TABLE } from "./settings.ts";

/** Shared, since a block is decoded in one go. */
const builder = new RequestBuilder();

/** The decoder of one connection. */
export class RequestDecoder {
  readonly #settings: Settings;
  readonly #hpack = new HpackDecoder(HEADER_TABLE);
  readonly #cache = new RequestCache();

  /** With the limits of `settings`. */
  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /**
   * The request of the block `bytes[start, end)`, or what is wrong with it.
   *
   * @throws {HpackError} where it cannot be decoded, and with it no later block
   */
  request(bytes: Uint8Array, start: number, end: number, endsStream: boolean): DecodedRequest {
    const { generation } = this.#hpack;
    const cache = this.#cache;
    const known = cache.find(bytes, start, end, endsStream, generation) ??
      this.#knownButForPath(bytes, start, end, endsStream);
    if (known !== null) return known;
    builder.begin(this.#settings, true);
    this.#hpack.decode(bytes, start, end, builder);
    const request = builder.request(endsStream);
    // One that has changed the table would change it again.
    const isConstant = this.#hpack.generation === generation;
    if (isConstant && request instanceof Http2Request) {
      cache.add(bytes, start, end, generation, request, builder.size);
    }
    return request;
  }

  /** The request of a block of which only the path has to be decoded; `null` where there is more, or anything is wrong. */
  #knownButForPath(bytes: Uint8Array, start: number, end: number, endsStream: boolean): Http2Request | null {
    const pathAt = findPathLiteral(bytes, start, end);
    if (pathAt < 0) return null;
    const { generation } = this.#hpack;
    const kept = this.#cache.findButForPath(bytes, start, end, pathAt, endsStream, generation);
    if (kept === null) return null;
    const path = this.#hpack.decodeString(bytes, pathAt, end);
    const size = kept.size - kept.request.target.length + path.length;
    const { maxHeaderBytes } = this.#settings;
    if (maxHeaderBytes > 0 && size > maxHeaderBytes) return null;
    if (pathError(path, kept.request.method, this.#settings) !== null) return null;
    const request = kept.request.withTarget(path);
    this.#cache.add(bytes, start, end, generation, request, size);
    return request;
  }

  /** The method of the request that was refused last; `null` where it has none. */
  get refusedMethod(): string | null {
    return builder.method;
  }

  /**
   * The trailers of the block `bytes[start, end)`, or what is wrong with them.
   *
   * @throws {HpackError} where it cannot be decoded, and with it no later block
   */
  trailers(bytes: Uint8Array, start: number, end: number): RequestLines | ProtocolError {
    builder.begin(this.#settings, false);
    this.#hpack.decode(bytes, start, end, builder);
    return builder.trailers();
  }
}

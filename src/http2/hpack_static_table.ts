/**
 * The static table of HPACK (RFC 7541 §2.3.1, Appendix A), by index for the decoder and by name for the encoder.
 * Indices begin at 1: place 0 of either array stands for no entry.
 */

/** An entry a line, in the order of the indices: the name, and behind a space the value where it is not empty. */
const ENTRIES = `
:authority
:method GET
:method POST
:path /
:path /index.html
:scheme http
:scheme https
:status 200
:status 204
:status 206
:status 304
:status 400
:status 404
:status 500
accept-charset
accept-encoding gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate`.split("\n").map((line) => line.split(/ (.*)/));

/** Names by index. */
export const STATIC_NAMES: readonly string[] = ENTRIES.map(([name]) => name);

/** Values by index. */
export const STATIC_VALUES: readonly string[] = ENTRIES.map(([, value = ""]) => value);

/** The highest index of the static table; those above are the dynamic table's. */
export const STATIC_COUNT: number = ENTRIES.length - 1;

/** The index of `:status`, which has several entries. */
export const STATUS: number = STATIC_NAMES.indexOf(":status");

/** The index of the field that says a status, by status. */
export const STATUS_INDEX: ReadonlyMap<number, number> = new Map(
  STATIC_NAMES.flatMap((name, index) => name === ":status" ? [[Number(STATIC_VALUES[index]), index]] : []),
);

/** The index of a field's name, in lower case. Without pseudo-header fields: each name has one entry. */
export const NAME_INDEX: ReadonlyMap<string, number> = new Map(
  STATIC_NAMES.flatMap((name, index) => name === "" || name.startsWith(":") ? [] : [[name, index]]),
);

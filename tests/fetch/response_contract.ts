/**
 * What must hold of the global `Response` in fetch handlers, whatever stands in its place: it is sent as the
 * platform's own, and is to programs what the platform's own is. One suite, for each stand-in.
 */
import { testClass } from "./response_contract/class.ts";
import { testWithInfo } from "./response_contract/info.ts";
import { testMembers } from "./response_contract/members.ts";
import { testSameBytes } from "./response_contract/same_bytes.ts";
import { testSending } from "./response_contract/sending.ts";

/**
 * Registers the tests.
 *
 * @param kind what stands in the place of `Response`
 * @param readable gives what of answers to `method` shall be the same as of a platform's response
 */
export function testResponse(kind: string, readable: (wire: string, method: string) => string): void {
  testSameBytes(kind, readable);
  testClass(kind);
  testMembers(kind);
  testSending(kind);
  testWithInfo(kind);
}

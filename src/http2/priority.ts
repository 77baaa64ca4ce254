/**
 * Which response is sent first where not all can be (RFC 9218): by urgency, and within one either one after another, or,
 * where they are of use in parts, in turn.
 */

/** The priority of a response. */
export interface Priority {
  /** From 0, which comes first, to 7. */
  readonly urgency: number;
  /** Whether parts of it are of use. */
  readonly incremental: boolean;
}

/** That of a request without the field (RFC 9218 §4). */
export const DEFAULT_PRIORITY: Priority = { urgency: 3, incremental: false };

/** Urgencies, so that they can be told by an index. */
export const URGENCIES = 8;

/** A member of a dictionary (RFC 9651 §3.2): a key, and a value that is no list and no string. */
const MEMBER = /^([a-z*][a-z0-9_.*-]*)(?:=([^,;]*))?(?:;.*)?$/;

/** The priority that a Priority field tells; what it does not tell, or tells wrongly, is as without it (RFC 9218 §5). */
export function priorityOf(field: string | null): Priority {
  if (field === null) return DEFAULT_PRIORITY;
  let { urgency, incremental } = DEFAULT_PRIORITY;
  for (const text of field.split(",")) {
    const member = MEMBER.exec(text.trim());
    if (member === null) continue;
    const [, key, value] = member;
    if (key === "u" && value !== undefined && /^[0-7]$/.test(value)) urgency = Number(value);
    else if (key === "i") incremental = value === undefined || value === "?1";
  }
  return { urgency, incremental };
}

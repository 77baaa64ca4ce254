/** Types of answer_end.mjs, for the test that imports it. */

export interface Framing {
  isChunked: boolean;
  length: number;
}

export function framingOf(bytes: Uint8Array): Framing | undefined;

export class AnswerEnd {
  constructor(framing: Framing);
  add(chunk: Uint8Array): boolean;
}

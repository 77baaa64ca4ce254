/** Types of open_loop.mjs, for the test that imports it. */

export interface Connection {
  ask(onAnswer: () => void): void;
}

export class OpenLoop {
  constructor(options: {
    connections: readonly Connection[];
    rate: number;
    total: number;
    clock: () => number;
    record: (latency: number, due: number) => void;
  });
  readonly unanswered: number;
  sendDue(): void;
  giveUp(): void;
}

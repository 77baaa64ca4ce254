/**
 * Knows the most that any buffer of received bytes has held in a run.
 */
import { ReceiveBuffer } from "../../src/core/receive_buffer.ts";

let most = 0;

const { append, settle } = ReceiveBuffer.prototype;
ReceiveBuffer.prototype.append = function (bytes, start, end): void {
  append.call(this, bytes, start, end);
  most = Math.max(most, this.length);
};
ReceiveBuffer.prototype.settle = function (): boolean {
  const isFree = settle.call(this);
  most = Math.max(most, this.length);
  return isFree;
};

/** Forgets the run before. */
export function forgetReceived(): void {
  most = 0;
}

/** The most bytes that one buffer has held. */
export function mostReceived(): number {
  return most;
}

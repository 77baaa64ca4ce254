// @ts-self-types="./open_loop.d.mts"
// Requests at a constant rate, whatever becomes of those before: each is due at its time, goes out on a connection that
// is free, and waits where none is. Latency counts from when it was due, so that a server that stalls is late for all
// that it keeps waiting, and not only for those that it had been sent (no coordinated omission).

export class OpenLoop {
  #free;
  #start;
  #interval;
  #total;
  #clock;
  #record;
  /** Requests are numbered as they are due, and sent in that order. */
  #sent = 0;
  #underWay = new Set();

  /**
   * `connections` have a method `ask(onAnswer)`, `rate` are requests a second, `total` is how many, `clock` tells the
   * milliseconds, and `record` gets those that each took, and when it was due, from the start on.
   */
  constructor({ connections, rate, total, clock, record }) {
    this.#free = [...connections];
    this.#start = clock();
    this.#interval = 1000 / rate;
    this.#total = total;
    this.#clock = clock;
    this.#record = record;
  }

  get unanswered() {
    return this.#total - this.#sent + this.#underWay.size;
  }

  /** Sends what is due, as far as connections are free. */
  sendDue() {
    const now = this.#clock() - this.#start;
    while (this.#free.length > 0 && this.#sent < this.#total && this.#sent * this.#interval <= now) {
      this.#send(this.#free.shift(), this.#sent++);
    }
  }

  /** Records what is not answered by now as late as it is. */
  giveUp() {
    for (const number of this.#underWay) this.#take(number);
    for (; this.#sent < this.#total; this.#sent++) this.#take(this.#sent);
  }

  #send(connection, number) {
    this.#underWay.add(number);
    connection.ask(() => {
      this.#underWay.delete(number);
      this.#take(number);
      this.#free.push(connection);
      this.sendDue();
    });
  }

  #take(number) {
    const due = number * this.#interval;
    this.#record(this.#clock() - this.#start - due, due);
  }
}

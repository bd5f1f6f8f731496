/** Which deltas count: older ones are ignored, a gap means that everything is read again. */

export type Verdict = "apply" | "ignore" | "gap";

export class SequenceTracker {
  private last: number | null = null;

  /** Judge the delta with this number and remember it. */
  accept(seq: number): Verdict {
    if (this.last === null) {
      this.last = seq;
      return "apply";
    }
    if (seq <= this.last) return "ignore";
    const verdict = seq === this.last + 1 ? "apply" : "gap";
    this.last = seq;
    return verdict;
  }

  /** Count from here: the server's number at the moment of the connection. */
  start(seq: number): void {
    this.last = seq;
  }
}

export interface Numbered {
  seq: number;
}

/** The latest deltas, so that a snapshot that was under way meanwhile can catch up. */
export class RecentDeltas<D extends Numbered> {
  private readonly kept: D[] = [];
  private forgotten = -Infinity;

  constructor(private readonly limit = 2000) {}

  add(delta: D): void {
    this.kept.push(delta);
    if (this.kept.length > this.limit) this.forgotten = this.kept.shift()?.seq ?? this.forgotten;
  }

  /** Whether every delta after this number is still kept. */
  reachesBackTo(seq: number): boolean {
    return seq >= this.forgotten;
  }

  after(seq: number): D[] {
    return this.kept.filter((delta) => delta.seq > seq);
  }
}

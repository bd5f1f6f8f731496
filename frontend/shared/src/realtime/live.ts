/** The live connection: Socket.IO deltas go into the query cache; a gap or a reconnect reads everything again. */
import type { QueryClient } from "@tanstack/react-query";
import { io, type Socket } from "socket.io-client";
import { z } from "@shared/zod";

import type { Answered } from "@shared/api/client";
import type { Change } from "@shared/realtime/resources";
import { RecentDeltas, SequenceTracker } from "@shared/realtime/sequence";

const deltaSchema = z.object({ seq: z.number(), type: z.string(), data: z.unknown() });
const helloSchema = z.object({ seq: z.number() });
export type Delta = z.infer<typeof deltaSchema>;

export type LiveStatus = "connecting" | "live" | "reconnecting";
export interface LiveState {
  status: LiveStatus;
  since: number;
}

/** How one cache entry follows one delta type. */
export interface Follower {
  type: string;
  /** Of the entry, or how to find it from what a delta says (null: none). */
  queryKey: readonly string[] | ((data: unknown) => readonly string[] | null);
  apply: (current: unknown, data: unknown) => unknown;
}

/** A cache entry that is a list of `T`. */
export function followList<T>(type: string, queryKey: readonly string[], change: Change<T>): Follower {
  return { type, queryKey, apply: (current, data) => (Array.isArray(current) ? change(current, data) : current) };
}

/** A cache entry that is one whole resource, replaced by each delta. */
export function followOne<T>(type: string, queryKey: readonly string[], schema: z.ZodType<T>): Follower {
  return {
    type,
    queryKey,
    apply: (current, data) => {
      const parsed = schema.safeParse(data);
      return parsed.success ? parsed.data : current;
    },
  };
}

/** Many cache entries, each one whole resource under `[prefix, id]`; `merge` puts what a delta says into what is known. */
export function followEach<T>(type: string, prefix: string, idOf: (data: unknown) => string | null, merge: (current: T, data: unknown) => T): Follower {
  return {
    type,
    queryKey: (data) => {
      const id = idOf(data);
      return id === null ? null : [prefix, id];
    },
    apply: (current, data) => merge(current as T, data),  // what stands under this key was put there as a T
  };
}

function keyOf(follower: Follower, data: unknown): readonly string[] | null {
  return typeof follower.queryKey === "function" ? follower.queryKey(data) : follower.queryKey;
}

export class LiveConnection {
  private readonly tracker = new SequenceTracker();
  private readonly recent = new RecentDeltas<Delta>();
  private readonly listeners = new Set<() => void>();
  private state: LiveState = { status: "connecting", since: Date.now() };
  private oldestSnapshot = Infinity;
  private socket: Socket | null = null;

  constructor(
    private readonly queries: QueryClient,
    private readonly followers: readonly Follower[],
  ) {}

  readonly getState = (): LiveState => this.state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  open(): void {
    const socket = io("/live", { path: "/socket.io", reconnectionDelay: 300, reconnectionDelayMax: 3000 });
    socket.on("hello", (raw: unknown) => this.welcome(raw));
    socket.on("disconnect", (reason) => {
      this.become("reconnecting");
      if (reason !== "io server disconnect") return;
      this.askWhoIsSignedIn();
      socket.connect(); // socket.io does so by itself after any other end
    });
    socket.on("connect_error", (error) => {
      this.become("reconnecting");
      if ("description" in error && error.description === 401) this.askWhoIsSignedIn();
    });
    socket.on("delta", (raw: unknown) => this.receive(raw));
    this.socket = socket;
  }

  close(): void {
    this.socket?.close();
    this.socket = null;
  }

  /** A connection stands: what was read before the server's present number is read again. */
  welcome(raw: unknown): void {
    const hello = helloSchema.safeParse(raw);
    if (!hello.success) return;
    this.tracker.start(hello.data.seq);
    const again = this.state.status === "reconnecting";
    this.become("live");
    if (again || this.oldestSnapshot < hello.data.seq) void this.queries.invalidateQueries();
    this.oldestSnapshot = Infinity;
  }

  /** Take one delta as it came from the wire. */
  receive(raw: unknown): void {
    const delta = deltaSchema.safeParse(raw);
    if (!delta.success) return;
    const verdict = this.tracker.accept(delta.data.seq);
    if (verdict === "ignore") return;
    this.recent.add(delta.data);
    for (const follower of this.followers) {
      const queryKey = follower.type === delta.data.type ? keyOf(follower, delta.data.data) : null;
      if (queryKey === null) continue;
      this.queries.setQueryData(queryKey, (current: unknown) =>
        current === undefined ? undefined : follower.apply(current, delta.data.data),
      );
    }
    if (verdict === "gap") void this.queries.invalidateQueries();
  }

  /** Bring what was read at `seq` up to what was heard meanwhile; when that is not known any more, it is read again. */
  catchUp<T>(queryKey: readonly string[], seq: number, value: T): T {
    this.oldestSnapshot = Math.min(this.oldestSnapshot, seq);
    if (!this.recent.reachesBackTo(seq)) setTimeout(() => void this.queries.invalidateQueries({ queryKey }), 0);
    let current: unknown = value;
    for (const delta of this.recent.after(seq)) {
      for (const follower of this.followers) {
        if (follower.type !== delta.type || keyOf(follower, delta.data)?.join() !== queryKey.join()) continue;
        current = follower.apply(current, delta.data);
      }
    }
    return current as T;  // a follower keeps the type of its entry
  }

  /** Put the answer to a change into what is known. A delta may overtake an answer: what was heard since the daemon began with it goes on top. */
  keep<T, Kept>(queryKey: readonly string[], { value, seq }: Answered<T>, put: (kept: Kept, value: T) => Kept): T {
    this.queries.setQueryData<Kept>(queryKey, (kept) => (kept === undefined ? undefined : this.catchUp(queryKey, seq, put(kept, value))));
    return value;
  }

  /** Who is signed in no more is led to the sign-in page by the answer. */
  private askWhoIsSignedIn(): void {
    void this.queries.invalidateQueries({ queryKey: ["me"] });
  }

  private become(status: LiveStatus): void {
    if (this.state.status === status) return;
    this.state = { status, since: Date.now() };
    for (const listener of this.listeners) listener();
  }
}

import { QueryClient } from "@tanstack/react-query";
import { beforeEach, describe, expect, it, vi, type MockInstance } from "vitest";
import { z } from "@shared/zod";

import { followList, LiveConnection } from "@shared/realtime/live";
import { put, remove, upsert } from "@shared/realtime/resources";
import { SequenceTracker } from "@shared/realtime/sequence";

const server = vi.hoisted(() => ({ listeners: new Map<string, (said: unknown) => void>(), connect: vi.fn(), close: vi.fn() }));
vi.mock("socket.io-client", () => ({
  io: () => ({ on: (name: string, listener: (said: unknown) => void) => server.listeners.set(name, listener), connect: server.connect, close: server.close }),
}));

interface Item {
  id: string;
  value: number;
}
const schema: z.ZodType<Item> = z.object({ id: z.string(), value: z.number() });
const key = ["items"];

describe("sequence numbers", () => {
  it("applies the next, ignores the old, names a gap", () => {
    const tracker = new SequenceTracker();
    tracker.start(4);
    expect([5, 5, 3, 6, 9, 10].map((seq) => tracker.accept(seq))).toEqual(["apply", "ignore", "ignore", "apply", "gap", "apply"]);
  });
});

describe("live lists", () => {
  let queries: QueryClient;
  let live: LiveConnection;
  let refetched: MockInstance;

  beforeEach(() => {
    queries = new QueryClient();
    refetched = vi.spyOn(queries, "invalidateQueries").mockResolvedValue();
    live = new LiveConnection(queries, [
      followList("item", key, upsert(schema, (item: Item) => item.id)),
      followList("item_deleted", key, remove(z.object({ id: z.string() }), (item: Item) => item.id)),
    ]);
    live.welcome({ seq: 1 });
    queries.setQueryData(key, [{ id: "a", value: 1 }]);
  });

  const items = () => queries.getQueryData(key);

  it("replaces, adds and removes whole resources", () => {
    live.receive({ seq: 2, type: "item", data: { id: "a", value: 2 } });
    live.receive({ seq: 3, type: "item", data: { id: "b", value: 3 } });
    expect(items()).toEqual([{ id: "b", value: 3 }, { id: "a", value: 2 }]);
    live.receive({ seq: 4, type: "item_deleted", data: { id: "a" } });
    expect(items()).toEqual([{ id: "b", value: 3 }]);
    expect(refetched).not.toHaveBeenCalled();
  });

  it("does not let an older delta overwrite a newer one", () => {
    live.receive({ seq: 2, type: "item", data: { id: "a", value: 2 } });
    live.receive({ seq: 2, type: "item", data: { id: "a", value: 99 } });
    expect(items()).toEqual([{ id: "a", value: 2 }]);
  });

  it("reads everything again after a gap", () => {
    live.receive({ seq: 5, type: "item", data: { id: "a", value: 5 } });
    expect(refetched).toHaveBeenCalledOnce();
  });

  it("brings a snapshot that was under way up to date", () => {
    live.receive({ seq: 2, type: "item", data: { id: "a", value: 2 } });
    live.receive({ seq: 3, type: "item", data: { id: "a", value: 3 } });
    expect(live.catchUp(key, 2, [{ id: "a", value: 2 }])).toEqual([{ id: "a", value: 3 }]);
    expect(live.catchUp(key, 3, [{ id: "a", value: 30 }])).toEqual([{ id: "a", value: 30 }]);
  });

  it("keeps the answer to a change below the deltas that overtook it", () => {
    const putIn = put((item: Item) => item.id);
    live.receive({ seq: 2, type: "item", data: { id: "a", value: 2 } });
    live.receive({ seq: 3, type: "item", data: { id: "a", value: 3 } });
    expect(live.keep(key, { value: { id: "a", value: 2 }, seq: 2 }, putIn)).toEqual({ id: "a", value: 2 });
    expect(items()).toEqual([{ id: "a", value: 3 }]);
    live.keep(key, { value: { id: "a", value: 4 }, seq: 3 }, putIn);
    live.keep(key, { value: { id: "b", value: 1 }, seq: 3 }, putIn);
    expect(items()).toEqual([{ id: "b", value: 1 }, { id: "a", value: 4 }]);
    live.receive({ seq: 4, type: "item_deleted", data: { id: "b" } });
    live.keep(key, { value: { id: "b", value: 1 }, seq: 3 }, putIn);
    expect(items()).toEqual([{ id: "a", value: 4 }]);
  });

  it("keeps no answer where nothing was read yet", () => {
    queries.removeQueries({ queryKey: key });
    live.keep(key, { value: { id: "a", value: 4 }, seq: 1 }, put((item: Item) => item.id));
    expect(items()).toBeUndefined();
  });

  it("reads a snapshot again when what came since is not known any more", async () => {
    for (let seq = 2; seq <= 2010; seq += 1) live.receive({ seq, type: "item", data: { id: "a", value: seq } });
    expect(live.catchUp(key, 2010, [{ id: "a", value: 2010 }])).toEqual([{ id: "a", value: 2010 }]);
    await new Promise((done) => setTimeout(done, 1));
    expect(refetched).not.toHaveBeenCalled();
    live.catchUp(key, 5, [{ id: "b", value: 1 }]);
    await vi.waitFor(() => expect(refetched).toHaveBeenCalledWith({ queryKey: key }));
  });

  it("reads again what was read before the connection stood", () => {
    live.catchUp(key, 7, [{ id: "a", value: 7 }]);
    live.welcome({ seq: 7 });
    expect(refetched).not.toHaveBeenCalled();
    live.catchUp(key, 7, [{ id: "a", value: 7 }]);
    live.welcome({ seq: 8 });
    expect(refetched).toHaveBeenCalledOnce();
  });

  it("connects again and asks who is signed in when the program ended the connection", () => {
    live.open();
    server.listeners.get("disconnect")?.("transport close");
    expect(server.connect).not.toHaveBeenCalled();
    server.listeners.get("disconnect")?.("io server disconnect");
    expect(server.connect).toHaveBeenCalledOnce();
    expect(refetched).toHaveBeenCalledExactlyOnceWith({ queryKey: ["me"] });
    expect(live.getState().status).toBe("reconnecting");
  });

  it("asks who is signed in when a connection is refused for want of a sign-in, not when nobody answers", () => {
    live.open();
    server.listeners.get("connect_error")?.(Object.assign(new Error("xhr poll error"), { description: 0 }));
    expect(refetched).not.toHaveBeenCalled();
    server.listeners.get("connect_error")?.(Object.assign(new Error("xhr poll error"), { description: 401 }));
    expect(refetched).toHaveBeenCalledExactlyOnceWith({ queryKey: ["me"] });
  });

  it("drops a delta whose data do not fit", () => {
    live.receive({ seq: 2, type: "item", data: { id: "a", value: "many" } });
    expect(items()).toEqual([{ id: "a", value: 1 }]);
  });
});

/** One cache entry per noun: a list, into which deltas put whole resources. */

export type Change<T> = (items: T[], data: unknown) => T[];

interface Schema<T> {
  safeParse(data: unknown): { success: true; data: T } | { success: false };
}

/** Replace the item with the same key, or put a new one in front. */
export function put<T>(key: (item: T) => string | number): (items: T[], item: T) => T[] {
  return (items, item) => {
    const id = key(item);
    return items.some((known) => key(known) === id) ? items.map((known) => (key(known) === id ? item : known)) : [item, ...items];
  };
}

/** The same with what a delta says, where that fits. */
export function upsert<T>(schema: Schema<T>, key: (item: T) => string | number): Change<T> {
  const putIn = put(key);
  return (items, data) => {
    const parsed = schema.safeParse(data);
    return parsed.success ? putIn(items, parsed.data) : items;
  };
}

export function remove<T>(schema: Schema<{ id: string }>, key: (item: T) => string | number): Change<T> {
  return (items, data) => {
    const parsed = schema.safeParse(data);
    return parsed.success ? items.filter((item) => key(item) !== parsed.data.id) : items;
  };
}

/** The id of the resource that a delta is about, under the name it has there. */
export const named = (key: "id" | "session_id") => (data: unknown): string | null => {
  const id: unknown = typeof data === "object" && data !== null ? Reflect.get(data, key) : null;
  return typeof id === "string" ? id : null;
};

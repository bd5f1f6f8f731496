/** One cache entry per noun: a list, into which deltas put whole resources. */

export type Change<T> = (items: T[], data: unknown) => T[];

interface Schema<T> {
  safeParse(data: unknown): { success: true; data: T } | { success: false };
}

/** Replace the item with the same key, or put a new one in front. */
export function upsert<T>(schema: Schema<T>, key: (item: T) => string | number): Change<T> {
  return (items, data) => {
    const parsed = schema.safeParse(data);
    if (!parsed.success) return items;
    const id = key(parsed.data);
    const known = items.some((item) => key(item) === id);
    return known ? items.map((item) => (key(item) === id ? parsed.data : item)) : [parsed.data, ...items];
  };
}

export function remove<T>(schema: Schema<{ id: string }>, key: (item: T) => string | number): Change<T> {
  return (items, data) => {
    const parsed = schema.safeParse(data);
    return parsed.success ? items.filter((item) => key(item) !== parsed.data.id) : items;
  };
}

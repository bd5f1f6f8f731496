/** Makes something once, however often it is tried: the daemon knows a request that comes again by its key. */
import { useMutation } from "@tanstack/react-query";
import { useRef } from "react";

/** What goes with a request that creates something. */
export const keyed = (key: string) => ({ "Idempotency-Key": key });

function same(a: unknown, b: unknown): boolean {
  if (a instanceof Blob || b instanceof Blob) return a === b;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return Object.is(a, b);
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => same(Reflect.get(a, name), Reflect.get(b, name)));
}

/** Gives the same key for the same wish until it is fulfilled, a fresh one after that. */
export class Wish<Input> {
  private asked: { input: Input; key: string } | null = null;

  keyOf(input: Input): string {
    if (this.asked === null || !same(this.asked.input, input)) this.asked = { input, key: crypto.randomUUID() };
    return this.asked.key;
  }

  fulfilled(): void {
    this.asked = null;
  }
}

export function useCreate<Input, Output>(run: (input: Input, key: string) => Promise<Output>, onSuccess?: (output: Output) => unknown) {
  const wish = useRef(new Wish<Input>());
  return useMutation({
    mutationFn: (input: Input) => run(input, wish.current.keyOf(input)),
    onSuccess: (output) => {
      wish.current.fulfilled();
      return onSuccess?.(output);
    },
  });
}

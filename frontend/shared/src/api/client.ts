/** The one way to the daemon: adds the CSRF header, throws ProblemError, reports sequence numbers. */
import createClient, { type Client, type Middleware } from "openapi-fetch";
import { z } from "@shared/zod";

import { keyed } from "@shared/api/once";
import { parseProblem, ProblemError } from "@shared/api/problem";

const SAFE = new Set(["GET", "HEAD"]);
const SIGN_IN = "/login";
const meSchema = z.object({ csrf: z.string(), version: z.string() });

export const BASE_URL = typeof window === "undefined" ? "http://localhost" : window.location.origin;

/** Holds the CSRF value of this browser's session; fetched once, on the first unsafe request. */
export class CsrfToken {
  private pending: Promise<string> | null = null;

  value(): Promise<string> {
    this.pending ??= this.load().catch((error: unknown) => {
      this.pending = null;
      throw error;
    });
    return this.pending;
  }

  forget(): void {
    this.pending = null;
  }

  private async load(): Promise<string> {
    const response = await fetch(`${BASE_URL}/api/v1/me`, { credentials: "same-origin" });
    const body: unknown = await response.json().catch(() => null);
    if (!response.ok) throw refused(body, response.status);
    return meSchema.parse(body).csrf;
  }
}

const csrf = new CsrfToken();

/** The problem of a refused request. A token of an earlier sign-in is forgotten; who is signed in no more comes to the sign-in page. */
export function refused(body: unknown, status: number): ProblemError {
  const problem = parseProblem(body, status);
  if (problem.body.code === "auth.csrf") csrf.forget();
  if (problem.body.code === "auth.required" && window.location.pathname !== SIGN_IN) window.location.assign(SIGN_IN);
  return problem;
}

const guard: Middleware = {
  async onRequest({ request }) {
    if (!SAFE.has(request.method)) request.headers.set("X-Flomir-CSRF", await csrf.value());
    return request;
  },
  async onResponse({ response }) {
    if (response.ok) return undefined;
    const body: unknown = await response.clone().json().catch(() => null);
    throw refused(body, response.status);
  },
};

export function createApi<Paths extends object>(): Client<Paths> {
  const client = createClient<Paths>({ baseUrl: BASE_URL, credentials: "same-origin" });
  client.use(guard);
  return client;
}

type Answer<T> = { data?: T; response: Response };

/** The body of an answer that must have one. */
export async function body<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, response } = await answer;
  if (data === undefined) throw parseProblem(null, response.status);
  return data;
}

/** Items of a list with the sequence number at which they were true; `next` is where a long list goes on. */
export interface Snapshot<T> {
  items: T[];
  seq: number;
  next: string | null;
}

const seqOf = (response: Response): number => Number(response.headers.get("X-Flomir-Seq") ?? "0");

export async function snapshot<T>(answer: Promise<Answer<{ items: T[]; next_cursor?: string | null }>>): Promise<Snapshot<T>> {
  const { data, response } = await answer;
  if (data === undefined) throw parseProblem(null, response.status);
  return { items: data.items, seq: seqOf(response), next: data.next_cursor ?? null };
}

/** One whole resource, with the sequence number at which the daemon began to answer. */
export interface Answered<T> {
  value: T;
  seq: number;
}

export async function answered<T>(answer: Promise<Answer<T>>): Promise<Answered<T>> {
  const { data, response } = await answer;
  if (data === undefined) throw parseProblem(null, response.status);
  return { value: data, seq: seqOf(response) };
}

/** An unsafe request whose body is a form (uploads); the answer is parsed by the given schema. */
export async function upload<T>(path: string, form: FormData, schema: z.ZodType<T>, key?: string): Promise<Answered<T>> {
  const response = await fetch(`${BASE_URL}${path}`, {
    method: "POST",
    body: form,
    credentials: "same-origin",
    headers: { ...(key === undefined ? {} : keyed(key)), "X-Flomir-CSRF": await csrf.value() },
  });
  const answer: unknown = await response.json().catch(() => null);
  if (!response.ok) throw refused(answer, response.status);
  return { value: schema.parse(answer), seq: seqOf(response) };
}

type Unsafe = "POST" | "PUT" | "PATCH" | "DELETE";

/** A request of a part that both apps share; the answer is parsed by the given schema. */
export async function request<T>(path: string, schema: z.ZodType<T>, method: "GET" | Unsafe = "GET", content?: unknown, key?: string): Promise<T> {
  const headers: Record<string, string> = SAFE.has(method) ? {} : { "X-Flomir-CSRF": await csrf.value() };
  if (content !== undefined) headers["Content-Type"] = "application/json";
  if (key !== undefined) Object.assign(headers, keyed(key));
  const response = await fetch(`${BASE_URL}/api/v1${path}`, {
    method, headers, credentials: "same-origin", body: content === undefined ? undefined : JSON.stringify(content),
  });
  const answer: unknown = await response.json().catch(() => null);
  if (!response.ok) throw refused(answer, response.status);
  return schema.parse(answer);
}

export { ProblemError };

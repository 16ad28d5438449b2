import { newKey } from "../../../shared/key.ts";
import type { Message } from "./types.ts";

/** The service said no, or could not be reached (`status` 0). `message` is fit to be shown. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly field: string | null = null,
    /** What somebody else wrote meanwhile, when that is why. */
    readonly messages: readonly Message[] = [],
  ) {
    super(message);
  }
}

export const wordsOf = (error: unknown): string => {
  if (error instanceof ApiError) return error.message;
  throw error;
};

export const isUnreachable = (error: unknown): boolean => error instanceof ApiError && error.status === 0;

/** What may work in a moment: the service is away, restarts, or has too much to do. */
export const isPassing = (error: unknown): boolean => error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status >= 500);

const BASE = "/api/console/";
/** Tells the service that our own page asks; other sites can't set it. */
export const CSRF = { "X-Warmline": "1" };

/** A path of the console's, or, with a slash in front, of whatever else the service has. */
export const addressOf = (path: string): string => (path.startsWith("/") ? path : BASE + path);

interface Refusal {
  error?: { code?: string; message?: string; field?: string; messages?: Message[] };
}

async function call<T>(method: string, path: string, body?: object, key?: string): Promise<T> {
  let answer: Response;
  let data: unknown;
  try {
    answer = await fetch(addressOf(path), {
      method,
      credentials: "same-origin",
      headers: { Accept: "application/json", ...(method === "GET" ? {} : { ...CSRF, "Content-Type": "application/json" }), ...(key ? { "Idempotency-Key": key } : {}) },
      ...(method === "GET" ? {} : { body: JSON.stringify(body ?? {}) }),
      ...(key ? { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) } : {}),
    });
    data = answer.headers.get("Content-Type")?.startsWith("application/json") ? await answer.json() : {};
  } catch {
    // fetch says no more than "Failed to fetch", whatever the reason; an answer cut short is none.
    throw new ApiError(0, "unreachable", "The service can't be reached right now.");
  }
  if (answer.ok) return data as T;
  throw refusalOf(answer.status, data);
}

/** Why the service said no, from what it answered. */
export function refusalOf(status: number, data: unknown): ApiError {
  const { code, message, field, messages } = (data as Refusal | null)?.error ?? {};
  return new ApiError(status, code ?? "unknown", message ?? `Something went wrong at our end (${status}). Try again in a moment.`, field ?? null, messages);
}

/** A load balancer says so while one service stops and another is not there yet; looking again does no harm. */
const PASSING = new Set([502, 503, 504]);
const LOOK_AGAIN_MS = [300, 600, 1200, 2400, 4800];
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms * (0.75 + Math.random() / 2)));

export async function get<T>(path: string): Promise<T> {
  for (const wait of LOOK_AGAIN_MS) {
    try {
      return await call<T>("GET", path);
    } catch (error) {
      if (!(error instanceof ApiError && PASSING.has(error.status))) throw error;
    }
    await pause(wait);
  }
  return call<T>("GET", path);
}

/** So long an act may take; a line that hangs is a broken one. */
const ANSWER_WITHIN_MS = 20_000;
const ACT_AGAIN_MS = [300, 1200];
/** As long as nobody knows whether an act was carried out, asking for the same means the same act. */
const UNSURE_FOR_MS = 10 * 60_000;
/** They begin and end sessions, which no kept answer could. */
const UNKEYED = new Set(["login", "logout", "password"]);

/** The keys of acts whose answer has not come, by what was asked. */
const unsure = new Map<string, { key: string; since: number }>();

/** Whether nobody knows what became of it: the answer was lost, or the first of the two is still being carried out. */
const isUnsure = (error: unknown): boolean => error instanceof ApiError && (error.status === 0 || PASSING.has(error.status) || error.code === "in_progress");

/** What an act is about: a conversation, an agent, one's own presence. */
const subjectOf = (asked: string): string => (asked.split("\n")[0] ?? "").split("/").slice(0, 2).join("/");

/** Once something else was done to the same thing, asking for the same as before is another act. */
function answered(path: string): void {
  for (const asked of unsure.keys()) if (subjectOf(asked) === subjectOf(path)) unsure.delete(asked);
}

/**
 * Acts once, however often it is sent: it carries a key by which the service knows it again. A broken line is tried again at
 * once, and whoever then asks for the very same act does so under the same key. With `again` false that is left to the caller.
 */
export async function post<T>(path: string, body: object = {}, { again = true } = {}): Promise<T> {
  if (UNKEYED.has(path)) return call<T>("POST", path, body);
  if (!again) return call<T>("POST", path, body, newKey());
  const asked = `${path}\n${JSON.stringify(body)}`;
  const known = unsure.get(asked);
  const key = known && Date.now() - known.since < UNSURE_FOR_MS ? known.key : newKey();
  unsure.set(asked, { key, since: Date.now() });
  for (let tries = 0; ; tries++) {
    try {
      const answer = await call<T>("POST", path, body, key);
      answered(path);
      return answer;
    } catch (error) {
      if (!isUnsure(error)) unsure.delete(asked);
      const wait = ACT_AGAIN_MS[tries];
      if (wait === undefined || !isUnsure(error)) throw error;
      await pause(wait);
    }
  }
}

export const put = <T>(path: string, body: object): Promise<T> => call<T>("PUT", path, body);
export const del = <T>(path: string): Promise<T> => call<T>("DELETE", path);
export const patch = <T>(path: string, body: object): Promise<T> => call<T>("PATCH", path, body);

/** Where the browser gets a conversation as a text file, by its own clock. */
export function transcriptOf(id: string): string {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return `${BASE}conversations/${encodeURIComponent(id)}/transcript?${new URLSearchParams({ format: "text", zone })}`;
}

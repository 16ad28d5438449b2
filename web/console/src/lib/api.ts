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

const BASE = "/api/console/";

interface Refusal {
  error?: { code?: string; message?: string; field?: string; messages?: Message[] };
}

async function call<T>(method: string, path: string, body?: object): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(BASE + path, {
      method,
      credentials: "same-origin",
      headers: { Accept: "application/json", ...(method === "GET" ? {} : { "X-Warmline": "1", "Content-Type": "application/json" }) },
      ...(method === "GET" ? {} : { body: JSON.stringify(body ?? {}) }),
    });
  } catch {
    // fetch says no more than "Failed to fetch", whatever the reason.
    throw new ApiError(0, "unreachable", "The service can't be reached right now.");
  }
  const data: unknown = answer.headers.get("Content-Type")?.startsWith("application/json") ? await answer.json() : {};
  if (answer.ok) return data as T;
  const { code, message, field, messages } = (data as Refusal).error ?? {};
  throw new ApiError(answer.status, code ?? "unknown", message ?? `Something went wrong at our end (${answer.status}). Try again in a moment.`, field ?? null, messages);
}

/** A load balancer says so while one service stops and another is not there yet; looking again does no harm. */
const PASSING = new Set([502, 503, 504]);
const LOOK_AGAIN_MS = [300, 600, 1200, 2400, 4800];

export async function get<T>(path: string): Promise<T> {
  for (const wait of LOOK_AGAIN_MS) {
    try {
      return await call<T>("GET", path);
    } catch (error) {
      if (!(error instanceof ApiError && PASSING.has(error.status))) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, wait * (0.75 + Math.random() / 2)));
  }
  return call<T>("GET", path);
}

export const post = <T>(path: string, body?: object): Promise<T> => call<T>("POST", path, body);
export const put = <T>(path: string, body: object): Promise<T> => call<T>("PUT", path, body);
export const del = <T>(path: string): Promise<T> => call<T>("DELETE", path);
export const patch = <T>(path: string, body: object): Promise<T> => call<T>("PATCH", path, body);

/** Where the browser gets a conversation as a text file, by its own clock. */
export function transcriptOf(id: string): string {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return `${BASE}conversations/${encodeURIComponent(id)}/transcript?${new URLSearchParams({ format: "text", zone })}`;
}

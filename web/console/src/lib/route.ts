import type { View } from "./types.ts";

export type Route = { page: "desk"; view: View; id: string | null; card: boolean } | { page: "agents" } | { page: "undelivered" } | { page: "audit" };

const VIEWS: readonly string[] = ["queue", "mine", "all"];

/** Reads the address behind the hash: "#/mine/c7/card". What we do not know is the queue. */
export function parseRoute(hash: string): Route {
  const [first = "", id = "", pane = ""] = hash.replace(/^#?\/?/, "").split("/").map(decodePart);
  if (first === "agents" || first === "undelivered" || first === "audit") return { page: first };
  const view = (VIEWS.includes(first) ? first : "queue") as View;
  return { page: "desk", view, id: id || null, card: id !== "" && pane === "card" };
}

/** A broken escape is somebody's typing, not an address of ours. */
function decodePart(part: string): string {
  return /%(?![\da-f]{2})/i.test(part) ? "" : decodeURIComponent(part);
}

export function hashOf(view: View, id: string | null = null, card = false): string {
  return `#/${view}${id === null ? "" : `/${encodeURIComponent(id)}`}${id !== null && card ? "/card" : ""}`;
}

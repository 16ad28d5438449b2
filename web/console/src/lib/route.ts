import type { View } from "./types.ts";

/** `seq` is the message that is to be shown. */
export type Route = { page: "desk"; view: View; id: string | null; card: boolean; seq?: number } | { page: "agents" } | { page: "notifications" } | { page: "reports" } | { page: "starters" } | { page: "board" } | { page: "promises" } | { page: "undelivered" } | { page: "audit" } | { page: "studio"; part: StudioPart; flow: string | null };

export type StudioPart = "flows" | "segments" | "sources" | "simulation" | "experiments" | "contacts";
const STUDIO: readonly string[] = ["flows", "segments", "sources", "simulation", "experiments", "contacts"];

const VIEWS: readonly string[] = ["queue", "mine", "all"];

/** Reads the address behind the hash: "#/mine/c7/card", "#/all/c7/m42". What we do not know is the queue. */
export function parseRoute(hash: string): Route {
  const [first = "", id = "", pane = ""] = hash.replace(/^#?\/?/, "").split("/").map(decodePart);
  if (first === "agents" || first === "undelivered" || first === "audit" || first === "notifications" || first === "reports" || first === "starters" || first === "board" || first === "promises") return { page: first };
  if (STUDIO.includes(first)) return { page: "studio", part: first as StudioPart, flow: id || null };
  const view = (VIEWS.includes(first) ? first : "queue") as View;
  const seq = id !== "" && /^m\d{1,9}$/.test(pane) ? Number(pane.slice(1)) : 0;
  return { page: "desk", view, id: id || null, card: id !== "" && pane === "card", ...(seq > 0 ? { seq } : {}) };
}

/** A broken escape is somebody's typing, not an address of ours. */
function decodePart(part: string): string {
  return /%(?![\da-f]{2})/i.test(part) ? "" : decodeURIComponent(part);
}

export function hashOf(view: View, id: string | null = null, card = false, seq: number | null = null): string {
  if (id === null) return `#/${view}`;
  return `#/${view}/${encodeURIComponent(id)}${card ? "/card" : seq === null ? "" : `/m${seq}`}`;
}

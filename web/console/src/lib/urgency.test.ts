import { describe, expect, it } from "vitest";
import type { Episode, Item } from "./types.ts";
import { inView, refreshed, rowsOf } from "./urgency.ts";

const episode = (more: Partial<Episode> = {}): Episode => ({
  id: "e", reason: "asked", detail: null, status: "waiting", requested_at: "", accepted_at: null, agent: null, rung: 0, breached: [], offered_to_me: true, clock: null, ...more,
});
const due = (due_at: string, more: Partial<Episode> = {}): Episode => episode({ clock: { kind: "accept", due_at, started_at: "2026-11-22T10:00:00Z" }, ...more });
const item = (id: string, more: Partial<Item> = {}): Item => ({
  id, name: id, picture_url: null, channel: "widget", owner: "waiting", preview: null, last_at: "2026-11-22T10:00:00Z", waiting_since: null, tags: [], episode: null, window_closes_at: null, ...more,
});
const ids = (items: Item[]): string[] => items.map(({ id }) => id);

describe("rowsOf", () => {
  it("puts complaints first, then what is due first, then who waits without a clock", () => {
    const items = [
      item("quiet"),
      item("waits", { waiting_since: "2026-11-22T09:00:00Z" }),
      item("later", { episode: due("2026-11-22T10:05:00Z") }),
      item("overdue", { episode: due("2026-11-22T09:59:00Z") }),
      item("complaint", { episode: due("2026-11-22T10:09:00Z", { reason: "complaint" }) }),
    ];
    expect(ids(rowsOf(items, "queue", "me"))).toEqual(["complaint", "overdue", "later", "waits", "quiet"]);
  });
  it("shows all by the newest words and never swaps equals", () => {
    const items = [item("b"), item("a"), item("new", { last_at: "2026-11-22T11:00:00Z", owner: "bot" })];
    expect(ids(rowsOf(items, "all", "me"))).toEqual(["new", "a", "b"]);
  });
  it("knows mine from others'", () => {
    const mine = item("m", { owner: "agent", episode: episode({ agent: { id: "me", name: "Me", picture_url: null } }) });
    expect([inView(mine, "mine", "me"), inView(mine, "mine", "you"), inView(mine, "queue", "me")]).toEqual([true, false, false]);
  });
});

describe("refreshed", () => {
  it("drops what left the view while the line was down, and only that", () => {
    const known = new Map([item("gone"), item("stays"), item("other", { owner: "bot" })].map((one) => [one.id, one]));
    expect([...refreshed(known, [item("stays"), item("new")], "queue", "me").keys()]).toEqual(["stays", "other", "new"]);
  });
  it("drops nothing for a page of all", () => {
    const known = new Map([["old", item("old")]]);
    expect([...refreshed(known, [item("new")], "all", "me").keys()]).toEqual(["old", "new"]);
  });
});

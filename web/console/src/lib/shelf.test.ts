import { describe, expect, it } from "vitest";
import type { Episode, Item, View } from "./types.ts";
import { Shelf } from "./shelf.ts";
import { byNewest, inView } from "./urgency.ts";

const episode = (more: Partial<Episode> = {}): Episode => ({
  id: "e", reason: "asked", detail: null, status: "waiting", requested_at: "", accepted_at: null, agent: null, rung: 0, breached: [], offered_to_me: true, clock: null, ...more,
});
const due = (due_at: string, more: Partial<Episode> = {}): Episode => episode({ clock: { kind: "accept", due_at, started_at: "2026-11-22T10:00:00Z" }, ...more });
const item = (id: string, more: Partial<Item> = {}): Item => ({
  id, name: id, picture_url: null, channel: "widget", owner: "waiting", preview: null, last_at: "2026-11-22T10:00:00Z", waiting_since: null, tags: [], episode: null, window_closes_at: null, ...more,
});
const shelfOf = (items: readonly Item[]): Shelf => {
  const shelf = new Shelf();
  for (const one of items) shelf.put(one);
  return shelf;
};
const rows = (items: readonly Item[], view: View): string[] => ids(shelfOf(items).rows(view, "me"));
const ids = (items: readonly Item[]): string[] => items.map(({ id }) => id);

describe("a shelf's rows", () => {
  it("puts complaints first, then what is due first, then who waits without a clock", () => {
    const items = [
      item("quiet"),
      item("waits", { waiting_since: "2026-11-22T09:00:00Z" }),
      item("later", { episode: due("2026-11-22T10:05:00Z") }),
      item("overdue", { episode: due("2026-11-22T09:59:00Z") }),
      item("complaint", { episode: due("2026-11-22T10:09:00Z", { reason: "complaint" }) }),
    ];
    expect(rows(items, "queue")).toEqual(["complaint", "overdue", "later", "waits", "quiet"]);
  });
  it("shows all by the newest words and never swaps equals", () => {
    expect(rows([item("b"), item("a"), item("new", { last_at: "2026-11-22T11:00:00Z", owner: "bot" })], "all")).toEqual(["new", "a", "b"]);
  });
  it("knows mine from others'", () => {
    const mine = item("m", { owner: "agent", episode: episode({ agent: { id: "me", name: "Me", picture_url: null } }) });
    expect([inView(mine, "mine", "me"), inView(mine, "mine", "you"), inView(mine, "queue", "me")]).toEqual([true, false, false]);
    expect([rows([mine], "mine"), rows([mine], "queue")]).toEqual([["m"], []]);
  });
  it("moves what changed, and counts who waits", () => {
    const shelf = shelfOf([item("a"), item("b"), item("c", { owner: "bot" })]);
    shelf.put(item("b", { owner: "bot", last_at: "2026-11-22T11:00:00Z" }));
    expect([ids(shelf.rows("all", "me")), ids(shelf.rows("queue", "me")), shelf.waiting]).toEqual([["b", "a", "c"], ["a"], 1]);
    shelf.remove("a");
    expect([ids(shelf.rows("all", "me")), shelf.waiting, shelf.get("a")]).toEqual([["b", "c"], 0, undefined]);
  });
  it("keeps what was told since a list was asked for, whatever its answer says", () => {
    const shelf = shelfOf([item("told"), item("gone"), item("a")]);
    shelf.refresh([item("a"), item("left", { owner: "waiting" })], "queue", "me", (id) => id === "told" || id === "left");
    expect(ids(shelf.rows("queue", "me")).toSorted()).toEqual(["a", "told"]);
  });
  it("is in the same order as if all were sorted anew, whatever comes when", () => {
    let seed = 7;
    const random = (below: number): number => (seed = (seed * 48271) % 2147483647) % below;
    const shelf = new Shelf();
    const known = new Map<string, Item>();
    for (let turn = 0; turn < 500; turn++) {
      const one = item(`c${random(60)}`, { last_at: `2026-11-22T10:${10 + random(50)}:00Z` });
      known.set(one.id, one);
      shelf.put(one);
    }
    expect(ids(shelf.rows("all", "me"))).toEqual(ids([...known.values()].sort(byNewest)));
  });
});

describe("a view that was fetched anew", () => {
  it("loses what left it while the line was down, and only that", () => {
    const shelf = shelfOf([item("gone"), item("stays"), item("other", { owner: "bot" })]);
    shelf.refresh([item("stays"), item("new")], "queue", "me");
    expect(ids(shelf.rows("all", "me"))).toEqual(["new", "other", "stays"]);
  });
  it("loses nothing for a page of all", () => {
    const shelf = shelfOf([item("old")]);
    shelf.refresh([item("new")], "all", "me");
    expect(ids(shelf.rows("all", "me"))).toEqual(["new", "old"]);
  });
});

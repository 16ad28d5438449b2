import { describe, expect, it, vi } from "vitest";
import { openKeep, readChange, type Shelf } from "./keep.ts";
import type { Page } from "./protocol.ts";
import type { Draft } from "./talk.ts";

function shelfOf(start: Record<string, string> = {}): Shelf & { held: Map<string, string> } {
  const held = new Map(Object.entries(start));
  return {
    held,
    get length() {
      return held.size;
    },
    key: (i) => [...held.keys()][i] ?? null,
    getItem: (key) => held.get(key) ?? null,
    setItem: (key, value) => void held.set(key, value),
    removeItem: (key) => void held.delete(key),
  };
}
const draft = (key: string, at: string): Draft => ({ key, text: key, payload: null, at, refused: null });

describe("openKeep", () => {
  it("gives drafts back in the order they were written, whatever the storage's order", () => {
    const keep = openKeep(shelfOf({ other: "x" }), "h");
    keep.putDraft(draft("b", "2026-01-02T00:00:00Z"));
    keep.putDraft(draft("a", "2026-01-01T00:00:00Z"));
    keep.setToken("t");
    expect(keep.drafts().map((d) => d.key)).toEqual(["a", "b"]);
    keep.dropDraft("a");
    expect(keep.drafts().map((d) => d.key)).toEqual(["b"]);
  });
  it("keeps the first page ever, and the marks of the latest link for a day", () => {
    const keep = openKeep(shelfOf(), "h");
    const at = (path: string): Page => ({ url: `https://shop${path}`, referrer: "" });
    const home = at("/");
    const spring = at("/?utm_campaign=spring");
    const about = at("/about");
    expect(keep.arrive(home, 0)).toEqual({ page: home, landing: home });
    expect(keep.arrive(spring, 1000)).toEqual({ page: spring, landing: home });
    expect(keep.arrive(about, 2000)).toEqual({ page: spring, landing: home });
    expect(keep.arrive(about, 1000 + 24 * 3600_000)).toEqual({ page: about, landing: home });
  });
  it("keeps two services apart", () => {
    const store = shelfOf();
    openKeep(store, "one").setToken("t1");
    expect(openKeep(store, "two").token()).toBeNull();
  });
  it("keeps drafts when the talk is forgotten", () => {
    const keep = openKeep(shelfOf(), "h");
    keep.putDraft(draft("a", "x"));
    keep.setReadUpTo(4);
    keep.forgetTalk();
    expect(keep.readUpTo()).toBe(0);
    expect(keep.drafts()).toHaveLength(1);
  });
  it("survives what it cannot read and a full storage", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const store = shelfOf({ "warmline:h:tail": "{" });
    store.setItem = () => {
      throw new DOMException("full", "QuotaExceededError");
    };
    const keep = openKeep(store, "h");
    expect(keep.tail()).toEqual([]);
    keep.setToken("t");
    expect(warn).toHaveBeenCalledTimes(2);
    warn.mockRestore();
  });
});

describe("readChange", () => {
  it("reads other tabs' changes", () => {
    const one = draft("a", "x");
    expect(readChange("h", "warmline:h:draft:a", JSON.stringify(one))).toEqual({ what: "draft", draft: one });
    expect(readChange("h", "warmline:h:draft:a", null)).toEqual({ what: "draft gone", key: "a" });
    expect(readChange("h", "warmline:h:read", "7")).toEqual({ what: "read", upTo: 7 });
    expect(readChange("h", "warmline:h:token", '"t"')).toEqual({ what: "token", token: "t" });
  });
  it("leaves the rest alone", () => {
    expect(readChange("h", "warmline:other:read", "7")).toBeNull();
    expect(readChange("h", null, null)).toBeNull();
    expect(readChange("h", "warmline:h:tail", null)).toBeNull();
  });
});

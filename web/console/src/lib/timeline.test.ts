import { expect, test } from "vitest";
import { merged } from "./timeline.ts";
import type { TimelineLine } from "./types.ts";

const line = (id: string, at: string): TimelineLine => ({ id, at, until: null, sort: "person", text: id, more: "", conversation_id: null });

test("a first page that grew keeps what was loaded behind it, once", () => {
  const known = [line("c", "2026-11-03"), line("b", "2026-11-02"), line("a", "2026-11-01")];
  const page = [line("d", "2026-11-04"), line("c", "2026-11-03"), line("b", "2026-11-02")];
  expect(merged(known, page).map(({ id }) => id)).toEqual(["d", "c", "b", "a"]);
});

test("what is no longer told within a page falls away", () => {
  const known = [line("x", "2026-11-04"), line("b", "2026-11-02"), line("a", "2026-11-01")];
  expect(merged(known, [line("d", "2026-11-05"), line("b", "2026-11-02")]).map(({ id }) => id)).toEqual(["d", "b", "a"]);
});

test("lines of one number in two conversations are two", () => {
  const other = { ...line("met-0", "2026-11-01"), conversation_id: "c2" };
  expect(merged([other], [line("met-0", "2026-11-02")])).toHaveLength(2);
});

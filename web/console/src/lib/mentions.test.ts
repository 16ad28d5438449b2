import { expect, it } from "vitest";
import { completed, matching, pieces, typedName } from "./mentions.ts";

it.each([
  ["ask @", 5, ""],
  ["ask @Mi", 7, "Mi"],
  ["@jö", 3, "jö"],
  ["(@Mia", 5, "Mia"],
  ["ask @Mi now", 11, null],
  ["mia@example", 11, null],
  ["nothing", 7, null],
])("%j, caret at %d", (text, caret, typed) => {
  expect(typedName(text, caret)).toBe(typed);
});

it("names match by any of their words", () => {
  expect(matching(["Mia Berg", "Sam Reyes", "Bert Mint"], "be")).toEqual(["Mia Berg", "Bert Mint"]);
  expect(matching(["Mia Berg"], "x")).toEqual([]);
});

it("a chosen name takes the place of what was typed", () => {
  expect(completed("ask @mi please", 7, "Mia Berg")).toEqual({ text: "ask @Mia Berg please", caret: 14 });
  expect(completed("@", 1, "Sam")).toEqual({ text: "@Sam ", caret: 5 });
});

it.each([
  ["@Mia Berg, look", ["@Mia Berg"]],
  ["@mia and @Sam!", ["@mia", "@Sam"]],
  ["@Miau", []],
  ["mia@example.com", []],
])("%s", (text, mentioned) => {
  const all = pieces(text, ["Mia Berg", "Sam"]);
  expect(all.filter(({ mention }) => mention).map((piece) => piece.text)).toEqual(mentioned);
  expect(all.map((piece) => piece.text).join("")).toBe(text);
});

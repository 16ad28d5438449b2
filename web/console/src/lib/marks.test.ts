import { expect, it } from "vitest";
import { pieces } from "./marks.ts";

it("cuts a text where words were found, also behind an emoji", () => {
  expect(pieces("😀 the blue one", [[2, 5], [6, 10]])).toEqual([
    { text: "😀 ", found: false },
    { text: "the", found: true },
    { text: " ", found: false },
    { text: "blue", found: true },
    { text: " one", found: false },
  ]);
  expect(pieces("plain", [])).toEqual([{ text: "plain", found: false }]);
});

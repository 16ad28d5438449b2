import { describe, expect, it } from "vitest";
import { diff, offsetOf, shortened } from "./diff.ts";

const told = (before: string, after: string): string[] => diff(before, after).map(({ kind, text, number }) => `${{ same: " ", out: "-", in: "+" }[kind]}${number} ${text}`);

describe("diff", () => {
  it("keeps what both have", () => {
    expect(told("a\nb\nc", "a\nx\nc")).toEqual([" 1 a", "-2 b", "+2 x", " 3 c"]);
  });
  it("tells a move as out and in", () => {
    expect(told("a\nb\nc\nd", "b\nc\na\nd")).toEqual(["-1 a", " 1 b", " 2 c", "+3 a", " 4 d"]);
  });
  it("of equal texts has no change", () => {
    expect(diff("a\nb", "a\nb").every(({ kind }) => kind === "same")).toBe(true);
  });
  it("can be applied: what stays and what came in is the new text, what stays and what went is the old one", () => {
    const words = ["a", "b", "c", ""];
    for (let n = 0; n < 300; n++) {
      const text = (seed: number): string => Array.from({ length: seed % 7 }, (_, i) => words[(seed * (i + 3) + n * i) % 4] ?? "").join("\n");
      const [before, after] = [text(n), text(n * 5 + 2)];
      const lines = diff(before, after);
      expect(lines.filter(({ kind }) => kind !== "out").map(({ text }) => text).join("\n")).toBe(after);
      expect(lines.filter(({ kind }) => kind !== "in").map(({ text }) => text).join("\n")).toBe(before);
    }
  });
});

it("shortened leaves out what is far from any change", () => {
  const lines = diff("1\n2\n3\n4\n5\n6\n7\n8\n9", "1\n2\n3\n4\nX\n6\n7\n8\n9");
  expect(shortened(lines, 1).map((line) => line?.text ?? "…")).toEqual(["4", "5", "X", "6"]);
  expect(shortened(diff("a\n1\n2\n3\n4\nb", "A\n1\n2\n3\n4\nB"), 1).map((line) => line?.text ?? "…")).toEqual(["a", "A", "1", "…", "4", "b", "B"]);
});

it.each([
  ["ab\ncd", 2, 2, 4],
  ["ab\ncd", 1, 99, 2],
  ["ab\ncd", 99, 1, 5],
  ["", 1, 1, 0],
])("%j line %d column %d", (text, line, column, offset) => {
  expect(offsetOf(text, line, column)).toBe(offset);
});

import { describe, expect, it } from "vitest";
import { contrast, INK, inkOn, parseHex, readableOn, toHex, WHITE, type Rgb } from "./colour.ts";

describe("parseHex", () => {
  it("reads three and six digits", () => {
    expect(parseHex("#0b6")).toEqual([0, 187, 102]);
    expect(parseHex("00bb66")).toEqual([0, 187, 102]);
    expect(toHex([0, 187, 102])).toBe("#00bb66");
  });
  it.each([null, "", "red", "#12", "#12345g", "url(x)", "#0b6;}"])("refuses %s", (text) => {
    expect(parseHex(text)).toBeNull();
  });
});

describe("contrast", () => {
  it("is 21 between black and white", () => {
    expect(contrast([0, 0, 0], WHITE)).toBeCloseTo(21, 5);
  });
  it("puts ink on bright and white on dark grounds", () => {
    expect(inkOn([0, 187, 102])).toBe(INK);
    expect(inkOn([20, 60, 90])).toBe(WHITE);
  });
});

describe("readableOn", () => {
  const grounds: Rgb[] = [WHITE, [34, 29, 25]];
  const accents = ["#0b6", "#ffffff", "#000000", "#ffd400", "#808080", "#1144ff"].map((hex) => parseHex(hex) as Rgb);
  it.each(grounds.flatMap((ground) => accents.map((accent) => [toHex(ground), toHex(accent), ground, accent] as const)))(
    "on %s, %s ends up readable",
    (_g, _a, ground, accent) => {
      expect(contrast(readableOn(ground, accent, 4.5), ground)).toBeGreaterThanOrEqual(4.5);
    },
  );
  it("leaves a colour that reads well as it is", () => {
    expect(readableOn(WHITE, [10, 60, 90], 4.5)).toEqual([10, 60, 90]);
  });
});

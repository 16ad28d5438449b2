import { describe, expect, it } from "vitest";
import { waitMs } from "./backoff.ts";

const pace = { firstMs: 1000, capMs: 30_000 };

describe("waitMs", () => {
  it("doubles from the first wait to the cap", () => {
    const highest = [0, 1, 2, 3, 4, 5, 6, 500].map((attempt) => waitMs(attempt, () => 1, pace));
    expect(highest).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  it("never waits less than half of the ceiling", () => {
    expect(waitMs(0, () => 0, pace)).toBe(500);
    expect(waitMs(9, () => 0, pace)).toBe(15_000);
  });

  it("spreads by the random number", () => {
    expect(waitMs(1, () => 0.5, pace)).toBe(1500);
  });
});

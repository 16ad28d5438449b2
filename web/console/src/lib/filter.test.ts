import { expect, it } from "vitest";
import { ALL, queryOf, sameFilter } from "./filter.svelte.ts";

it("asks only for what matters", () => {
  expect(queryOf(ALL)).toBe("order=latest");
  expect(queryOf({ ...ALL, order: "risk", holder: "me", team: "a & b" })).toBe("order=risk&team=a+%26+b&holder=me");
});

it("knows two views that show the same, whatever they are called", () => {
  expect(sameFilter({ ...ALL, name: "Everything" }, ALL)).toBe(true);
  expect(sameFilter({ ...ALL, snoozed: "no" }, ALL)).toBe(false);
});

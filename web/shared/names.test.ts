import { expect, it } from "vitest";
import { initials } from "./names.ts";

it.each([
  ["Sam Reyes", "SR"],
  ["mia", "M"],
  ["Ana Maria de Souza", "AS"],
  ["Élodie (support)", "ÉS"],
  ["李 小龙", "李小"],
  ["  ", "?"],
  [null, "?"],
  ["👋", "?"],
])("%s gives %s", (name, letters) => {
  expect(initials(name)).toBe(letters);
});

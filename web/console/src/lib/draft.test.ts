import { expect, test } from "vitest";
import { draftOf, putBack } from "./draft.ts";

test("words come back before what was written since", () => {
  expect(putBack("It is $89.", "")).toBe("It is $89.");
  expect(putBack("It is $89.", "and")).toBe("It is $89.\nand");
});

test("each conversation has a draft of its own", () => {
  expect(draftOf("c1")).not.toBe(draftOf("c2"));
});

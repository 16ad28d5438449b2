import { expect, test } from "vitest";

import { News } from "./news.ts";

test("only what was told after the question is newer than its answer", () => {
  const news = new News();
  news.tell("before");
  const newer = news.since();
  news.tell("after");

  expect(["before", "after", "never"].map(newer)).toEqual([false, true, false]);
  news.tell("before");
  expect(newer("before")).toBe(true);
});

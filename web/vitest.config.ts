import { svelte } from "@sveltejs/vite-plugin-svelte";
import { svelteTesting } from "@testing-library/svelte/vite";
import { defineConfig } from "vitest/config";

// Tests of components say for themselves that they need a document: `// @vitest-environment happy-dom`.
export default defineConfig({
  plugins: [svelte(), svelteTesting({ autoCleanup: false })],
  test: { include: ["{shared,widget,console}/**/*.test.ts"], environment: "node" },
});

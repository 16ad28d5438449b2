import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// Tests of components say for themselves that they need a document: `// @vitest-environment happy-dom`.
export default defineConfig({
  plugins: [svelte()],
  resolve: { conditions: ["browser"] },
  test: { include: ["{shared,widget,console}/**/*.test.ts"], environment: "node" },
});

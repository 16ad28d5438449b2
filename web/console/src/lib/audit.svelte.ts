import * as api from "./api.ts";
import { clock } from "./clock.svelte.ts";
import type { AuditReport } from "./types.ts";

/** What the audit found, as an admin sees it. Loaded when the page opens; each later look of the audit loads it again. */
export class Audit {
  report = $state.raw<AuditReport | null>(null);
  trouble = $state("");
  #watched = false;

  constructor(private readonly failed: (error: unknown) => void) {}

  /** Somebody looks: load, and keep up until they leave. */
  watch(): () => void {
    this.#watched = true;
    void this.load();
    return () => (this.#watched = false);
  }

  changed(): void {
    if (this.#watched) void this.load();
  }

  async load(): Promise<void> {
    try {
      const report = await api.get<AuditReport>("audit");
      clock.heard(report.now);
      this.report = report;
      this.trouble = "";
    } catch (error) {
      this.trouble = api.wordsOf(error);
      this.failed(error);
    }
  }
}

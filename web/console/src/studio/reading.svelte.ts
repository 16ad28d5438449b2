import * as api from "../lib/api.ts";
import { STUDIO } from "./types.ts";
import { sent } from "./upload.ts";

/** A file that is read before anything is done with it: what each column is taken for, what would happen, and how far it is. */
export class Reading<Seen> {
  files = $state<FileList>();
  channel = $state("");
  seen = $state.raw<Seen | null>(null);
  share = $state<number | null>(null);
  trouble = $state("");
  working = $state<"" | "preview" | "act">("");
  #mapping = $state.raw<Record<string, string>>({});
  readonly #path: string;
  readonly #asked: () => Record<string, string>;

  /** `path` is where the file goes, `asked` what is asked for beside the channel and the columns. */
  constructor(path: string, asked: () => Record<string, string> = () => ({})) {
    this.#path = path;
    this.#asked = asked;
  }

  get file(): File | undefined {
    return this.files?.[0];
  }

  query(more: Record<string, string> = {}): string {
    const asked = new URLSearchParams({ ...more, ...(this.channel ? { channel: this.channel } : {}), ...this.#asked() });
    for (const [column, target] of Object.entries(this.#mapping)) asked.append("mapping", `${column}=${target}`);
    return `${STUDIO}/${this.#path}?${asked}`;
  }

  /** Another file was chosen. */
  another(): void {
    this.seen = null;
    this.trouble = "";
    this.#mapping = {};
  }

  async preview(): Promise<void> {
    const { file } = this;
    if (!file) return;
    try {
      this.seen = await this.#at("preview", () => sent<Seen>(this.query({ preview: "1" }), file, (part) => (this.share = part)));
    } catch (error) {
      this.seen = null;
      this.trouble = api.wordsOf(error);
    }
  }

  /** The column is taken for something else. */
  async map(column: string, target: string): Promise<void> {
    this.#mapping = { ...this.#mapping, [column]: target };
    await this.preview();
  }

  /** Does what the file is for, with its progress shown; `words` says what a failure means. */
  async act(work: (file: File) => Promise<void>, words: (error: unknown) => string = api.wordsOf): Promise<void> {
    const { file } = this;
    if (!file) return;
    try {
      await this.#at("act", () => work(file));
    } catch (error) {
      this.trouble = words(error);
    }
  }

  async #at<T>(what: "preview" | "act", work: () => Promise<T>): Promise<T> {
    this.working = what;
    this.trouble = "";
    this.share = 0;
    try {
      return await work();
    } finally {
      this.working = "";
      this.share = null;
    }
  }
}

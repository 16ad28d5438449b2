/** The JSON objects of a body that has one a line, as they come. */
export async function* jsonLines<T>(body: ReadableStream<Uint8Array>): AsyncGenerator<T> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let held = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      held += value ?? "";
      const lines = held.split("\n");
      held = done ? "" : (lines.pop() ?? "");
      for (const line of lines) if (line.trim()) yield JSON.parse(line) as T;
      if (done) return;
    }
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}

// The body of a request, read no further than allowed.

/** The body as text; null where it is longer than allowed. */
export async function boundedText(
  { headers, body }: Request,
  maxBytes: number,
): Promise<string | null> {
  if (Number(headers.get('content-length') ?? 0) > maxBytes) return null;
  if (body === null) return '';
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks).toString();
    bytes += value.byteLength;
    if (bytes > maxBytes) {
      // What is left is never read: the connection ends with the answer.
      reader.cancel().catch(() => undefined);
      return null;
    }
    chunks.push(value);
  }
}

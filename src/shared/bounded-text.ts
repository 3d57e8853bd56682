// The body of a request, read no further than allowed.

/** The body as text; or why it cannot be given: it is longer than allowed, or its client left before its end. */
export async function boundedText(
  { headers, body }: Request,
  maxBytes: number,
): Promise<{ readonly text: string } | { readonly fault: 'tooLong' | 'incomplete' }> {
  if (Number(headers.get('content-length') ?? 0) > maxBytes) return { fault: 'tooLong' };
  if (body === null) return { text: '' };
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    // Only the connection fails here.
    const part = await reader.read().catch(() => null);
    if (part === null) return { fault: 'incomplete' };
    const { done, value } = part;
    if (done) return { text: Buffer.concat(chunks).toString() };
    bytes += value.byteLength;
    if (bytes > maxBytes) {
      // What is left is never read: the connection ends with the answer.
      reader.cancel().catch(() => undefined);
      return { fault: 'tooLong' };
    }
    chunks.push(value);
  }
}

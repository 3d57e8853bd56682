// A broker's answer as JSON, within a bound on its depth.

/** The value of a JSON text; undefined where it is no JSON, or has more than `maxNesting` objects and lists inside each other. */
export function parseJson(body: string, maxNesting: number): unknown {
  // Before parsing: a deep text costs hundreds of times its size in memory.
  if (hasMore(body, maxNesting) && isDeeper(body, maxNesting)) return undefined;
  try {
    return JSON.parse(body);
  } catch {
    // The parser's own error quotes the body's beginning, which may hold a token.
    return undefined;
  }
}

const [quote, backslash, openList, closeList, openObject, closeObject] = [...'"\\[]{}'].map(
  (character) => character.charCodeAt(0),
);

/** Whether a JSON text may have more than `max` objects and lists at all: most answers have so few that none can be deep. */
function hasMore(json: string, max: number): boolean {
  let count = 0;
  for (const opening of ['{', '[']) {
    for (let at = json.indexOf(opening); at !== -1; at = json.indexOf(opening, at + 1)) {
      count += 1;
      if (count > max) return true;
    }
  }
  return false;
}

/** Whether more than `max` objects and lists of a JSON text stand inside each other. */
function isDeeper(json: string, max: number): boolean {
  let depth = 0;
  let inText = false;
  for (let at = 0; at < json.length; at += 1) {
    const code = json.charCodeAt(at);
    if (inText) {
      if (code === backslash) at += 1;
      else if (code === quote) inText = false;
    } else if (code === quote) inText = true;
    else if (code === openObject || code === openList) {
      depth += 1;
      if (depth > max) return true;
    } else if (code === closeObject || code === closeList) depth -= 1;
  }
  return false;
}

// Writes the files of the recipes into their pages: `npm run codegen` runs it, and a test holds the pages to the files.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const languages: Readonly<Record<string, string>> = {
  '.ts': 'ts',
  '.tsx': 'tsx',
  '.py': 'python',
  '.sh': 'sh',
};

/** The pages that show files, as paths from the root of the repository. */
export const recipePages = readdirSync(join(root, 'docs'))
  .filter((name) => name.startsWith('recipes'))
  .map((name) => `docs/${name}`);

/** A page with the present text of each file that one of its comments names, such as `<!-- recipes/codegen.ts -->`. */
export function withFiles(page: string): string {
  return page.replace(
    /^(<!-- (recipes\/\S+) -->)(?:\n+`[^\n]*`:\n+```\w+\n[\s\S]*?^```$)?/gm,
    (_whole, comment: string, path: string) => {
      const text = readFileSync(join(root, path), 'utf8').trimEnd();
      const language = languages[extname(path)] ?? 'json';
      return `${comment}\n\n\`${path}\`:\n\n\`\`\`${language}\n${text}\n\`\`\``;
    },
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const path of recipePages) {
    const file = join(root, path);
    writeFileSync(file, withFiles(readFileSync(file, 'utf8')));
  }
}

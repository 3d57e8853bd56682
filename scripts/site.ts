// Builds the documentation as a site: `npm run site`, and with `--serve` a server of it. The site needs no other host.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { argv, stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { buildSchema } from 'graphql';
import { type Page, referencePages, sections } from './site/pages.ts';
import { schemaPages } from './site/schema-pages.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const site = join(root, 'site');
const pages = join(site, 'pages');
const built = join(site, '.vitepress/dist');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

const schema = schemaPages(buildSchema(read('schema.graphql')));
const shown = [...sections.flatMap((section) => section.pages), ...referencePages];

rmSync(pages, { recursive: true, force: true });
for (const page of shown) write(`${page.address}.md`, withLinks(page, read(page.file)));
for (const { address, text } of schema) write(`${address}.md`, text);
write('sidebar.json', JSON.stringify(sideBar()));
for (const picture of pictures()) cpSync(join(root, picture), join(pages, picture));

if (!existsSync(join(site, 'node_modules')))
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--prefix', site], { stdio: 'inherit' });
vitepress('build');
for (const file of readdirSync(pages, { recursive: true, encoding: 'utf8' }))
  if (file.endsWith('.md')) cpSync(join(pages, file), join(built, file));
for (const picture of pictures()) cpSync(join(root, picture), join(built, picture));
writeFileSync(join(built, 'llms.txt'), contents());
stdout.write('The site is in site/.vitepress/dist. See it with: npm run site -- --serve\n');
if (argv.includes('--serve')) vitepress('preview');

function vitepress(command: string): void {
  const program = join(site, 'node_modules/vitepress/bin/vitepress.js');
  execFileSync(process.execPath, [program, command, site], { stdio: 'inherit' });
}

function write(file: string, text: string): void {
  const path = join(pages, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** Links between files of the project become links between pages; what has no page is named without a link. */
function withLinks({ file }: Page, text: string): string {
  return text.replace(/(!?)\[([^\]]*)\]\(([^)\s]+)\)/g, (whole, image, label, link) => {
    if (/^(https?:|#)/.test(link)) return whole;
    const [path = '', anchor] = link.split('#');
    const target = join(dirname(file), path);
    if (image) return `![${label}](/${target})`;
    const page = shown.find((each) => each.file === target);
    if (page === undefined) return label.startsWith('`') ? label : `${label} (\`${target}\`)`;
    return `[${label}](/${page.address}.md${anchor === undefined ? '' : `#${anchor}`})`;
  });
}

/** Pictures that pages show, relative to the root of the project. */
function pictures(): readonly string[] {
  const found = shown.flatMap(({ file }) =>
    [...read(file).matchAll(/!\[[^\]]*\]\(([^)\s]+)\)/g)].map(([, link = '']) =>
      join(dirname(file), link),
    ),
  );
  return [...new Set(found)];
}

function sideBar(): unknown {
  const link = ({ address, title }: { address: string; title: string }) => ({
    text: title,
    link: address === 'index' ? '/' : `/${address}`,
  });
  const reference = { text: 'Reference', items: [...schema, ...referencePages].map(link) };
  const own = sections.map(({ title, pages: listed }) => ({
    text: title,
    items: listed.map(link),
  }));
  return [...own.slice(0, 3), reference, ...own.slice(3)];
}

/** The contents for programs that read documentation (llmstxt.org): each page as Markdown. */
function contents(): string {
  const line = ({ address, title }: { address: string; title: string }) =>
    `- [${title}](/${address}.md)`;
  const parts = [
    ...sections.map(({ title, pages: listed }) => [title, listed] as const),
    ['Reference', [...schema, ...referencePages]] as const,
  ];
  const [, summary = ''] = read('README.md').split('\n\n');
  return [
    '# kite-graphql',
    `> ${summary.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')}`,
    ...parts.map(([title, listed]) => `## ${title}\n\n${listed.map(line).join('\n')}`),
    '',
  ].join('\n\n');
}

// The settings of the site. `npm run site` writes its pages and the contents of its side bar before it is built.
import { readFileSync } from 'node:fs';

const sidebar = JSON.parse(readFileSync(new URL('../pages/sidebar.json', import.meta.url), 'utf8'));

/** The anchor of a heading, as GitHub makes it: links to it work in the repository and here. */
function slugify(heading) {
  const letters = heading.toLowerCase().replace(/[^\p{L}\p{N}_\- ]/gu, '');
  return letters.trim().replaceAll(' ', '-');
}

export default {
  title: 'kite-graphql',
  description:
    'A GraphQL API over the user endpoints of Kite Connect v3, and the sessions of Kotak.',
  srcDir: 'pages',
  // A page has the same name here and as Markdown, and works from any folder of a server that knows no rewrites.
  cleanUrls: false,
  markdown: { languageAlias: { caddyfile: 'nginx' }, anchor: { slugify } },
  // No icon: a browser would ask for one.
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  ignoreDeadLinks: 'localhostLinks',
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    sidebar,
    nav: [
      { text: 'Getting started', link: '/getting-started' },
      { text: 'Schema', link: '/schema/queries' },
      { text: 'Errors', link: '/errors' },
      { text: 'Operating', link: '/operating' },
    ],
  },
};

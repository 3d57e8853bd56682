// The pages of the site: which file of the project each of them is, and where it stands in the side bar.

/** A page: its address without ending, its title in the side bar, and the file that it shows. */
export interface Page {
  readonly address: string;
  readonly title: string;
  /** Relative to the root of the project. */
  readonly file: string;
}

/** Pages below one heading of the side bar. */
export interface Section {
  readonly title: string;
  readonly pages: readonly Page[];
}

const doc = (name: string, title: string): Page => ({
  address: name,
  title,
  file: `docs/${name}.md`,
});

/** Every section, in the order of the side bar. The schema's pages are made by `schema-pages.ts`. */
export const sections: readonly Section[] = [
  {
    title: 'Begin',
    pages: [
      { address: 'index', title: 'What it is', file: 'README.md' },
      doc('getting-started', 'Getting started'),
      doc('concepts', 'Concepts'),
    ],
  },
  {
    title: 'Build a page',
    pages: [
      doc('browser-login', 'Login in a browser'),
      doc('sessions', 'Sessions'),
      doc('session-news', 'News of sessions'),
      doc('client', 'The client'),
      doc('testing', 'Testing with the simulators'),
      doc('recipes', 'Recipes'),
      doc('recipes-react', 'A React page from nothing'),
      doc('recipes-clients', 'Recipes for clients'),
      {
        address: 'family-dashboard',
        title: 'A whole page to copy',
        file: 'examples/family-dashboard/README.md',
      },
      doc('moving-over', 'Moving over from kiteconnect'),
      doc('client-caches', 'Client caches'),
      doc('defer', 'Accounts as they arrive'),
      doc('live-margins', 'Live margins'),
      doc('trusted-documents', 'Trusted documents'),
    ],
  },
  {
    title: 'Use it from services',
    pages: [
      doc('console', 'The console'),
      doc('many-accounts', 'Many accounts'),
      doc('signed-tokens', 'Signed tokens'),
      doc('your-backend', 'Your own backend'),
      doc('library', 'In your own server'),
      doc('recipes-servers', 'Recipes for servers'),
    ],
  },
  {
    title: 'Operate it',
    pages: [
      doc('settings', 'Settings'),
      doc('deployment', 'Deployment'),
      doc('behind-a-proxy', 'Behind a proxy'),
      doc('operating', 'Metrics, traces, logs'),
      doc('operating-sessions', 'Sessions and the audit log'),
      doc('limits', 'Limits'),
      { address: 'security', title: 'Security', file: 'SECURITY.md' },
      doc('faults', 'Faults'),
      doc('capacity', 'Capacity'),
    ],
  },
  {
    title: 'Brokers',
    pages: [doc('kotak', 'Kotak'), doc('simulator', 'The simulators')],
  },
  {
    title: 'The project',
    pages: [
      doc('code', 'The code'),
      { address: 'contributing', title: 'Contributing', file: 'CONTRIBUTING.md' },
      { address: 'measured', title: 'How it was measured', file: 'bench/README.md' },
      { address: 'changelog', title: 'Changes', file: 'CHANGELOG.md' },
    ],
  },
];

/** Pages that explain what an answer holds; they stand after those that the schema is printed into. */
export const referencePages: readonly Page[] = [doc('errors', 'Errors')];

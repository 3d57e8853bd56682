// The page.
import { ClientProvider } from 'kite-graphql/client/react';
import { createRoot } from 'react-dom/client';
import { client } from './client.ts';
import { Dashboard } from './dashboard.tsx';
import './styles.css';

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <ClientProvider client={client}>
      <Dashboard />
    </ClientProvider>,
  );
}

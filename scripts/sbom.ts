// The bill of materials of the published package, as CycloneDX on stdout: what is installed with it, and what dist/
// holds. npm lists everything; the packages that only develop and test the gateway are left out.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundled, bundledInConsole } from './bundled.ts';

interface Bill {
  readonly components: readonly { readonly 'bom-ref': string; readonly name: string }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
  readonly metadata: { readonly component: { readonly 'bom-ref': string } };
}

const root = fileURLToPath(new URL('..', import.meta.url));
const options = { cwd: root, encoding: 'utf8', maxBuffer: 64_000_000 } as const;
const bill: Bill = JSON.parse(
  execFileSync('npm', ['sbom', '--loglevel', 'error', '--sbom-format', 'cyclonedx'], options),
);
const { dependencies } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
const shipped = new Set([
  ...Object.keys(dependencies),
  ...bundledInConsole,
  ...Object.keys(bundled).map((name) => /^(@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name),
]);

const nameOf = (ref: string) => ref.slice(0, ref.lastIndexOf('@'));
const needs = new Map(bill.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
const own = bill.metadata.component['bom-ref'];
const kept = new Set<string>();
const keep = (ref: string) => {
  if (kept.has(ref)) return;
  kept.add(ref);
  for (const each of needs.get(ref) ?? []) keep(each);
};
const direct = (needs.get(own) ?? []).filter((ref) => shipped.has(nameOf(ref)));
for (const ref of direct) keep(ref);

const result = {
  ...bill,
  components: bill.components.filter((component) => kept.has(component['bom-ref'])),
  dependencies: [
    { ref: own, dependsOn: direct },
    ...bill.dependencies.filter(({ ref }) => kept.has(ref)),
  ],
};
process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);

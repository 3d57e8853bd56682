// The margins of an account at Kotak, under the names of that broker.
import type { KotakFieldsFragment, KotakMarginFieldsFragment } from '../generated/graphql.ts';
import { Amount } from '../parts/amount.tsx';
import { Scroll } from '../parts/scroll.tsx';

const columns = [
  ['availableCashBalance', 'Cash'],
  ['marginAvailable', 'Margin available'],
  ['marginUtilised', 'Margin used'],
  ['totalMargin', 'Total margin'],
] as const;

/** The margins as a table. */
export function KotakFunds({ margins }: { readonly margins: KotakMarginFieldsFragment }) {
  const rows = rowsOf(margins);
  return (
    <section class="segment" aria-label="margins">
      <div class="segment-head">
        <h3>Margins</h3>
      </div>
      <p class="hint">
        Kotak does not document what these amounts mean, so they are in no sum, and they are not
        live.
      </p>
      {rows.length === 0 ? (
        <p class="hint">Kotak has sent no margins of this account.</p>
      ) : (
        <Scroll label="Margins at Kotak">
          <table class="figures wide-table">
            <caption class="unseen">Margins at Kotak</caption>
            <thead>
              <tr>
                <th scope="col">Segment</th>
                {columns.map(([, name]) => (
                  <th key={name} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(({ key, name, amounts }) => (
                <tr key={key}>
                  <th scope="row">{name}</th>
                  {columns.map(([field]) => (
                    <td key={field}>
                      <Amount value={amounts[field]} />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </section>
  );
}

interface Row {
  readonly key: string;
  readonly name: string;
  readonly amounts: KotakFieldsFragment;
}

function rowsOf({ equity, derivatives, currency, commodities }: KotakMarginFieldsFragment) {
  const rows: Row[] = [];
  const add = (name: string, exchange: string | null, amounts: KotakFieldsFragment | null) => {
    const place = exchange === null ? name : `${name}, ${exchange}`;
    if (amounts) rows.push({ key: `${rows.length}`, name: place, amounts });
  };
  for (const each of equity ?? []) {
    add('Equity, cash', each?.exchange ?? null, each?.cash ?? null);
    add('Equity, MTF', each?.exchange ?? null, each?.mtf ?? null);
  }
  for (const [name, list] of [
    ['Derivatives', derivatives],
    ['Currency', currency],
    ['Commodities', commodities],
  ] as const) {
    for (const each of list ?? []) {
      add(`${name}, futures`, each?.exchange ?? null, each?.futures ?? null);
      add(`${name}, options`, each?.exchange ?? null, each?.options ?? null);
    }
  }
  return rows;
}

// Tables as CSV that a spreadsheet opens without executing anything of it.

/** A cell: amounts as numbers, everything else as text. */
export type Cell = string | number | null | undefined;

/**
 * Rows as CSV, as RFC 4180 has it. A text that a spreadsheet would take for a formula gets an apostrophe in front, and so
 * does a part of it that is a cell of its own where the separator is a semicolon or a tab.
 */
export function toCsv(rows: readonly (readonly Cell[])[]): string {
  return rows.map((row) => `${row.map(cellOf).join(',')}\r\n`).join('');
}

function cellOf(cell: Cell): string {
  if (cell === null || cell === undefined) return '';
  if (typeof cell === 'number') return String(cell);
  const parted = cell.replace(/[;\t\r\n](?=[\s\p{Cf}"]*[=+\-@＝＋－＠])/gu, "$&'");
  const text = /^[\s\p{Cf}]*[=+\-@\t\r＝＋－＠]/u.test(cell) ? `'${parted}` : parted;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Saves a file from this page. */
export function saveFile(name: string, text: string): void {
  // With a mark, so that spreadsheets read it as UTF-8.
  const url = URL.createObjectURL(new Blob(['\ufeff', text], { type: 'text/csv;charset=utf-8' }));
  Object.assign(document.createElement('a'), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

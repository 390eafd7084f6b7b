// The parts of pages that scripts write: what stands between `<!-- table: NAME -->` and `<!-- /table -->`.

/** The page with these tables in it, by the names in their marks. Tables of other names stay as they are. */
export function fillMarks(page, tables) {
  return page.replace(/<!-- table: (\w+) -->[\s\S]*?<!-- \/table -->/g, (whole, name) =>
    tables.has(name) ? `<!-- table: ${name} -->\n\n${tables.get(name)}\n\n<!-- /table -->` : whole,
  );
}

/** The names in a page's marks. */
export function marksOf(page) {
  return [...page.matchAll(/<!-- table: (\w+) -->/g)].map(([, name]) => name);
}

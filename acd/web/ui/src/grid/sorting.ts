/** What a column is sorted by; null and undefined come last, whichever way it goes. */
export type SortValue = number | string | null | undefined;

export interface Sort {
  column: string;
  descending: boolean;
}

/** `rows` in the order of `sort`; rows that are equal stay as they were, so that nothing jumps about. */
export function sorted<Row>(rows: readonly Row[], value: ((row: Row) => SortValue) | undefined, descending: boolean): readonly Row[] {
  if (!value) return rows;
  const sign = descending ? -1 : 1;
  return rows
    .map((row) => [row, value(row)] as const)
    .toSorted(([, one], [, other]) => {
      if (one === null || one === undefined) return other === null || other === undefined ? 0 : 1;
      if (other === null || other === undefined) return -1;
      return sign * (typeof one === "number" && typeof other === "number" ? one - other : byText.compare(String(one), String(other)));
    })
    .map(([row]) => row);
}

const byText = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** What a click on the heading of `column` makes of `sort`; the first click sorts as `first` says. */
export function turned(sort: Sort | null, column: string, firstDescending: boolean): Sort {
  return sort?.column === column ? { column, descending: !sort.descending } : { column, descending: firstDescending };
}

/** Which of `count` rows of one height are to be drawn, so that a little more than what is seen is there. */
export function windowOf(count: number, rowHeight_px: number, scrolled_px: number, height_px: number, spare = 6): [first: number, end: number] {
  const first = Math.max(0, Math.floor(scrolled_px / rowHeight_px) - spare);
  const end = Math.min(count, Math.ceil((scrolled_px + height_px) / rowHeight_px) + spare);
  return [Math.min(first, end), end];
}

import "./grid.css";

import { CaretDownOutlined, CaretUpOutlined } from "@ant-design/icons";
import { memo, useEffect, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent, type MouseEvent, type ReactNode } from "react";

import { remember, remembered } from "../shell/taste";
import { sorted, turned, windowOf, type Sort, type SortValue } from "./sorting";

export interface Column<Row> {
  key: string;
  title: string;
  /** What it is at least wide, and how much of what is left over it takes. */
  width_px: number;
  grow?: number;
  /** For what is cut off, or needs an explanation. */
  hint?: string;
  end?: true;
  sort?: (row: Row) => SortValue;
  /** Whether the first click sorts from the greatest down. */
  descending?: true;
  cell: (row: Row) => ReactNode;
}

/** Of the headings, which stay on top while rows scroll below them. */
const HEAD_PX = 35;

interface Props<Row> {
  /** For screen readers, and for the order that this browser remembers. */
  label: string;
  name: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  idOf: (row: Row) => string;
  initial?: Sort;
  empty: ReactNode;
  rowHeight_px?: number;
  onOpen?: (row: Row) => void;
}

/**
 * A table that draws only the rows that are seen, each again only when its `row` is another object or the columns are.
 * Arrow keys go from row to row; Enter opens one.
 */
export function Grid<Row>({ label, name, columns, rows, idOf, initial, empty, rowHeight_px = 36, onOpen }: Props<Row>) {
  const [sort, setSort] = useState<Sort | null>(() => readSort(remembered(`sort.${name}`)) ?? initial ?? null);
  const body = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ scrolled_px: 0, height_px: 600 });
  const column = columns.find((one) => one.key === sort?.column);
  const order = useMemo(() => sorted(rows, column?.sort, sort?.descending ?? false), [rows, column?.sort, sort?.descending]);
  const template = useMemo(
    () => ({ gridTemplateColumns: columns.map((one) => (one.grow ? `minmax(${one.width_px}px, ${one.grow}fr)` : `${one.width_px}px`)).join(" ") }),
    [columns],
  );
  const least = useMemo(() => ({ minWidth: columns.reduce((sum, one) => sum + one.width_px, 0) }), [columns]);
  const [first, end] = windowOf(order.length, rowHeight_px, seen.scrolled_px, seen.height_px);
  const [chosen, setChosen] = useState<string | null>(null);

  useLayoutEffect(() => {
    const element = body.current!;
    const look = () => setSeen((old) => (old.scrolled_px === element.scrollTop && old.height_px === element.clientHeight ? old : { scrolled_px: element.scrollTop, height_px: element.clientHeight }));
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    look();
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, []);

  const latest = useRef(order);
  useEffect(() => {
    latest.current = order;
  });
  const sortBy = (one: Column<Row>) => {
    const next = turned(sort, one.key, one.descending ?? false);
    remember(`sort.${name}`, JSON.stringify(next));
    setSort(next);
  };

  const goTo = (index: number) => {
    const row = latest.current[Math.max(0, Math.min(latest.current.length - 1, index))];
    if (row === undefined) return;
    const element = body.current!;
    const top = latest.current.indexOf(row) * rowHeight_px;
    if (top < element.scrollTop) element.scrollTop = top;
    if (top + rowHeight_px > element.scrollTop + element.clientHeight - HEAD_PX) element.scrollTop = top + rowHeight_px - element.clientHeight + HEAD_PX;
    setChosen(idOf(row));
    requestAnimationFrame(() => requestAnimationFrame(() => element.querySelector<HTMLElement>(`[data-id="${CSS.escape(idOf(row))}"]`)?.focus()));
  };

  const onKey = (event: KeyboardEvent<HTMLDivElement>) => {
    if (!(event.target instanceof HTMLElement) || event.target.dataset["id"] === undefined) return;
    const present = latest.current.findIndex((row) => idOf(row) === (event.target as HTMLElement).dataset["id"]);
    const page = Math.max(1, Math.floor((seen.height_px - HEAD_PX) / rowHeight_px) - 1);
    const moves: Record<string, number> = { ArrowDown: present + 1, ArrowUp: present - 1, PageDown: present + page, PageUp: present - page, Home: 0, End: latest.current.length - 1 };
    const index = moves[event.key];
    if (index !== undefined) {
      event.preventDefault();
      goTo(index);
    } else if (event.key === "Enter" && present >= 0) {
      onOpen?.(latest.current[present]!);
    }
  };

  const onClick = (event: MouseEvent<HTMLDivElement>) => {
    const target = event.target as HTMLElement;
    const id = target.closest<HTMLElement>("[data-id]")?.dataset["id"];
    const row = id === undefined || target.closest("button, a, input") ? undefined : latest.current.find((one) => idOf(one) === id);
    if (row !== undefined) onOpen?.(row);
  };

  const tabStop = chosen !== null && order.slice(first, end).some((row) => idOf(row) === chosen) ? chosen : order[first] === undefined ? null : idOf(order[first]);

  return (
    <div className="grid" ref={body} role="grid" tabIndex={-1} onKeyDown={onKey} onClick={onClick} aria-label={label} aria-rowcount={order.length + 1} aria-colcount={columns.length}>
      <div role="rowgroup" className="grid-head" style={least}>
        <div role="row" aria-rowindex={1} className="grid-row" style={template}>
          {columns.map((one) => (
            <div
              key={one.key}
              role="columnheader"
              className={one.end ? "grid-cell end" : "grid-cell"}
              {...(one.sort ? { "aria-sort": one.key !== sort?.column ? "none" : sort.descending ? "descending" : "ascending" } : {})}
            >
              {one.sort ? (
                <button type="button" className="grid-sort" title={one.hint ?? one.title} onClick={() => sortBy(one)}>
                  <span className="cut">{one.title}</span>
                  {one.key === sort?.column && (sort.descending ? <CaretDownOutlined aria-hidden="true" /> : <CaretUpOutlined aria-hidden="true" />)}
                </button>
              ) : (
                <span className="cut" title={one.hint ?? one.title}>
                  {one.title}
                </span>
              )}
            </div>
          ))}
        </div>
      </div>
      <div role="rowgroup" style={least}>
        {order.length === 0 ? (
          <div role="row" className="grid-empty">
            <div role="gridcell">{empty}</div>
          </div>
        ) : (
          <div role="presentation" className="grid-space" style={{ height: order.length * rowHeight_px }}>
            {order.slice(first, end).map((row, index) => (
              <GridRow
                key={idOf(row)}
                id={idOf(row)}
                row={row}
                index={first + index}
                top_px={(first + index) * rowHeight_px}
                height_px={rowHeight_px}
                columns={columns}
                template={template}
                stop={idOf(row) === tabStop}
                opens={onOpen !== undefined}
              />
            ))}
          </div>
        )}
      </div>
    </div>
  );
}

interface RowProps<Row> {
  id: string;
  row: Row;
  index: number;
  top_px: number;
  height_px: number;
  columns: readonly Column<Row>[];
  template: { gridTemplateColumns: string };
  stop: boolean;
  opens: boolean;
}

function PlainRow<Row>({ id, row, index, top_px, height_px, columns, template, stop, opens }: RowProps<Row>) {
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      data-id={id}
      tabIndex={stop ? 0 : -1}
      className={opens ? "grid-row grid-line opens" : "grid-row grid-line"}
      style={{ ...template, height: height_px, transform: `translateY(${top_px}px)` }}
    >
      <Cells row={row} columns={columns} />
    </div>
  );
}

const GridRow = memo(PlainRow) as unknown as typeof PlainRow;

function PlainCells<Row>({ row, columns }: { row: Row; columns: readonly Column<Row>[] }) {
  return columns.map((one) => (
    <div key={one.key} role="gridcell" className={one.end ? "grid-cell end figure" : "grid-cell"}>
      {one.cell(row)}
    </div>
  ));
}

/** Apart from its row, so that a row that only moves draws no cell again. */
const Cells = memo(PlainCells) as unknown as typeof PlainCells;

function readSort(text: string | null): Sort | null {
  try {
    const found: unknown = JSON.parse(text ?? "null");
    if (typeof found !== "object" || found === null || !("column" in found) || typeof found.column !== "string") return null;
    return { column: found.column, descending: "descending" in found && found.descending === true };
  } catch {
    return null;
  }
}

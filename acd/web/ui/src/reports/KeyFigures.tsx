import type { Figure, Table } from "./api";
import { Value, type Words } from "./Value";

/** So many fit into a line of a small screen. */
const SHOWN = 6;

interface Props {
  table: Table;
  words: Words;
  onFollow: (figure: Figure) => void;
  onExplain: (kpi: string) => void;
}

/** The whole period's first figures, large. */
export function KeyFigures({ table, words, onFollow, onExplain }: Props) {
  const known = table.columns.filter(({ id }) => table.total.values[id] !== null && table.total.values[id] !== undefined);
  return (
    <dl className="key-figures">
      {known.slice(0, SHOWN).map((column) => (
        <div key={column.id} className="panel">
          <dt>
            <button type="button" className="about" title={column.formula} onClick={() => onExplain(column.id)}>
              {column.label}
            </button>
          </dt>
          <dd>
            <Value column={column} line={table.total} words={words} onFollow={onFollow} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

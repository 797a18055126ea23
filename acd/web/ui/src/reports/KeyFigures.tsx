import type { Column, Figure, Table } from "./api";
import { Value, type Words } from "./Value";

/** So many fit into a line of a small screen. */
const SHOWN = 6;
/** What is asked for first, where a report has it; then what stands first in the table. */
const FIRST = ["offered", "answered", "calls", "calls_answered", "abandon_rate", "service_level", "asa_s", "aht_s", "occupancy", "utilisation", "rona_rate", "fcr", "ivr_containment"];

interface Props {
  table: Table;
  words: Words;
  onFollow: (figure: Figure) => void;
  onExplain: (kpi: string) => void;
}

/** The whole period's first figures, large. */
export function KeyFigures({ table, words, onFollow, onExplain }: Props) {
  const place = ({ id }: Column) => (FIRST.includes(id) ? FIRST.indexOf(id) : FIRST.length);
  const known = table.columns.filter(({ id }) => table.total.values[id] !== null && table.total.values[id] !== undefined).toSorted((one, other) => place(one) - place(other));
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

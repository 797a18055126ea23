import { InfoCircleOutlined } from "@ant-design/icons";
import { Table as AntTable, type TableColumnsType } from "antd";
import { useMemo, type ThHTMLAttributes } from "react";

import { useI18n } from "../i18n/i18n";
import type { Figure, Line, Table } from "./api";
import { isOfDays } from "./charts";
import { compareFigures } from "./figures";
import { Value, type Words } from "./Value";

const PAGE = 100;

interface Props {
  table: Table;
  words: Words;
  loading: boolean;
  onFollow: (figure: Figure) => void;
  onExplain: (kpi: string) => void;
}

/** All lines, with the total below; headings sort, and say what they mean. */
export function ReportTable({ table, words, loading, onFollow, onExplain }: Props) {
  const { t, language } = useI18n();
  const columns = useMemo<TableColumnsType<Line>>(() => {
    const several = isOfDays(table);
    const order = new Intl.Collator(language, { numeric: true });
    const first: TableColumnsType<Line> = [];
    if (table.grain !== "whole")
      first.push({
        key: "at",
        title: t("reports.interval"),
        fixed: "left",
        className: "figure",
        sorter: (one, other) => (one.at! < other.at! ? -1 : Number(one.at! > other.at!)),
        render: (_, line) => words.moments.interval(line.at!, line.until, table.grain, several),
      });
    if (table.by !== "all") first.push({ key: "name", title: t(`reports.by.${table.by as "group"}`), fixed: "left", sorter: (one, other) => order.compare(one.name, other.name), render: (_, line) => <bdi>{line.name}</bdi> });
    return [
      ...first,
      ...table.columns.map((column) => ({
        key: column.id,
        align: "end" as const,
        title: (
          <span className="heading" title={column.formula}>
            {column.label}
          </span>
        ),
        onHeaderCell: () => ({ explained: { figure: column.label, onClick: () => onExplain(column.id) } }) as HeadProps,
        showSorterTooltip: false,
        sortDirections: ["descend" as const, "ascend" as const],
        sorter: (one: Line, other: Line) => compareFigures(one.values[column.id], other.values[column.id]),
        render: (_: unknown, line: Line) => <Value column={column} line={line} words={words} onFollow={onFollow} />,
      })),
    ];
  }, [table, words, language, t, onFollow, onExplain]);
  const named = columns.length - table.columns.length;
  return (
    <AntTable<Line>
      className="report-table"
      components={COMPONENTS}
      size="small"
      sticky
      bordered={false}
      loading={loading}
      rowKey={(line) => `${line.at} ${line.key}`}
      dataSource={table.lines}
      columns={columns}
      scroll={{ x: "max-content" }}
      showSorterTooltip={false}
      pagination={{ defaultPageSize: PAGE, hideOnSinglePage: true, showSizeChanger: false, size: "small" }}
      summary={() => (
        <AntTable.Summary fixed="bottom">
          <AntTable.Summary.Row className="report-total">
            {named > 0 && (
              <AntTable.Summary.Cell index={0} colSpan={named}>
                {t("reports.total")}
              </AntTable.Summary.Cell>
            )}
            {table.columns.map((column, index) => (
              <AntTable.Summary.Cell key={column.id} index={named + index} align="end">
                <Value column={column} line={table.total} words={words} onFollow={onFollow} />
              </AntTable.Summary.Cell>
            ))}
          </AntTable.Summary.Row>
        </AntTable.Summary>
      )}
    />
  );
}

interface HeadProps extends ThHTMLAttributes<HTMLTableCellElement> {
  explained?: { figure: string; onClick: () => void };
}

/**
 * A click beside the word explains it, one on it sorts. The button is no part of the title, which Ant Design draws a
 * second time, out of sight, to measure it: nobody should come to that one with a key.
 */
function Head({ explained, children, ...rest }: HeadProps) {
  const { t } = useI18n();
  return (
    <th {...rest}>
      {children}
      {explained && (
        <button
          type="button"
          className="about"
          aria-label={t("reports.explain", { figure: explained.figure })}
          onClick={(event) => {
            event.stopPropagation();
            explained.onClick();
          }}
          onKeyDown={(event) => event.stopPropagation()}
        >
          <InfoCircleOutlined aria-hidden="true" />
        </button>
      )}
    </th>
  );
}

const COMPONENTS = { header: { cell: Head } };

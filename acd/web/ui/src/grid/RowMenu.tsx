import { Dropdown, type MenuProps } from "antd";
import { useCallback, useState } from "react";

/** What a button of a row opens: whose it is, and the button. */
export interface Opened<Row> {
  row: Row;
  button: HTMLElement;
}

interface Props {
  button: HTMLElement;
  items: NonNullable<MenuProps["items"]>;
  onClose: () => void;
}

/**
 * The menu of one row, one for the whole table and outside of it: rows are drawn anew, move and go while it is open, and
 * nothing of that may take it, or a click on it, away. It stays where its button was when it was opened, and is there in
 * its full size at once: a click on what still grows may miss it.
 */
export function RowMenu({ button, items, onClose }: Props) {
  const close = useCallback(() => {
    onClose();
    if (button.isConnected) button.focus();
  }, [button, onClose]);
  const [{ left, top, width, height }] = useState(() => button.getBoundingClientRect());
  return (
    <Dropdown open trigger={["click"]} transitionName="" autoFocus menu={{ items, className: "row-menu", onClick: close }} onOpenChange={(open) => open || close()}>
      <span className="row-menu-place" style={{ left, top, width, height }} />
    </Dropdown>
  );
}

import { useI18n } from "../i18n/i18n";
import { presentShortcuts } from "./shortcuts";

/** Every key that does something on the page as it is now. */
export function ShortcutList() {
  const { t } = useI18n();
  return (
    <dl className="shortcuts">
      {presentShortcuts().map((one) => (
        <div key={one.code}>
          <dt>{t(one.title)}</dt>
          <dd>
            <kbd>Alt</kbd> <kbd>{one.keys}</kbd>
          </dd>
        </div>
      ))}
    </dl>
  );
}

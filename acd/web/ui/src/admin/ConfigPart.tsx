import { Alert, Menu } from "antd";
import { Fragment, useEffect, useMemo, useRef, useState } from "react";

import { useLoaded } from "../api/hooks";
import { useI18n } from "../i18n/i18n";
import { readConfiguration, type Configuration, type Problem } from "./api";
import { Loaded } from "./Loaded";
import { places, type Place } from "./tree";

export default function ConfigPart() {
  return <Loaded state={useLoaded("config", readConfiguration)}>{(configuration) => <Files configuration={configuration} />}</Loaded>;
}

function Files({ configuration: { files, problems } }: { configuration: Configuration }) {
  const { t } = useI18n();
  const [shown, setShown] = useState<{ name: string; line: number | null }>({ name: problems[0]?.file ?? files[0]?.name ?? "", line: problems[0]?.line ?? null });
  const file = files.find(({ name }) => isFile(name, shown.name));
  const faulty = useMemo(() => new Map(problems.filter((problem) => file && isFile(file.name, problem.file)).map((problem) => [problem.line, problem])), [problems, file]);
  return (
    <>
      <p className="quiet">{t("admin.config-note")}</p>
      {problems.length === 0 ? <Alert type="success" showIcon title={t("admin.checks-good")} /> : <Problems problems={problems} onShow={(name, line) => setShown({ name, line })} />}
      <div className="files">
        <Menu className="panel" selectedKeys={file ? [file.name] : []} onClick={({ key }) => setShown({ name: key, line: null })} items={places(files.map(({ name }) => name)).map(shownWhole)} mode="inline" inlineIndent={12} />
        {file && <Lines key={file.name} text={file.text} name={file.name} faulty={faulty} line={shown.line} />}
      </div>
    </>
  );
}

/** Names of folders are long: they may go on in a next line, and begin it behind a stroke. */
const shownWhole = (place: Place) => ({
  ...place,
  label: place.label.split("/").map((part, index) => (
    // oxlint-disable-next-line react/no-array-index-key -- the parts of a path stay where they are
    <Fragment key={index}>
      {index > 0 && (
        <>
          /<wbr />
        </>
      )}
      {part}
    </Fragment>
  )),
});

function Problems({ problems, onShow }: { problems: readonly Problem[]; onShow: (name: string, line: number) => void }) {
  const { t } = useI18n();
  const errors = problems.filter(({ warning }) => !warning).length;
  return (
    <Alert
      type={errors > 0 ? "error" : "warning"}
      showIcon
      title={t("admin.checks-bad", { errors, warnings: problems.length - errors })}
      description={
        <ul className="plain-list">
          {problems.map((problem) => (
            <li key={`${problem.file}:${problem.line}:${problem.path}:${problem.message}`}>
              <button type="button" className="as-link" onClick={() => onShow(problem.file, problem.line)}>
                {problem.file}:{problem.line}
              </button>{" "}
              {problem.path && <code>{problem.path}: </code>}
              {problem.message}
            </li>
          ))}
        </ul>
      }
    />
  );
}

/** A file with numbered lines; those that the checks speak of are marked. */
function Lines({ text, name, faulty, line }: { text: string; name: string; faulty: ReadonlyMap<number, Problem>; line: number | null }) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (line !== null) element.current?.querySelector(`[data-line="${line}"]`)?.scrollIntoView({ block: "center" });
  }, [line]);
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be within reach of the keyboard
    <div className="panel file" ref={element} tabIndex={0} role="region" aria-label={name}>
      <ol>
        {text
          .replace(/\n$/, "")
          .split("\n")
          .map((content, index) => (
            // oxlint-disable-next-line react/no-array-index-key -- a line is its number
            <li key={index} data-line={index + 1} className={faulty.has(index + 1) || line === index + 1 ? "marked" : ""} title={faulty.get(index + 1)?.message}>
              <code dir="ltr">{content || " "}</code>
            </li>
          ))}
      </ol>
    </div>
  );
}

/** Checks name a file as they were given it, perhaps with the folders before. */
const isFile = (name: string, said: string): boolean => said === name || said.endsWith(`/${name}`) || name.endsWith(`/${said}`);

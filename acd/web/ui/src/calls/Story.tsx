import { useMemo } from "react";

import { clockText } from "../format/format";
import { useFormat } from "../format/hooks";
import { secondsOf } from "../format/iso";
import { useI18n } from "../i18n/i18n";
import type { Told } from "../i18n/said";
import { useAgentNames, useGroupNames } from "../supervisor/hooks";
import type { CallStory } from "./api";
import { Recordings } from "./Recordings";
import { useTold } from "./useTold";
import { decisionsOf, storyOf, visitText, type StoryLine } from "./words";

/** Names are those of today; who or what is no longer there goes by its id. */
function useWords(): Told {
  const agents = useAgentNames();
  const groups = useGroupNames();
  return useTold(useMemo(() => ({ agent: (id) => agents.get(id) ?? id, group: (id) => groups.get(id) ?? id }), [agents, groups]));
}

/** What happened in a call, from its arrival to its end. */
export function Story({ story }: { story: CallStory }) {
  const { t, known } = useI18n();
  const format = useFormat();
  const words = useWords();
  const lines = useMemo(() => storyOf(story.facts, story.story, words), [story, words]);
  const began = secondsOf(story.call.started_at);
  return (
    <>
      <p className="quiet">
        {format.date(began)} · {known(`calls.kind.${story.call.kind}`) ?? story.call.kind}
      </p>
      <Recordings call={story.call.id} />
      <Lines lines={lines} began={began} />
      {story.visits.length > 0 && (
        <section aria-label={t("story.visits")}>
          <h3 className="story-sum">{t("story.visits")}</h3>
          <ul>
            {story.visits.map((visit) => (
              <li key={visit.queued_at}>
                <bdi>{visitText(visit, words)}</bdi>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

/** Who got a call and why: each decision with its reasons. */
export function Decisions({ story }: { story: CallStory }) {
  const { t } = useI18n();
  const words = useWords();
  const lines = useMemo(() => decisionsOf(storyOf(story.facts, story.story, words)).map((line) => ({ ...line, depth: 0 })), [story, words]);
  return lines.length === 0 ? <p className="quiet">{t("why.no-decision")}</p> : <Lines lines={lines} began={secondsOf(story.call.started_at)} />;
}

function Lines({ lines, began }: { lines: readonly StoryLine[]; began: number }) {
  const format = useFormat();
  return (
    <ol className="story">
      {lines.map((line, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- the past does not change
        <li key={index} className={line.depth > 0 ? "story-line story-within" : "story-line"}>
          <span className="figure quiet">{format.timeWithSeconds(line.at)}</span>
          <span className="figure quiet story-since">{sinceText(line.at - began)}</span>
          <div>
            <bdi>{line.text}</bdi>
            {line.more.length > 0 && <bdi className="quiet"> · {line.more.join(" · ")}</bdi>}
            {line.reasons.length > 0 && (
              <ul className="quiet">
                {line.reasons.map((reason) => (
                  <li key={reason}>{reason}</li>
                ))}
              </ul>
            )}
          </div>
        </li>
      ))}
    </ol>
  );
}

/** A consultation may be older than the call. */
const sinceText = (seconds: number): string => (seconds < -0.5 ? `−${clockText(-seconds)}` : `+${clockText(seconds)}`);

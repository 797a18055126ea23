"""The live picture as those see it whose rights are for some teams: one for each set of teams."""

from __future__ import annotations

from collections.abc import Mapping

from acd.records.reach import Reach
from acd.web.live.reached import reach_in, seen
from acd.web.live.topics import AGENT, FIGURES, GROUP
from acd.web.picture import Listener, Object, Picture

Teams = frozenset[str]


class BoundedPicture(Picture):
    """Follows `whole`. The day's figures are put in by whoever works them out (`acd.web.figures`)."""

    def __init__(self, whole: Picture, teams: Teams) -> None:
        super().__init__()
        self.teams = teams
        self._whole = whole
        self._serving: dict[str, tuple[object, object]] = {}
        self.reach = Reach(frozenset(), frozenset())
        self._begin()

    def follow(self, changed: Mapping[str, Object], dropped: list[str]) -> None:
        """The whole picture has changed so."""
        agents = [key for key in (*changed, *dropped) if key.startswith(AGENT)]
        if any(self._serving.get(key) != _place(self._whole.objects.get(key)) for key in agents):
            self._begin()
            return
        touched = {
            f"{GROUP}{group}"
            for key in agents
            if self.reach.has_agent(key.removeprefix(AGENT))
            for group in (changed.get(key) or {}).get("groups") or ()
        }
        self._show({*changed, *touched}, dropped)

    def _begin(self) -> None:
        """Who is in which team has changed, or it is the first time: all is looked at."""
        whole = self._whole.objects
        self.reach = reach_in(whole, self.teams)
        self._serving = {key: place for key, value in whole.items() if (place := _place(value)) is not None}
        shown = [key for key in self.objects if not key.startswith(FIGURES)]
        self._show({key for key in whole if not key.startswith(FIGURES)}, shown)

    def _show(self, keys: set[str], before: list[str]) -> None:
        """These as they are now; those of `before` that are no longer there go."""
        whole, new, gone = self._whole.objects, dict[str, Object](), list[str]()
        for key in {*keys, *before}:
            value = whole.get(key)
            found = None if value is None else seen(self.reach, key, value, whole)
            if found is not None:
                new[key] = found
            elif not key.startswith(FIGURES):
                gone.append(key)
        self.change(new, gone)

    def put_figures(self, figures: Mapping[str, Object]) -> None:
        """The day's, of these teams."""
        gone = [key for key in self.objects if key.startswith(FIGURES) and key not in figures]
        self.change(figures, gone)


def _place(agent: Object | None) -> tuple[object, object] | None:
    """What decides who sees an agent, and what is seen because of one."""
    if agent is None or ("team" not in agent and "groups" not in agent):
        return None
    return agent.get("team"), tuple(agent.get("groups") or ())


class BoundedPictures:
    """Those that somebody looks at."""

    def __init__(self, whole: Picture) -> None:
        self._whole = whole
        self._found: dict[str, BoundedPicture] = {}
        whole.listen(self._changed)

    def of(self, bound: str, teams: Teams, listener: Listener) -> BoundedPicture:
        """Kept up until it is dropped; the listener is told of changes. `bound`: how it is called."""
        if bound not in self._found:
            self._found[bound] = BoundedPicture(self._whole, teams)
            self._found[bound].listen(listener)
        return self._found[bound]

    def drop(self, bound: str) -> None:
        """Nobody looks at it any more."""
        self._found.pop(bound, None)

    def all(self) -> Mapping[str, BoundedPicture]:
        """By how they are called."""
        return self._found

    def _changed(self, changed: Mapping[str, Object], dropped: list[str]) -> None:
        for picture in self._found.values():
            picture.follow(changed, dropped)

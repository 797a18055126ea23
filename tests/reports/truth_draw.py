"""One call in the making: the facts that tell of it, and what they count."""

from __future__ import annotations

import random

from acd.core import facts
from acd.core.disposition import Disposition
from acd.core.facts import CallKind, Customer, EndedBy, Fact, OfferFailure
from acd.records.corrections import Correction, Field
from tests.reports.truth import AGENTS, GROUPS, NOW, START, TEAMS, Contacted, Truth

_OPEN_MS = 86_400_000
"""What has no end counts for a day among what goes on at once."""


class Draw:
    """`customers`: from so many the caller is chosen. `counts`: False for a call that will be excluded."""

    def __init__(
        self, truth: Truth, chance: random.Random, number: int, customers: int, last_ms: int, *, counts: bool
    ) -> None:
        self.truth, self.chance, self.number, self.counts = truth, chance, number, counts
        self.id = f"c{number:06}"
        self.first_ms = self.ms = chance.randrange(last_ms)
        self.facts: list[Fact] = []
        self.dialed = chance.choice(("8000", "8001"))
        self.flow: str | None = chance.choice(("main", "main", "info", None))
        self.caller = ""
        self.customer: Customer | None = None
        self._choose_caller(chance.randrange(customers))
        self.group = self.agent = ""
        self.visit: tuple[float, dict[str, str | None]] = (0.0, {})
        self._queued_ms = 0
        self._here: str | None = None  # the step where the caller is; None: in none, or answered out of it

    def _choose_caller(self, number: int) -> None:
        kind = self.chance.choice(("nobody", "number", "known", "known", "known"))
        if kind != "nobody":
            self.caller = f"5{number:06}"
        if kind == "known":
            self.customer = Customer(f"k{number}", "N", "gold" if number % 3 else "")

    @property
    def at(self) -> float:
        return START + self.ms / 1000

    @property
    def of_call(self) -> dict[str, str | None]:
        """What the whole call counts under."""
        segment = self.customer.segment if self.customer is not None else None
        return {"number": self.dialed, "flow": self.flow, "segment": segment}

    def of_agent(self, agent: str | None) -> dict[str, str | None]:
        """What an agent counts under."""
        return {"agent": agent, "team": TEAMS.get(agent or "")}

    def pause(self, low: int, high: int) -> int:
        length = self.chance.randrange(low, high)
        self.ms += length
        return length

    def say(self, kind: type[Fact], *told: object) -> None:
        self.facts.append(kind(self.at, *told))

    def note(self, name: str, at: float, amount: int = 1, /, **keys: str | None) -> None:
        if self.counts:
            self.truth.note(name, at, amount, **keys)

    def note_call(self, name: str) -> None:
        self.note(name, START + self.first_ms / 1000, **self.of_call)

    def went_on(self, name: str, begin_ms: int, end_ms: int) -> None:
        if self.counts:
            self.truth.stretches[name].append((begin_ms, end_ms))

    # --- the way through the flow ---------------------------------------------------------------
    def arrive(self, kind: CallKind = CallKind.INBOUND) -> None:
        """In the flow, if there is one for the number, and in its menu or still at its start."""
        self.say(facts.Arrived, kind, self.caller, "N", self.dialed, self.customer)
        if kind is not CallKind.INBOUND:
            self.flow = None
        else:
            self.note_call("calls")
        if self.flow is not None:
            self.note_call("ivr_calls")
            self.say(facts.FlowEntered, self.flow)
            self._here = f"{self.flow}/"
            self.pause(0, 5_000)
            if self.chance.random() < 0.8:
                self.go("welcome", "next", "menu")
        self.pause(0, 5_000)

    def go(self, step: str, arrow: str, to: str, into: str = "") -> None:
        """On to the next step, or `into` another flow."""
        self.say(facts.StepTaken, (self._here or "").split("/")[0], "v1", step, arrow, to)
        flow = (self._here or "").split("/")[0]
        self._here = f"{flow}/{step}"
        self._leave_step()
        self._here = f"{into or flow}/{to}"

    def _leave_step(self, *, hung_up: bool = False) -> None:
        if self._here is not None:
            self.note("step_visits", self.at, step=self._here)
            self.note("step_dropped", self.at, int(hung_up), step=self._here)
        self._here = None

    def ask(self, *questions: str) -> None:
        """Of a survey."""
        for question in questions:
            score = self.chance.randrange(1, 6)
            self.say(facts.Scored, "main/survey", question, score)
            keys = {"group": self.group, **self.of_agent(self.agent), "question": f"main/survey/{question}"}
            self.note(f"score{score}", self.at, **keys)
            self.pause(0, 3_000)

    def done(self, by: EndedBy = EndedBy.CALLER) -> None:
        self.say(facts.Ended, by)
        self._leave_step(hung_up=by is EndedBy.CALLER)
        self.went_on("peak_calls", self.first_ms, self.ms)

    def never_done(self) -> None:
        self.went_on("peak_calls", self.first_ms, self.first_ms + _OPEN_MS)
        self.went_on("peak_waiting", self._queued_ms, self._queued_ms + _OPEN_MS)

    # --- in line --------------------------------------------------------------------------------
    def queue(self) -> float:
        self.group = self.chance.choice(list(GROUPS))
        if self._here is not None:
            self.go("menu", "choice 1", "line")
        self.say(facts.Queued, self.group)
        self._queued_ms = self.ms
        return self.at

    def miss(self, agent: str, failure: OfferFailure, outcome: str = "") -> int:
        """A ring that comes to nothing."""
        began = self.at
        self.say(facts.Offered, agent, "1001")
        rang = self.pause(1_000, 20_000)
        self.say(facts.OfferFailed, agent, failure)
        self.rang(began, agent, outcome or failure.value)
        return rang

    def rang(self, began: float, agent: str, outcome: str) -> None:
        for name in ("rings", f"ring:{outcome}"):
            self.note(name, began, group=self.group, **self.of_agent(agent))

    def visited(self, queued: float, outcome: str, wait: int, agent: str | None = None) -> None:
        """The wait is over, or as long as is known."""
        level, short = GROUPS[self.group]
        keys = {"group": self.group, **self.of_agent(agent), **self.of_call}
        self.visit = queued, keys
        if outcome != "waiting":
            self.went_on("peak_waiting", self._queued_ms, self.ms)
        if self.counts:
            for count in self.truth.at(queued, **keys):
                count.waits[outcome].append(wait)
        if outcome == "answered":
            self.note("in_time", queued, int(wait <= level), **keys)
        elif outcome == "abandoned":
            self.note("gone_in_time", queued, int(wait <= level), **keys)
            self.note("short", queued, int(wait < short), **keys)

    def serve(self, *missed_by: str) -> None:
        """Into a line, missed by these, then rung and answered by another."""
        queued = self.queue()
        wait = self.pause(0, 30_000)
        for agent in missed_by:
            wait += self.miss(agent, OfferFailure.NO_ANSWER) + self.pause(0, 5_000)
        self.agent = self.chance.choice([agent for agent in AGENTS if agent not in missed_by])
        began = self.at
        self.say(facts.Offered, self.agent, "1001")
        wait += self.pause(1_000, 20_000)
        self.say(facts.Answered, self.agent)
        self.rang(began, self.agent, "answered")
        self._leave_step()
        self.visited(queued, "answered", wait, self.agent)

    def taken_over(self, agent: str) -> None:
        """A colleague who has answered in a group's name takes the caller over: nobody waited."""
        keys = {"group": self.group, **self.of_agent(agent), **self.of_call}
        self.visit = self.at, keys
        self.note("transferred_in", self.at, **keys)

    def answer_in_fallback(self) -> None:
        self.say(facts.FellBack, self.agent)
        self._leave_step()

    def own_serve(self, *, counts_rings: bool) -> None:
        """As `serve` for a call of ours, which is none of a customer who called."""
        self.group, self.agent = self.chance.choice(list(GROUPS)), self.chance.choice(AGENTS)
        self.say(facts.Queued, self.group)
        queued_ms = self.ms
        self.pause(0, 10_000)
        began = self.at
        self.say(facts.Offered, self.agent, "1001")
        self.pause(1_000, 5_000)
        self.say(facts.Answered, self.agent)
        self.went_on("peak_waiting", queued_ms, self.ms)
        if counts_rings:
            self.rang(began, self.agent, "answered")
        answered_ms = self.ms
        self.pause(1_000, 60_000)
        self.went_on("peak_talking", answered_ms, self.ms)

    # --- with an agent --------------------------------------------------------------------------
    def spend(self, name: str, length: int) -> None:
        """Of the agent's time with the last visit."""
        queued, keys = self.visit
        self.note(name, queued, length, **keys)

    def talk(self) -> None:
        began, talk = self.ms, self.pause(1_000, 200_000)
        if self.chance.random() < 0.3:
            self.say(facts.Held)
            self.spend("hold", self.pause(1_000, 60_000))
            self.say(facts.Resumed)
            talk += self.pause(1, 50_000)
        self.spend("talk", talk)
        self.went_on("peak_talking", began, self.ms)

    def wrap(self) -> None:
        self.say(facts.WrapUpStarted, self.agent)
        self.spend("wrap", self.pause(0, 40_000))
        self.say(facts.WrapUpEnded, self.agent)

    def survey(self) -> None:
        """The agent is gone, the caller goes on in the flow; the line was left when the agent answered."""
        assert self.flow is not None
        self.say(facts.AgentLeft, self.agent)
        self.say(facts.StepTaken, self.flow, "v1", "line", "after", "survey")
        self._here = f"{self.flow}/survey"
        self.pause(0, 3_000)
        self.ask(*self.chance.choice((("polite",), ("polite", "fast"), ())))

    # --- afterwards -----------------------------------------------------------------------------
    def dispose(self) -> None:
        """The agent's last words count; those without a code are a note, and somebody may know better."""
        if self.chance.random() < 0.2:
            self._disposition("sold", is_complaint=True)
            self.pause(1_000, 2_000)
        code = self.chance.choice(("sold", "sold", "angry", "angry", ""))
        is_complaint = code == "angry" and self.chance.random() < 0.5
        self._disposition(code, is_complaint=is_complaint)
        if code == "angry" and self.chance.random() < 0.3:
            is_complaint = not is_complaint
            self.correct(Field.COMPLAINT, "yes" if is_complaint else "no")
        if not code:
            return
        keys = {"group": self.group, **self.of_agent(self.agent), "code": code}
        self.note("dispositions", self.at, **keys)
        if self.chance.random() < 0.2:  # a colleague has a word to say, too: it is one complaint
            agent = self.agent
            self.pause(1_000, 2_000)
            self.agent = self.chance.choice([other for other in AGENTS if other != agent])
            self._disposition("angry", is_complaint=is_complaint)
            keys = {"group": self.group, **self.of_agent(self.agent), "code": "angry"}
            self.note("dispositions", self.at, **keys)
            self.agent = agent
        self.note("complaints", self.at, int(is_complaint), **keys)

    def _disposition(self, code: str, *, is_complaint: bool) -> None:
        told = Disposition(self.id, self.agent, self.at, self.group, code, code.title(), is_complaint)
        self.truth.dispositions.append(told)

    def correct(self, field: Field, *values: str) -> None:
        said = [Correction(self.id, NOW, "sue", field, value, "so it was") for value in values]
        self.truth.corrections += said

    def contacted(self, *, answered: bool) -> None:
        """An inbound call is drawn: it may be somebody's next one."""
        if self.caller and self.counts:
            customer = self.customer.id if self.customer is not None else self.caller
            self.truth.contacts.append(Contacted(customer, self.first_ms, answered, self.of_call))

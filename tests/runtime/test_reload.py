"""Flows that change while calls are under way; versions that are kept, and with which to begin."""

from __future__ import annotations

import errno
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from acd.errors import OperatorError, RequestRefused, SettingsError
from acd.ivr.flow import FlowSet, Say, SoundFile
from acd.runtime import reload, version_files
from acd.runtime.reload import Folders, Reloader, Start, TestResult, Tools
from acd.runtime.start import choose_start
from acd.runtime.version_files import VersionFiles, changed_files, content_hash
from acd.runtime.versions import Loaded, Versions
from acd.settings.load import load_centre
from acd.settings.model import Centre
from tests.settings.sandbox import Sandbox
from tests.umask import private_umask

SOUND = b"RIFF" + bytes(400)


@dataclass
class FakeChange:
    """Puts the flows to use, and tells what was asked of it."""

    home: Home
    centre: Centre
    loaded: Loaded

    def faults(self) -> list[str]:
        return self.home.late_faults if "prepare" in self.home.steps else self.home.faults

    def prepare(self, copy: Centre) -> None:
        self.home.steps.append("prepare")
        assert copy.customers_file is None or copy.customers_file.exists()
        if self.home.prepare_fails:
            raise OperatorError("a trunk has no password")

    def undo(self) -> None:
        self.home.steps.append("undo")

    def put_to_use(self) -> None:
        self.home.steps.append("put to use")
        self.home.versions.activate(self.loaded, self.centre.plan)
        self.home.active = self.centre

    async def settle(self) -> list[str]:
        if self.home.settling_fails:
            raise KeyError("app_queue.so")
        return self.home.notes


@dataclass
class Home:
    """A home with a sound configuration, and the controller's part in it that deals with versions."""

    folder: Path
    sandbox: Sandbox
    result: TestResult = field(default_factory=lambda: TestResult("2 tests passed"))
    rendered: list[Centre] = field(default_factory=list)
    render_fails: bool = False
    used: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    late_faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    prepare_fails: bool = False
    settling_fails: bool = False
    steps: list[str] = field(default_factory=list)
    active: Centre | None = None
    reloader: Reloader = field(init=False)
    versions: Versions = field(init=False)

    @property
    def files(self) -> VersionFiles:
        return VersionFiles(self.folder / "versions")

    def tools(self) -> Tools:
        return Tools(
            load_centre, lambda config, flows: (load_centre(config, flows), self.result), self._render
        )

    def _render(self, centre: Centre) -> None:
        if self.render_fails:
            raise OperatorError("flite is needed to speak prompts and is not installed")
        self.rendered.append(centre)

    def start(self) -> Start:
        folders = Folders(self.sandbox.config, self.sandbox.flows)
        begun = choose_start(self.files, folders, self.tools(), "root")
        self.versions = Versions(self.files, load_centre, begun.centre.plan, begun.loaded)
        self.versions.in_use = lambda: frozenset(self.used)
        self.reloader = Reloader(
            self.versions,
            self.files,
            folders,
            self.tools(),
            lambda centre, loaded, _shown: FakeChange(self, centre, loaded),
        )
        self.files.begin_run()
        return begun

    def edit(self, name: str, change: Callable[[str], str]) -> None:
        path = (self.sandbox.flows if name.startswith("main") else self.sandbox.config) / name
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")

    def greet(self, text: str) -> None:
        """Change what the flow says first."""
        steps = f"{{say: {text}, next: waiting}}\n  waiting: {{queue: {{group: sales}}}}\n"
        flow = f"name: main\nstart: welcome\nsteps:\n  welcome: {steps}"
        (self.sandbox.flows / "main.yml").write_text(flow, encoding="utf-8")

    def greeting(self, version: str | None = None) -> object:
        flows = self.versions.active if version is None else self.versions.get(version)
        if flows is None:
            return None
        step = flows.flows["main"].steps["welcome"]
        assert isinstance(step, Say)
        (part,) = step.message.parts["en"]
        return part.name if isinstance(part, SoundFile) else getattr(part, "text", part)

    def numbers(self) -> list[tuple[int, str, str]]:
        return [(e.number, e.source, e.who) for e in self.files.entries()]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path, Sandbox.create(tmp_path))
    home.greet("Welcome.")
    home.start()
    return home


def heard(sound: object) -> bytes:
    return Path(f"{sound}.wav").read_bytes()


def state(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


# --- reload -------------------------------------------------------------------------------------
async def test_a_reload_makes_what_is_on_disk_active_for_new_calls(home: Home) -> None:
    old = home.versions.active.version
    home.used.add(old)
    home.greet("Good day.")
    assert home.greeting() == "Welcome.", "editing changed what is active"
    answer = await home.reloader.reload("anna")
    assert answer == {
        "changed": True,
        "number": 2,
        "tests": "2 tests passed",
        "files": ["ivr_flows/main.yml"],
        "notes": [],
    }
    assert home.greeting() == "Good day."
    assert home.greeting(old) == "Welcome.", "a call under way has lost its version"
    assert home.numbers() == [(1, "start", "root"), (2, "reload", "anna")]
    assert home.rendered[-1].flow_set.flows["main"].steps == home.versions.active.flows["main"].steps


async def test_what_fails_after_the_exchange_is_a_note_and_no_refusal(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(home.versions, "prune", fail)
    home.settling_fails = True
    home.greet("Hello.")
    answer = await home.reloader.reload("anna")
    assert (answer["changed"], answer["number"], home.greeting()) == (True, 2, "Hello.")
    assert len(answer["notes"]) == 2
    assert "(KeyError; the controller's log says more): restart the controller" in answer["notes"][0]
    assert "old versions are still on disk (OSError)" in answer["notes"][1]


async def test_without_a_change_nothing_is_done(home: Home) -> None:
    answer = await home.reloader.reload("anna")
    assert answer == {"changed": False, "number": 1, "notes": []}
    assert len(home.files.entries()) == 1
    assert home.steps == []


async def test_what_became_active_is_read_where_it_is_kept(home: Home) -> None:
    """The copy that was looked at is gone by then."""
    text = "number,name,segment,id,language,value,requires\n+4930777,Erika,gold,C-1,de,,\n"
    (home.sandbox.config / "customers.csv").write_text(text, encoding="utf-8")
    await home.reloader.reload("anna")
    assert home.active is not None
    assert home.active.customers_file == home.files.kept(home.versions.entry).config_dir / "customers.csv"
    assert home.active.customers_file.exists()
    assert home.active.flows_dir.exists()


async def test_what_is_in_config_is_exchanged_too_and_what_is_left_to_do_is_told(home: Home) -> None:
    home.notes = ["config/system.yml: redis: takes effect at the next start"]
    home.edit("agents.yml", lambda text: text + "# a remark\n")
    answer = await home.reloader.reload("anna")
    assert (answer["files"], answer["notes"]) == (["config/agents.yml"], home.notes)
    assert home.steps == ["prepare", "put to use"]
    assert changed_files(*(home.files.kept(entry) for entry in home.files.entries())) == answer["files"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda home: home.greet("[1"), "ivr_flows/main.yml"),
        (lambda home: home.edit("main.yml", lambda t: t.replace("sales", "nobody")), "no group 'nobody'"),
        (lambda home: setattr(home, "result", TestResult("1 failed", ("main: greets: no",))), "greets: no"),
        (lambda home: setattr(home, "render_fails", True), "flite is needed"),
        (lambda home: home.edit("numbers.yml", lambda t: t.replace("main", "mian")), "mian"),
        (lambda home: setattr(home, "faults", ["config/groups.yml:1: removed: 3 callers"]), "3 callers"),
        (lambda home: setattr(home, "prepare_fails", True), "a trunk has no password"),
        (lambda home: home.edit("agents.yml", lambda t: t.replace("sales", "seals", 1)), "agents.yml"),
    ],
)
async def test_a_refused_reload_says_why_and_changes_nothing(
    home: Home, spoil: Callable[[Home], None], message: str
) -> None:
    active, before = home.versions.active, state(home.folder / "versions")
    home.greet("Good day.")
    spoil(home)
    with pytest.raises(RequestRefused, match=message) as refused:
        await home.reloader.reload("anna")
    assert refused.value.code == "reload-refused"
    assert "versions" not in str(refused.value), "names the copy, not the file that is edited"
    assert home.versions.active is active
    assert "put to use" not in home.steps
    assert state(home.folder / "versions") == before


async def test_somebody_who_comes_during_the_reload_is_left_standing_nowhere(home: Home) -> None:
    """It is refused as late as that, too, and there is no trace of it."""
    active, before = home.versions.active, state(home.folder / "versions")
    home.greet("Good day.")
    home.late_faults = ["config/groups.yml:1: removed: 1 caller waits for it"]
    with pytest.raises(RequestRefused, match="1 caller waits"):
        await home.reloader.reload("anna")
    assert home.steps == ["prepare", "undo"]
    assert home.versions.active is active
    assert state(home.folder / "versions") == before
    home.late_faults = []
    assert (await home.reloader.reload("anna"))["number"] == 2


async def test_what_cannot_be_kept_is_undone(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise OperatorError("the disk is full")

    home.greet("Good day.")
    monkeypatch.setattr(VersionFiles, "keep", fails)
    with pytest.raises(RequestRefused, match="the disk is full"):
        await home.reloader.reload("anna")
    assert home.steps == ["prepare", "undo"]
    assert home.greeting() == "Welcome."


async def test_what_cannot_be_made_into_flows_is_not_kept_either(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> FlowSet:
        raise OperatorError("a sound is gone")

    active, before = home.versions.active, state(home.folder / "versions")
    home.greet("Good day.")
    monkeypatch.setattr(reload, "flows_of", fails)
    with pytest.raises(RequestRefused, match="a sound is gone"):
        await home.reloader.reload("anna")
    assert home.versions.active is active
    assert state(home.folder / "versions") == before


async def test_every_fault_is_told_at_once(home: Home) -> None:
    home.edit("main.yml", lambda t: t.replace("waiting}", "wait_here}").replace("sales", "nobody"))
    with pytest.raises(RequestRefused) as refused:
        await home.reloader.reload("anna")
    assert str(refused.value).count("\n") == 1, refused.value


async def test_flows_and_groups_come_together(home: Home) -> None:
    home.edit("groups.yml", lambda t: t + "\n  gold:\n    name: Gold\n    requires: {sales: 1}\n")
    home.edit("main.yml", lambda t: t.replace("sales", "gold"))
    assert (await home.reloader.reload("anna"))["files"] == ["config/groups.yml", "ivr_flows/main.yml"]


async def test_new_routes_of_numbers_come_with_the_flows(home: Home) -> None:
    home.edit("numbers.yml", lambda t: t.replace("numbers:", 'numbers:\n  "8099": {group: sales}'))
    await home.reloader.reload("anna")
    assert home.versions.numbers["8099"].group == "sales"


async def test_sounds_are_those_of_the_version(home: Home) -> None:
    sounds = home.sandbox.flows / "sounds"
    sounds.mkdir()
    (sounds / "hello.wav").write_bytes(SOUND)
    home.edit("main.yml", lambda t: t.replace("say: Welcome.", "play: hello"))
    await home.reloader.reload("anna")
    first, version = home.greeting(), home.versions.active.version
    home.used.add(version)
    (sounds / "hello.wav").write_bytes(SOUND + b"changed")
    assert heard(first) == SOUND
    await home.reloader.reload("anna")
    assert home.greeting(version) == first
    assert heard(home.greeting()) == SOUND + b"changed"


async def test_asterisk_may_play_from_a_version_though_it_is_another_user(home: Home) -> None:
    deep = home.sandbox.flows / "sounds" / "en" / "menus"
    deep.mkdir(parents=True)
    (deep / "hello.wav").write_bytes(SOUND)
    with private_umask():
        await home.reloader.reload("anna")
    kept = home.folder / "versions" / "2" / "ivr_flows" / "sounds" / "en" / "menus" / "hello.wav"
    assert kept.stat().st_mode & 0o777 == 0o644
    folders = list(kept.relative_to(home.folder / "versions").parents)[:-1]
    assert {(home.folder / "versions" / each).stat().st_mode & 0o777 for each in folders} == {0o755}


async def test_files_that_have_not_changed_take_no_room(home: Home) -> None:
    (home.sandbox.flows / "sounds").mkdir()
    (home.sandbox.flows / "sounds" / "hello.wav").write_bytes(SOUND)
    for text in ("One.", "Two."):
        home.greet(text)
        await home.reloader.reload("anna")
    kept = [home.folder / "versions" / n / "ivr_flows" / "sounds" / "hello.wav" for n in ("2", "3")]
    assert kept[0].samefile(kept[1])
    assert not kept[0].samefile(home.sandbox.flows / "sounds" / "hello.wav")


# --- rollback, pruning ----------------------------------------------------------------------------
async def test_a_rollback_is_a_new_entry_with_the_old_flows(home: Home) -> None:
    home.greet("Good day.")
    await home.reloader.reload("anna")
    answer = await home.reloader.rollback(1, "ben")
    assert (answer["number"], home.greeting()) == (3, "Welcome.")
    assert home.numbers()[-1] == (3, "rollback to 1", "ben")
    assert home.versions.active.version == home.files.entries()[0].version
    with pytest.raises(RequestRefused, match="version 3 is what is active"):
        await home.reloader.rollback(3, "ben")
    with pytest.raises(RequestRefused, match="no version 9; kept are: 1, 2, 3"):
        await home.reloader.rollback(9, "ben")


async def test_a_rollback_to_what_does_not_fit_any_more_is_refused(home: Home) -> None:
    home.greet("Good day.")
    await home.reloader.reload("anna")
    home.result = TestResult("1 failed", ("main: greets: no",))
    with pytest.raises(RequestRefused, match="greets: no"):
        await home.reloader.rollback(1, "ben")
    assert home.greeting() == "Good day."


async def test_old_versions_go_but_never_one_that_a_call_uses(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(version_files, "KEPT", 3)
    home.used.add(home.versions.active.version)
    for number in range(2, 8):
        home.greet(f"Number {number}.")
        await home.reloader.reload("anna")
    assert [number for number, _, _ in home.numbers()] == [1, 5, 6, 7]
    home.used.clear()
    home.greet("Number 8.")
    await home.reloader.reload("anna")
    assert [number for number, _, _ in home.numbers()] == [6, 7, 8]
    assert home.reloader.listing()["active"] == 8


async def test_old_versions_go_while_calls_are_served(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    pruned_by: list[threading.Thread] = []

    def prune(_: VersionFiles, in_use: frozenset[str]) -> list[int]:
        assert home.versions.active.version in in_use
        pruned_by.append(threading.current_thread())
        return []

    monkeypatch.setattr(VersionFiles, "prune", prune)
    home.greet("Good day.")
    await home.reloader.reload("anna")
    assert len(pruned_by) == 1
    assert pruned_by[0] is not threading.main_thread()


async def test_a_call_from_before_a_restart_goes_on_with_its_version(home: Home) -> None:
    old = home.versions.active.version
    home.greet("Good day.")
    await home.reloader.reload("anna")
    home.start()
    assert home.greeting() == "Good day."
    assert home.greeting(old) == "Welcome."
    assert home.versions.get("0123456789abcdef") is None


# --- with what a controller begins ------------------------------------------------------------------
def test_a_start_takes_what_is_on_disk(home: Home) -> None:
    home.files.end_run()
    assert home.start().loaded.entry.number == 1, "the same files are no new version"
    home.files.end_run()
    home.greet("Good day.")
    home.start()
    assert home.greeting() == "Good day."
    assert home.numbers()[-1] == (2, "start", "root")


def test_after_a_sudden_end_what_was_active_goes_on(home: Home) -> None:
    home.greet("Half edi")
    begun = home.start()
    assert (begun.loaded.entry.number, home.greeting()) == (1, "Welcome.")


def test_a_faulty_disk_does_not_close_a_centre_that_has_been_open(home: Home) -> None:
    for end_run in (True, False):
        if end_run:
            home.files.end_run()
        home.edit("main.yml", lambda t: t.replace("sales", "nobody"))
        begun = home.start()
        assert (begun.loaded.entry.number, home.greeting()) == (1, "Welcome.")
        assert "sales" in begun.centre.plan.groups


def test_a_version_that_cannot_be_read_any_more_does_not_close_it_either(home: Home) -> None:
    kept = home.folder / "versions" / "1" / "config" / "agents.yml"
    kept.write_text("agents: {}\nof_an_older_release: true\n", encoding="utf-8")
    begun = home.start()
    assert (begun.loaded.entry.number, home.greeting()) == (2, "Welcome.")
    assert "anna" in begun.centre.plan.agents
    home.edit("main.yml", lambda t: t.replace("sales", "nobody"))
    kept = home.folder / "versions" / "2" / "config" / "agents.yml"
    kept.write_text("agents: {}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="no group 'nobody'"):
        home.start()


def test_failing_tests_do_not_close_it_either_and_never_go_live(home: Home) -> None:
    home.files.end_run()
    home.greet("Good day.")
    home.result = TestResult("1 failed", ("main: greets: no",))
    home.start()
    assert home.greeting() == "Welcome."


def test_the_very_first_start_needs_sound_files(tmp_path: Path) -> None:
    home = Home(tmp_path, Sandbox.create(tmp_path))
    home.edit("main.yml", lambda t: t.replace("sales", "nobody"))
    with pytest.raises(SettingsError, match="no group 'nobody'"):
        home.start()
    assert home.files.entries() == []
    home.edit("main.yml", lambda t: t.replace("nobody", "sales"))
    home.result = TestResult("1 failed", ("main: greets: no",))
    assert home.start().loaded.entry.tests == "1 failed"


# --- a disk that takes nothing ----------------------------------------------------------------------
async def test_a_folder_that_takes_nothing_does_not_keep_the_centre_closed(tmp_path: Path) -> None:
    home = Home(tmp_path, Sandbox.create(tmp_path))
    home.greet("Welcome.")
    in_the_way = tmp_path / "versions"
    in_the_way.write_bytes(b"")
    with home.files.locked():
        begun = home.start()
    assert (home.greeting(), home.versions.is_kept) == ("Welcome.", False)
    assert begun.centre.flows_dir == home.sandbox.flows
    home.greet("Good day.")
    with pytest.raises(RequestRefused, match="cannot be kept"):
        await home.reloader.reload("anna")
    assert home.greeting() == "Welcome."
    home.files.end_run()

    in_the_way.unlink()
    home.greet("Welcome.")
    assert (await home.reloader.reload("anna"))["number"] == 1, "the same files are a version now"
    assert home.versions.is_kept
    assert home.files.was_cut_off, "a sudden end from here on is noticed"


@pytest.mark.parametrize(("owner", "name"), [(shutil, "copyfile"), (Path, "rename")])
def test_a_full_disk_keeps_nobody_from_what_is_new(
    home: Home, monkeypatch: pytest.MonkeyPatch, owner: object, name: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (home.sandbox.flows / "sounds").mkdir()
    (home.sandbox.flows / "sounds" / "hello.wav").write_bytes(SOUND)
    home.files.end_run()
    home.edit("main.yml", lambda t: t.replace("say: Welcome.", "play: hello"))
    monkeypatch.setattr(owner, name, full)
    begun = home.start()
    assert heard(home.greeting()) == SOUND
    assert not home.versions.is_kept
    assert begun.centre.customers_file is None or begun.centre.customers_file.exists()
    assert [number for number, _, _ in home.numbers()] == [1]


async def test_a_rollback_holds_over_a_start_until_the_disk_is_edited(home: Home) -> None:
    home.greet("Good day.")
    await home.reloader.reload("anna")
    await home.reloader.rollback(1, "ben")
    home.files.end_run()
    home.start()
    assert home.greeting() == "Welcome."
    home.files.end_run()
    home.greet("Good evening.")
    home.start()
    assert home.greeting() == "Good evening."


def test_only_one_controller_in_a_home(home: Home) -> None:
    refused = pytest.raises(OperatorError, match="another controller is running here")
    with home.files.locked(), refused, home.files.locked():
        pass
    with home.files.locked():
        pass


def test_the_hash_is_of_all_that_is_configured(home: Home) -> None:
    before = content_hash(home.sandbox.config, home.sandbox.flows)
    (home.sandbox.flows / ".main.yml.swp").write_bytes(b"x")
    assert content_hash(home.sandbox.config, home.sandbox.flows) == before
    home.edit("agents.yml", lambda t: t + "# a remark\n")
    assert content_hash(home.sandbox.config, home.sandbox.flows) != before


def test_what_others_keep_beside_the_configuration_hinders_nothing_and_is_copied_nowhere(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A private key that is another user's, above all."""
    before = content_hash(home.sandbox.config, home.sandbox.flows)
    theirs = home.sandbox.config / "balancer"
    theirs.mkdir()
    for path in (theirs / "desktop.key", theirs / "own.yml", home.sandbox.config / "desktop.key"):
        path.write_text("a key")
    monkeypatch.setattr(shutil, "copyfile", _only_ours(home.sandbox.config))
    assert content_hash(home.sandbox.config, home.sandbox.flows) == before
    home.edit("agents.yml", lambda t: t + "# a remark\n")
    staged = home.files.stage(home.sandbox.config, home.sandbox.flows)
    assert sorted(state(staged.config_dir)) == sorted(p.name for p in home.sandbox.config.glob("*.[yc]*"))
    assert VersionFiles.originals(home.sandbox.config, home.sandbox.flows).version == staged.version
    assert changed_files(home.files.kept(home.files.entries()[-1]), staged) == ["config/agents.yml"]
    home.files.end_run()
    assert home.start().loaded.entry.source == "start"


def _only_ours(config: Path) -> Callable[[Path, Path], object]:
    """Copies as another user than the owner of keys would; tests may run as root, who may read everything."""
    real = shutil.copyfile

    def copy(source: Path, target: Path) -> object:
        if source.suffix == ".key" or (source.is_relative_to(config) and source.parent != config):
            raise PermissionError(errno.EACCES, "Permission denied", str(source))
        return real(source, target)

    return copy


async def test_a_misspelt_file_is_refused_at_a_reload_too(home: Home) -> None:
    (home.sandbox.config / "calender.yml").write_text("{}", encoding="utf-8")
    with pytest.raises(RequestRefused, match=r"calender\.yml"):
        await home.reloader.reload("root")


def test_a_damaged_version_is_passed_over(home: Home) -> None:
    (home.folder / "versions" / "1" / "version.json").write_text("{", encoding="utf-8")
    assert home.files.entries() == []
    home.files.end_run()
    assert home.start().loaded.entry.number == 1

from __future__ import annotations

from pathlib import Path

import pytest

from acd.core.plan import CallbackFirst
from acd.settings.problems import Problem, did_you_mean, shown, shown_file, shown_path, undefined


def test_a_problem_reads_like_a_compiler_message() -> None:
    problem = Problem("config/groups.yml", 4, "groups > sales", "what is wrong")
    assert str(problem) == "config/groups.yml:4: groups > sales: what is wrong"


def test_problems_sort_by_file_and_line() -> None:
    problems = [Problem("b", 1, "", ""), Problem("a", 10, "", ""), Problem("a", 9, "z", "")]
    assert sorted(problems) == [problems[2], problems[1], problems[0]]


def test_list_items_count_from_one() -> None:
    assert shown_path(("trunks", "lab", "addresses", 0)) == "trunks > lab > addresses > item 1"


def test_nothing_from_a_file_upsets_the_terminal() -> None:
    assert shown("a\x1b[2Jb\n陈") == "a\\x1b[2Jb\\n陈"
    assert shown("x" * 100) == "x" * 59 + "…"


def test_the_nearest_name_is_offered_if_one_is_near() -> None:
    assert did_you_mean("slaes", ["sales", "support"], separator=",") == ", did you mean 'sales'?"
    assert did_you_mean("logistics", ["sales", "support"], separator=",") == ""
    assert did_you_mean("agnt", CallbackFirst, separator=";") == "; did you mean 'agent'?"
    assert undefined("group", "sale", ["sales"]) == "no group 'sale' is defined; did you mean 'sales'?"


def test_files_are_named_relative_to_the_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert shown_file(tmp_path / "config" / "groups.yml") == "config/groups.yml"
    assert shown_file(Path("config/groups.yml")) == "config/groups.yml"
    assert shown_file(Path("/elsewhere/groups.yml")) == "/elsewhere/groups.yml"

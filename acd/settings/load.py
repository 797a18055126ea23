"""The configuration in one call: read, checked as a whole, built."""

from __future__ import annotations

from pathlib import Path

from acd.errors import SettingsError
from acd.ivr.cases import Case
from acd.ivr.flow import FlowSet
from acd.settings.assemble import assemble
from acd.settings.assemble_reports import check_reports
from acd.settings.assemble_retention import check_retention
from acd.settings.files import Files, read_files
from acd.settings.flows.build import build_flow_set
from acd.settings.flows.cases import build_cases, check_cases
from acd.settings.flows.references import check_flows
from acd.settings.flows.sounds import Sounds
from acd.settings.flows.sources import gather
from acd.settings.meaning import check_meaning
from acd.settings.meaning.times import check_subdivisions
from acd.settings.model import Centre
from acd.settings.problems import Problem
from acd.settings.references import check_references

DEFAULT_TIMEZONE, DEFAULT_LANGUAGE = "UTC", "en"  # where system.yml could not be read


def load_centre(config_dir: Path, flows_dir: Path) -> Centre:
    """The checked configuration of both folders. Warnings are left out; see `find_problems`.

    Raises SettingsError with every mistake there is, sorted by file and line.
    """
    return load_tests(config_dir, flows_dir)[0]


def load_tests(config_dir: Path, flows_dir: Path) -> tuple[Centre, dict[str, list[Case]]]:
    """The checked configuration, and the test cases by flow. Raises SettingsError as `load_centre`."""
    files, flow_set = _checked(config_dir, flows_dir)
    mistakes = [str(problem) for problem in files.problems() if not problem.warning]
    if mistakes:
        raise SettingsError(mistakes)
    centre = assemble(files, flow_set)
    return centre, build_cases(files, centre.system.timezone)


def find_problems(config_dir: Path, flows_dir: Path) -> list[Problem]:
    """Every mistake and every warning, by file and line; empty if all is sound."""
    return find_all(config_dir, flows_dir)[0]


def find_all(config_dir: Path, flows_dir: Path) -> tuple[list[Problem], bool]:
    """The same, and whether no more can come to light when these are mended.

    A part with a mistake of form is left out before names are looked up: what it refers to is not known.
    """
    files, _ = _checked(config_dir, flows_dir)
    return files.problems(), files.is_whole


def check(config_dir: Path, flows_dir: Path) -> list[str]:
    """The same as lines: 'file:line: path: message', or 'file:line: warning: path: message'."""
    return [str(problem) for problem in find_problems(config_dir, flows_dir)]


def _checked(config_dir: Path, flows_dir: Path) -> tuple[Files, FlowSet]:
    files = read_files(config_dir, flows_dir)
    system = files.system.content.system if files.system.content is not None else None
    language = system.language if system is not None else DEFAULT_LANGUAGE
    timezone = system.timezone if system is not None else DEFAULT_TIMEZONE
    sounds = Sounds.read(flows_dir / "sounds")
    sources = gather(files, language)
    check_references(files)
    check_reports(files)
    check_retention(files)
    check_flows(files, sources, sounds)
    check_subdivisions(files)
    check_cases(files)
    flow_set = build_flow_set(files, sources, sounds, timezone, language)
    check_meaning(files, sources, flow_set, sounds)
    return files, flow_set

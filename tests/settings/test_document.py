from __future__ import annotations

import os
from pathlib import Path

import pytest

from acd.settings import document as module
from acd.settings.document import Ambiguous, Document, read_document


def read(tmp_path: Path, content: str | bytes) -> Document:
    path = tmp_path / "file.yml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_document(path)


def messages(document: Document) -> list[tuple[int, str]]:
    return [(problem.line, problem.message) for problem in document.problems]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("text", "text"),
        ("'8000'", "8000"),
        ('"yes"', "yes"),
        ("8000", 8000),
        ("-5", -5),
        ("0.8", 0.8),
        ("true", True),
        ("false", False),
        ("~", None),
        ("", None),
        ("127.0.0.2", "127.0.0.2"),
        ("1e3", "1e3"),
        ("yes", Ambiguous("yes", "true or false")),
        ("No", Ambiguous("No", "true or false")),
        ("True", Ambiguous("True", "true or false")),
        ("0777", Ambiguous("0777", "a number in another notation")),
        ("0x1F", Ambiguous("0x1F", "a number in another notation")),
        ("+861", Ambiguous("+861", "a number in another notation")),
        ("1_000", Ambiguous("1_000", "a number in another notation")),
        ("1:30", Ambiguous("1:30", "a number in another notation")),
        (".nan", Ambiguous(".nan", "a number in another notation")),
        ("9" * 30, Ambiguous("9" * 30, "a number in another notation")),
        ("2026-01-01", Ambiguous("2026-01-01", "a date")),
        ("=", Ambiguous("=", "a default value")),
        ("|\n    two\n    lines\n", "two\nlines\n"),
    ],
)
def test_scalars(tmp_path: Path, written: str, value: object) -> None:
    document = read(tmp_path, f"key: {written}\n")
    assert document.problems == []
    assert document.data == {"key": value}
    assert type(document.data["key"]) is type(value)


def test_every_place_has_its_line(tmp_path: Path) -> None:
    document = read(tmp_path, "a:\n  b: 1\n\n  c:\n    - x\n    - d: 2\n")
    assert document.data == {"a": {"b": 1, "c": ["x", {"d": 2}]}}
    assert document.lines == {
        (): 1, ("a",): 1, ("a", "b"): 2, ("a", "c"): 4,
        ("a", "c", 0): 5, ("a", "c", 1): 6, ("a", "c", 1, "d"): 6,
    }  # fmt: skip


def test_a_place_that_is_not_there_has_the_line_of_what_encloses_it(tmp_path: Path) -> None:
    document = read(tmp_path, "a:\n  b: {}\n")
    document.report(("a", "b", "missing"), "gone")
    assert str(document.problems[0]).endswith("file.yml:2: a > b > missing: gone")


def test_names_in_a_section(tmp_path: Path) -> None:
    document = read(tmp_path, "groups: {sales: 1, support: }\nother: [a]\n")
    assert list(document.names("groups") or ()) == ["sales", "support"]
    assert document.names("other") is document.names("missing") is None
    assert read(tmp_path, "[groups]").names("groups") is None


def test_of_very_many_problems_only_the_first_are_kept(tmp_path: Path) -> None:
    document = read(tmp_path, "".join(f"{i}: x\n" for i in range(5000)))
    assert len(document.problems) == module.MOST_PROBLEMS + 1
    assert document.problems[-1].message == "the file has 200 problems or more; only the first are shown"
    document.report_undefined(("a",), "group", "b", ["c"])
    assert len(document.problems) == module.MOST_PROBLEMS + 1


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    document = read(tmp_path, b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert (document.data, document.lines[("b",)]) == ({"a": 1, "b": 2}, 2)


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"a: 1\nb: \xff\n", 2, "the file is not UTF-8 text; save it with the encoding UTF-8"),
        (b"a: 1\nb: \x00\n", 2, "the character U+0000 is not allowed here"),
        (b"a: 1\n\nb: '\x1b[2J'\n", 3, "the character U+001B is not allowed here"),
        ("[" * 100_000, 1, "nested too deeply: the limit is 20 levels"),
        ("a: " * 3 + "1", 1, "invalid YAML: mapping values are not allowed in this context; "
                             "put a text with a colon in quotes, or check the indentation"),
        ("a: 1\nb:\n    c: 1\n  d: 2\n", 4, "invalid YAML: while parsing a block mapping, "
         "did not find expected key; check the indentation "
         "(what belongs together begins in the same column) and the quotes"),
        ("a: %b\n", 1, "invalid YAML: while scanning for the next token, "
                       "found character that cannot start any token; put the text in quotes"),
        (b"# " + b"x" * 1_000_000, 1, "the file is too large: the limit is 1000 kB"),
        ("[" + "1," * 60_000 + "]", 1, "the file has too many values: the limit is 50000"),
        ("a: &b 1\n", 1, "YAML anchors (&name) are not supported; "
                         "remove it, or quote a text that begins with &"),
        ("a: !!str 1\n", 1, "YAML tags (!name) are not supported; "
                            "remove it, or quote a text that begins with !"),
    ],
)  # fmt: skip
def test_what_is_refused(tmp_path: Path, content: str | bytes, line: int, message: str) -> None:
    document = read(tmp_path, content)
    assert messages(document) == [(line, message)]
    assert (document.readable, document.data) == (False, None)


def test_a_bomb_of_aliases_is_refused_before_it_is_built(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x]", *(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 40))]
    document = read(tmp_path, "\n".join(lines))
    assert len(document.problems) == 1
    assert not document.readable


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: 1\na: 2\n", "'a' is written twice; the first is on line 1"),
        ("x: 1\n8000: 2\n", 'the name before a colon must be text; put it in quotes: "8000"'),
        ("x: 1\n~: 2\n", 'the name before a colon must be text; put it in quotes: "~"'),
        ("x: 1\n? \n: 2\n", "the name before a colon must be text; give it a name"),
        ("x: 1\n? {a: 1}\n: 2\n", "expected a name before the colon, got a list or mapping"),
    ],
)
def test_names_before_colons(tmp_path: Path, content: str, message: str) -> None:
    assert messages(read(tmp_path, content)) == [(2, message)]


def test_the_first_of_two_equal_names_counts(tmp_path: Path) -> None:
    assert read(tmp_path, "a: 1\na: 2\n").data == {"a": 1}


def test_an_empty_file_is_read(tmp_path: Path) -> None:
    document = read(tmp_path, "# nothing\n")
    assert (document.readable, document.data, document.problems) == (True, None, [])


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yml")
    (tmp_path / "folder.yml").mkdir()
    not_regular = [(1, "expected a regular file, found something else of this name")]

    assert messages(read_document(tmp_path / "missing.yml")) == [(1, "the file is missing")]
    assert messages(read_document(tmp_path / "pipe.yml")) == not_regular
    assert messages(read_document(tmp_path / "folder.yml")) == not_regular
    assert messages(read_document(tmp_path / "nul\0.yml")) == [
        (1, "cannot read the file: embedded null byte")
    ]


def test_a_circle_of_links(tmp_path: Path) -> None:
    (tmp_path / "a.yml").symlink_to(tmp_path / "a.yml")
    (problem,) = read_document(tmp_path / "a.yml").problems
    assert problem.message.startswith("cannot read the file: ")


def test_the_pure_python_parser_gives_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import yaml

    text = "a: {b: [1, yes, 'x']}\nc: 0777\n"
    with_libyaml = read(tmp_path, text)
    monkeypatch.setattr(module, "Loader", yaml.SafeLoader)
    assert read(tmp_path, text) == with_libyaml

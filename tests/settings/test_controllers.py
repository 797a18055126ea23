from __future__ import annotations

import pytest

from acd.errors import OperatorError
from acd.settings.controllers import ControllerPlace, check_name, controllers_of


def test_several_controllers() -> None:
    text = "one=192.0.2.1, two=ctl-2.example:5000,three=[2001:db8::3]:4575"
    assert controllers_of({"X": text}, "X", ()) == (
        ControllerPlace("one", "192.0.2.1", 4574),
        ControllerPlace("two", "ctl-2.example", 5000),
        ControllerPlace("three", "2001:db8::3", 4575),
    )
    assert controllers_of({}, "X", ()) == ()


@pytest.mark.parametrize(
    "text", ["one", "one=", "One=a", "one=a:0", "one=a:70000", "one=a b", "one=a;two=b", "one=2001:db8::1:1"]
)
def test_what_is_no_controller(text: str) -> None:
    with pytest.raises(OperatorError, match="X: expected controllers such as"):
        controllers_of({"X": text}, "X", ())


def test_names_are_told_apart() -> None:
    with pytest.raises(OperatorError, match="'one' comes twice"):
        controllers_of({"X": "one=a,one=b"}, "X", ())
    places = controllers_of({"X": "one=a,two=b"}, "X", ())
    check_name("two", places)
    check_name("", places)
    with pytest.raises(OperatorError, match=r"'three' is none of ACD_CONTROLLERS \(one, two\)"):
        check_name("three", places)
    with pytest.raises(OperatorError, match="needs ACD_CONTROLLERS, too"):
        check_name("one", ())

"""The error tree: one root, the tree in the docstring is the tree in the code, texts are useful."""

from __future__ import annotations

import inspect

from trimaran.base import errors
from trimaran.base.errors import DecodeError, DecodeKind, TrimaranError
from trimaran.domain.answer import error_of, pack


def test_the_docstring_draws_the_tree() -> None:
    classes = {
        name
        for name, found in vars(errors).items()
        if inspect.isclass(found) and issubclass(found, Exception) and found is not TrimaranError
    }
    assert errors.__doc__ is not None
    drawn = {line.split()[1] for line in errors.__doc__.splitlines() if line.strip().startswith("+-")}
    assert drawn == classes
    assert all(issubclass(getattr(errors, name), TrimaranError) for name in classes)


def test_programmer_errors_are_not_members() -> None:
    assert not issubclass(AssertionError, TrimaranError)
    assert not issubclass(TrimaranError, ValueError)


def test_a_decode_error_says_where_and_what() -> None:
    error = DecodeError(DecodeKind.RANGE, "b", "at most 5", "6" * 500)
    assert (error.kind, error.field) == (DecodeKind.RANGE, "b")
    assert str(error).startswith("RANGE: b: expected at most 5, found '666")
    assert len(str(error)) < 150


def test_kinds_fit_into_an_answer() -> None:
    assert [error_of(pack(7, 255, 5, kind)) for kind in DecodeKind] == list(DecodeKind)

"""Each tidy rule finds its own bad samples and leaves the good ones alone."""

from __future__ import annotations

import re
from textwrap import dedent

import pytest
from packaging.requirements import Requirement

from tools.tidy.cpp import cpp_functions
from tools.tidy.purity import check_exact, check_purity, check_shells, is_exact, is_pure, shells_of
from tools.tidy.reasons import check_reasons
from tools.tidy.sizes import python_functions, ratchet
from tools.tidy.syntax import GATE, check_approved, check_syntax
from tools.tidy.words import check_words

NO_SHELLS = re.compile("(?!)")
CONTRACTS = """
[importlinter:contract:pure]
ignore_imports =
    trimaran.venues.wire.rest -> **
    trimaran.venues.sim.server -> **
    trimaran.venues.*.simulator -> **
"""


@pytest.mark.parametrize(
    ("sample", "words"),
    [
        ("x = 1", "docstring"),
        ("'''Doc.'''\ndef f():\n    import os", "inside f"),
        ("'''Doc.'''\nclass C:\n    async def g(self):\n        from os import path", "inside g"),
        ("'''Doc.'''\nfrom typing import TYPE" + "_CHECKING", "hides a cycle"),
        ("'''Doc.'''\nimport typing\nif typing.TYPE" + "_CHECKING:\n    pass", "hides a cycle"),
    ],
)
def test_form_is_checked(sample: str, words: str) -> None:
    assert [words in finding.text for finding in check_syntax("a.py", sample)] == [True]


def test_good_form_passes() -> None:
    assert check_syntax("a.py", "'''Doc.'''\nimport os\ndef f():\n    return os") == []


@pytest.mark.parametrize("sample", ["Approved(order)", "decision.Approved(order=order)"])
def test_only_the_gate_builds_approvals(sample: str) -> None:
    assert len(check_approved("src/trimaran/engine/step.py", sample)) == 1
    assert check_approved(GATE, sample) == []


def test_speaking_of_approvals_is_allowed() -> None:
    assert check_approved("src/trimaran/engine/step.py", "x = isinstance(answer, Approved)") == []


@pytest.mark.parametrize(
    "sample",
    [
        "import time\nx = time.time_ns",
        "from time import monotonic_ns as now\nx = now()",
        "import datetime as d\nx = d.datetime.now(d.UTC)",
        "from datetime import datetime\nx = datetime.utcnow()",
        "from datetime import date\nx = date.today()",
        "import random\nx = random.random()",
        "from random import Random",
        "import uuid\nx = uuid.uuid4()",
        "from uuid import uuid4",
        "import os.path",
        "import urllib.request",
        "from urllib import request",
        "import sys\nsys.stdout.write('x')",
        "x = open('file')",
        "print(1)",
        "x = eval('1')",
    ],
)
def test_the_world_is_kept_out_of_pure_code(sample: str) -> None:
    assert check_purity("a.py", sample)


@pytest.mark.parametrize(
    "sample",
    [
        "from datetime import datetime, UTC\nx = datetime.fromtimestamp(1, UTC)",
        "from urllib.parse import quote\nx = quote('a')",
        "def f(clock, rng):\n    return clock.now(), rng.random()",
        "def f(bar):\n    return bar.open, bar.time",
        "from trimaran.domain.ports import Clock\nimport hmac",
        "import timeit_like",
    ],
)
def test_pure_code_passes(sample: str) -> None:
    assert check_purity("a.py", sample) == []


@pytest.mark.parametrize("sample", ["x = float(text)", "x = list(map(float, rows))", "f(convert=float)"])
def test_floats_are_found(sample: str) -> None:
    assert len(check_exact("a.py", sample)) == 1


def test_annotations_are_not_conversions() -> None:
    assert check_exact("a.py", "def f(x: float) -> float:\n    y: float = x\n    return y") == []


def test_which_files_are_pure() -> None:
    shells = shells_of(CONTRACTS)
    pure = (
        "domain/market.py",
        "venues/okx/parse.py",
        "venues/wire/link.py",
        "venues/sim/matching.py",
        "engine/a/b.py",
    )
    other = ("live/run.py", "venues/registry.py", "venues/wire/rest.py", "venues/sim/server.py", "ops/cli.py")
    assert [is_pure(f"src/trimaran/{path}", shells) for path in pure] == [True] * len(pure)
    assert [is_pure(f"src/trimaran/{path}", shells) for path in other] == [False] * len(other)
    assert not is_pure("src/trimaran/venues/okx/simulator.py", shells)
    assert not is_pure("src/trimaran/domain/notes.md", shells)
    assert is_exact("src/trimaran/books/book.py", shells)
    assert not is_exact("src/trimaran/signals/average.py", shells)
    assert is_pure(
        "src/trimaran/venues/sim/server.py", shells_of("[importlinter:contract:pure]\nname = pure")
    )


@pytest.mark.parametrize(
    "sample",
    [
        "import trimaran.venues.okx.simulator",
        "from trimaran.venues.sim import server",
        "from trimaran.venues.sim.server import Server",
    ],
)
def test_pure_code_may_not_import_shells(sample: str) -> None:
    assert len(check_shells("a.py", sample, shells_of(CONTRACTS))) == 1
    assert check_shells("a.py", sample, NO_SHELLS) == []


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("# TO" + "DO later", 1),
        ("// FIX" + "ME", 1),
        ("xxx lower case is data, and so is TO" + "DOS", 0),
        ("cd /ro" + "ot/project", 1),
        ("path = '/wo" + "rk/main'", 1),
        ("open /op" + "t", 1),
        ("GET /api/wo" + "rk/a and src/op" + "t/b and a/ro" + "ot", 0),
        ("'/op" + "tions' and /ro" + "ot-cause", 0),
        ("https://py" + "pi.org/simple", 1),
        ("https://files.python" + "hosted.org/x", 1),
        ("https://github.com/home/x", 0),
    ],
)
def test_words_are_checked(line: str, count: int) -> None:
    assert len(check_words("a.md", line)) == count


def test_reasons_are_rows_with_words() -> None:
    wanted = [Requirement("Aio.Http>=3"), Requirement("rich"), Requirement("typer")]
    text = "| `aio-http` | speaks REST and WebSocket for us |\n| `rich` | why |\n"
    assert [finding.text.partition(":")[0] for finding in check_reasons(wanted, [text])] == ["rich", "typer"]


@pytest.mark.parametrize(
    ("size", "listed", "words"),
    [
        (10, None, None),
        (11, None, "expected at most 10"),
        (20, 20, None),
        (21, 20, "expected at most 20"),
        (19, 20, "lower it to 19"),
        (10, 20, "remove it"),
        (None, 20, "is gone"),
    ],
)
def test_the_ratchet_only_turns_one_way(size: int | None, listed: int | None, words: str | None) -> None:
    sizes = {} if size is None else {"a.py::f": size}
    table = {} if listed is None else {"a.py::f": listed}
    found = [finding.text for finding in ratchet(sizes, table, 10, "table")]
    assert found == [] if words is None else words in found[0]


def test_python_functions_are_measured() -> None:
    text = dedent('''
        class A:
            @property
            def b(self) -> int:
                """Doc."""

                def c() -> int:
                    return 1
                return c()

        async def d() -> None:
            pass
    ''')
    assert python_functions(text) == {"A.b": 6, "A.b.c": 2, "d": 2}


def test_cpp_functions_are_measured() -> None:
    text = dedent("""
        #define OPEN {
        namespace a::b { /* { */
        inline constexpr int table[2] = {1, 2};
        enum class Kind : int { one, two };
        template <class T, class U = std::pair<int, int>>
        [[nodiscard]] inline auto add(T left, U right) noexcept -> int {
          const auto inner = [&](int x) { return x; };
          if (left) { return '{'; }
          return inner(left) + 1'000;
        }
        struct Book : Base<int(int)> {
          int size_{0};
          std::function<int(int)> call_;
         public:
          explicit Book(int size)
              : size_{size}, call_(nullptr) {
            text("}{");
          }
          ~Book() { }
          bool operator==(const Book& other) const { return size_ == other.size_; }
          int operator()(int x) const
          {
            return x;
          }
        };
        }  // namespace
        NB_MODULE(_hot, module) {
          module.def("x", []() { return R"({)"; });
        }
    """)
    assert cpp_functions(text) == {
        "add": 6,
        "Book": 4,
        "~Book": 1,
        "operator==": 1,
        "operator()": 4,
        "NB_MODULE": 3,
    }

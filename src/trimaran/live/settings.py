"""Settings that explain themselves: each key of a struct carries its meaning and what may stand there.

    region: Annotated[int, key("...", expected="0..15", ge=0, le=15)] = 0

The reader, the checks, `trimaran config explain` and the reference in `docs/run.md` all read the same struct,
so none can know a key that another one does not. A table is read whole: every finding is told, with the key,
what was expected and what was found, and nothing is made of a table that has one.
"""

from __future__ import annotations

import contextlib
import typing
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from types import NoneType
from typing import Annotated, Any, Final, TypeVar

import msgspec

from trimaran.base.errors import ConfigError
from trimaran.base.printable import printable

SHOWN_MAX: Final = 60  # characters of what was found
T = TypeVar("T", bound=msgspec.Struct)


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong with settings."""

    field: str  # as a path: `markets."binance.spot".key`
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.field}: expected {self.expected}, found {self.found}"


class WrongSettings(ConfigError):
    """Settings that cannot be used, with everything that is wrong with them."""

    def __init__(self, where: str, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(f"{where}: {finding}" for finding in findings))


class KeyRow(msgspec.Struct, frozen=True):
    """One key, for people: a line of the reference."""

    section: str
    name: str
    expected: str
    default: str  # as TOML; empty where the key is required
    required: bool
    meaning: str


class Bounds(msgspec.Struct, frozen=True):
    """What a number may be. Decimals must be finite, whatever else is said."""

    lowest: int | None = None
    highest: int | None = None
    above: int | None = None

    def hold(self, value: object) -> bool:
        """Whether a value that is no number, or is one within the bounds."""
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            return True
        return (
            (isinstance(value, int) or value.is_finite())
            and (self.lowest is None or value >= self.lowest)
            and (self.highest is None or value <= self.highest)
            and (self.above is None or value > self.above)
        )

    @property
    def text(self) -> str:
        """For people: `0..15`, `at least 0`, `above 0`."""
        if self.above is not None:
            return f"above {self.above}"
        return f"at least {self.lowest}" if self.highest is None else f"{self.lowest}..{self.highest}"


def key(
    meaning: str,
    *,
    expected: str = "",
    secret: bool = False,
    lowest: int | None = None,
    highest: int | None = None,
    above: int | None = None,
    **form: Any,
) -> msgspec.Meta:
    """What is said of a key. What was found is never shown of one that is `secret`."""
    bounds = Bounds(lowest, highest, above)
    extra = {"expected": expected or bounds.text, "secret": secret, "bounds": bounds}
    return msgspec.Meta(description=meaning, extra=extra, **form)


def read_struct(kind: type[T], table: object, at: str, findings: list[Finding]) -> T | None:
    """A struct from a table; None and findings where anything of it is wrong."""
    if not isinstance(table, Mapping):
        findings.append(Finding(at, "a table", shown(table)))
        return None
    before, values = len(findings), {}
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    known = f"one of {', '.join(fields)}"
    findings += [Finding(joined(at, name), known, "another key") for name in table if name not in fields]
    for name, field in fields.items():
        if name in table:
            values[field.name] = _read_value(field.type, table[name], joined(at, name), findings)
        elif field.required:
            findings.append(Finding(joined(at, name), _expected_of(field.type), "nothing"))
    return None if len(findings) > before else kind(**values)


def joined(at: str, name: object) -> str:
    """The path of a key in a table; what is no bare key is quoted, as in TOML."""
    text = printable(str(name), SHOWN_MAX)
    bare = text.replace("_", "").replace("-", "").isalnum()
    spelled = text if bare else f'"{text}"'
    return f"{at}.{spelled}" if at else spelled


def shown(value: object) -> str:
    """A value as it was found, short and printable."""
    text = repr(value) if isinstance(value, str) else str(value)
    return printable(text, SHOWN_MAX) if text else "nothing"


def key_rows(kind: type[msgspec.Struct], section: str = "") -> Iterator[KeyRow]:
    """Every key of a struct, those of its sections behind its own."""
    inner: list[tuple[type[msgspec.Struct], str]] = []
    for field in msgspec.structs.fields(kind):
        plain, meta = _unwrapped(field.type)
        struct, many = _struct_in(plain)
        if struct is not None:
            name = joined(section, field.encode_name)
            inner.append((struct, f"{name}.NAME" if many else name))
        else:
            assert meta is not None, f"{kind.__name__}.{field.name} says nothing"
            yield KeyRow(
                section,
                field.encode_name,
                _expected_of(field.type),
                "" if field.required else _as_toml(_default_of(field)),
                field.required,
                str(meta.description),
            )
    for struct, name in inner:
        yield from key_rows(struct, name)


def sections(kind: type[msgspec.Struct], section: str = "") -> Iterator[tuple[str, type[msgspec.Struct]]]:
    """Every table of settings in a struct, by its path; one for each name ends with `NAME`."""
    for field in msgspec.structs.fields(kind):
        struct, many = _struct_in(_unwrapped(field.type)[0])
        if struct is not None:
            name = joined(section, field.encode_name)
            path = f"{name}.NAME" if many else name
            if any(
                _struct_in(_unwrapped(each.type)[0])[0] is None for each in msgspec.structs.fields(struct)
            ):
                yield path, struct
            yield from sections(struct, path)


def _read_value(kind: Any, value: object, at: str, findings: list[Finding]) -> Any:
    plain, meta = _unwrapped(kind)
    struct, many = _struct_in(plain)
    if struct is not None and not many:
        return read_struct(struct, value, at, findings)
    if struct is not None and isinstance(value, Mapping):
        return {
            str(name): read_struct(struct, each, joined(at, name), findings) for name, each in value.items()
        }
    said: Mapping[str, Any] = {} if meta is None or meta.extra is None else meta.extra
    with contextlib.suppress(msgspec.ValidationError, ConfigError):
        converted = msgspec.convert(value, kind)
        if not said or said["bounds"].hold(converted):
            return converted
    found = "something else" if said and said["secret"] else shown(value)
    findings.append(Finding(at, _expected_of(kind), found))
    return None


def _expected_of(kind: Any) -> str:
    _, meta = _unwrapped(kind)
    return "a table" if meta is None or meta.extra is None else str(meta.extra["expected"])


def _unwrapped(kind: Any) -> tuple[Any, msgspec.Meta | None]:
    """The bare type, and what is said of it."""
    if typing.get_origin(kind) is not Annotated:
        return kind, None
    plain, *said = typing.get_args(kind)
    return plain, next((each for each in said if isinstance(each, msgspec.Meta)), None)


def _struct_in(kind: Any) -> tuple[type[msgspec.Struct] | None, bool]:
    """The struct that a type is a table of, and whether it is one table for each name."""
    options = [each for each in typing.get_args(kind) if each is not NoneType]
    origin = typing.get_origin(kind)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        struct, _ = _struct_in(_unwrapped(options[1])[0])
        return struct, struct is not None
    candidates = options if options and NoneType in typing.get_args(kind) else [kind]
    if len(candidates) == 1 and isinstance(candidates[0], type) and issubclass(candidates[0], msgspec.Struct):
        return candidates[0], False
    return None, False


def _default_of(field: msgspec.structs.FieldInfo) -> object:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def _as_toml(value: object) -> str:
    """A default as it would stand in a file."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or value == {}:
        return "none"
    if hasattr(value, "value"):
        return f'"{value.value}"'
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_as_toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)

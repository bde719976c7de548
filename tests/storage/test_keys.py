"""The key store: sealed, private, whole, and silent about secrets."""

from __future__ import annotations

import errno
import os
import pickle
import stat
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimaran.base.errors import ConfigError
from trimaran.base.secret import KeyKind, Secret
from trimaran.storage.keys import MASTER, STORE, KeyStore, StoredKey
from trimaran.storage.sealing import Envelope, MasterKey

HIDDEN = "s3cr3t-of-the-venue"


def key(name: str = "main", **changes: object) -> StoredKey:
    plain = StoredKey(
        name=name,
        venue="okx",
        environment="live",
        kind=KeyKind.HMAC,
        key="PUBLIC-1",
        secret=Secret(HIDDEN),
        passphrase=Secret("pass of okx"),
    )
    return msgspec.structs.replace(plain, **changes)


def never_asked() -> Secret:
    raise AssertionError("asked for a passphrase")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def store(folder: Path) -> KeyStore:
    made = KeyStore(folder, never_asked)
    made.create(None)
    return made


def test_a_key_comes_back_as_it_was(store: KeyStore, folder: Path) -> None:
    store.add(key())
    store.add(key("other", kind=KeyKind.ED25519, passphrase=None))
    again = KeyStore(folder, never_asked)
    assert again.open("main") == key()
    assert again.open("other").passphrase is None
    assert [entry.name for entry in again.entries()] == ["main", "other"]


def test_nothing_secret_stands_in_the_file(store: KeyStore, folder: Path) -> None:
    store.add(key())
    text = (folder / STORE).read_text()
    assert HIDDEN not in text
    assert "pass of okx" not in text
    assert "PUBLIC-1" in text


def test_files_are_private(store: KeyStore, folder: Path) -> None:
    for path, mode in ((folder, 0o700), (folder / STORE, 0o600), (folder / MASTER, 0o600)):
        assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.parametrize("name", [STORE, MASTER])
def test_a_file_that_others_can_read_is_refused(store: KeyStore, folder: Path, name: str) -> None:
    store.add(key())
    (folder / name).chmod(0o640)
    with pytest.raises(ConfigError, match="0600"):
        KeyStore(folder, never_asked).open("main")


def test_a_link_is_not_followed(store: KeyStore, folder: Path) -> None:
    (folder / MASTER).rename(folder / "elsewhere")
    (folder / MASTER).symlink_to(folder / "elsewhere")
    with pytest.raises(ConfigError, match="master"):
        KeyStore(folder, never_asked).add(key())


def test_a_passphrase_opens_and_a_wrong_one_does_not(folder: Path) -> None:
    KeyStore(folder, never_asked).create(Secret("correct horse"))
    KeyStore(folder, lambda: Secret("correct horse")).add(key())
    assert not (folder / MASTER).exists()
    assert KeyStore(folder, lambda: Secret("correct horse")).open("main") == key()
    for attempt in (lambda s: s.open("main"), lambda s: s.add(key("new"))):
        with pytest.raises(ConfigError, match="passphrase"):
            attempt(KeyStore(folder, lambda: Secret("wrong")))
    assert [entry.name for entry in KeyStore(folder, never_asked).entries()] == ["main"]


@pytest.mark.parametrize("field", ["name", "venue", "environment", "key"])
def test_an_envelope_cannot_be_moved_to_another_label(store: KeyStore, folder: Path, field: str) -> None:
    store.add(key())
    file = msgspec.json.decode((folder / STORE).read_bytes())
    file["entries"][0][field] = "main2"
    (folder / STORE).write_bytes(msgspec.json.encode(file))
    name = "main2" if field == "name" else "main"
    with pytest.raises(ConfigError, match="nobody has changed"):
        KeyStore(folder, never_asked).open(name)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "Main Key"}, "name"),
        ({"name": ""}, "name"),
        ({"name": "../x"}, "name"),
        ({"key": ""}, "key"),
        ({"key": "a\nb"}, "key"),
        ({"secret": Secret("")}, "secret"),
        ({"passphrase": Secret("")}, "passphrase"),
        ({"venue": "\x1b[31m"}, "venue"),
    ],
)
def test_a_bad_field_is_named_and_nothing_is_stored(
    store: KeyStore, changes: dict[str, object], field: str
) -> None:
    with pytest.raises(ConfigError, match=f"^{field}: expected"):
        store.add(key(**changes))
    assert store.entries() == ()


def test_names_are_taken_once_and_removed(store: KeyStore) -> None:
    store.add(key())
    with pytest.raises(ConfigError, match="free"):
        store.add(key())
    store.remove("main")
    for use in (store.remove, store.open):
        with pytest.raises(ConfigError, match="found 'main'"):
            use("main")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "key store"),
        (b"{}", "version"),
        (b'{"version":9}', "key store"),
        (b'{"version":1,"salt":null,"canary":{"wrapped":"","sealed":""},"extra":1}', "extra"),
    ],
)
def test_a_broken_store_is_refused(store: KeyStore, folder: Path, text: bytes, words: str) -> None:
    (folder / STORE).write_bytes(text)
    with pytest.raises(ConfigError, match=words):
        store.entries()


def test_no_store_is_no_keys(folder: Path) -> None:
    assert KeyStore(folder, never_asked).entries() == ()
    with pytest.raises(ConfigError):
        KeyStore(folder, never_asked).open("main")


def test_a_second_store_does_not_replace_the_first(store: KeyStore, folder: Path) -> None:
    before = (folder / MASTER).read_bytes()
    with pytest.raises(ConfigError, match="found one"):
        KeyStore(folder, never_asked).create(None)
    assert (folder / MASTER).read_bytes() == before


def test_a_creation_that_was_cut_off_can_be_begun_again(store: KeyStore, folder: Path) -> None:
    before = (folder / MASTER).read_bytes()
    (folder / STORE).unlink()
    again = KeyStore(folder, never_asked)
    again.create(None)
    again.add(key())
    assert KeyStore(folder, never_asked).open("main") == key()
    assert (folder / MASTER).read_bytes() == before


def test_a_write_that_fails_leaves_the_old_file(
    store: KeyStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space left on the device")

    store.add(key())
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(ConfigError, match="no space"):
            store.add(key("other"))
    assert [entry.name for entry in store.entries()] == ["main"]
    assert sorted(path.name for path in folder.iterdir()) == [STORE, MASTER]


def test_what_a_killed_process_left_behind_is_in_nobodys_way(store: KeyStore, folder: Path) -> None:
    """Process numbers come again: in a container the first one always does."""
    (folder / f".{STORE}.{os.getpid()}").touch()
    store.add(key())
    assert [entry.name for entry in store.entries()] == ["main"]


@pytest.mark.parametrize("shown", [repr, str, "{}".format, lambda each: f"{each}"])
def test_secrets_print_as_stars(shown: object) -> None:
    assert HIDDEN not in shown(Secret(HIDDEN))  # type: ignore[operator]
    assert HIDDEN not in shown(key())  # type: ignore[operator]
    assert "***" in f"{Secret(HIDDEN):>20}"
    assert "\\x01" not in shown(MasterKey(b"\x01" * 32))  # type: ignore[operator]


@pytest.mark.parametrize("value", [Secret(HIDDEN), MasterKey(b"\x01" * 32)])
def test_secrets_are_not_pickled(value: object) -> None:
    with pytest.raises(TypeError):
        pickle.dumps(value)


@settings(max_examples=60)
@given(st.binary(max_size=200), st.binary(max_size=40), st.data())
def test_every_changed_byte_of_an_envelope_is_noticed(text: bytes, label: bytes, data: st.DataObject) -> None:
    master = MasterKey(bytes(range(32)))
    envelope = master.seal(text, label)
    assert master.open(envelope, label) == text
    part = data.draw(st.sampled_from(["wrapped", "sealed"]))
    packed = bytearray(getattr(envelope, part))
    index = data.draw(st.integers(0, len(packed) - 1))
    packed[index] ^= data.draw(st.integers(1, 255))
    broken = msgspec.structs.replace(envelope, **{part: bytes(packed)})
    with pytest.raises(ConfigError):
        master.open(broken, label)
    with pytest.raises(ConfigError):
        master.open(Envelope(envelope.wrapped[:5], envelope.sealed), label)

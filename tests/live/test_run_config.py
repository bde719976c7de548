"""The settings of a run: everything that is wrong is told at once, and nothing is half applied."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from trimaran.base.errors import ConfigError
from trimaran.domain.records import Durability
from trimaran.live.run_config import (
    FILE_BYTES_MAX,
    RunConfig,
    hosts_of,
    parse_run_config,
    read_run_config,
)
from trimaran.live.run_reference import example_file, explained, reference_page, rows
from trimaran.live.settings import WrongSettings, sections

GOOD = """
[desk]
symbols = ["BTC-USDT"]
state = "state"
[markets."binance.spot"]
hosts = "live"
key = "main"
[risk]
limits = "limits.toml"
"""


def changed(old: str, new: str) -> bytes:
    assert old in GOOD
    return GOOD.replace(old, new).encode()


def instead(table: str) -> bytes:
    return changed("[risk]", f"{table}\n[risk]")


def findings(text: bytes) -> list[str]:
    with pytest.raises(WrongSettings) as caught:
        parse_run_config(text)
    return [str(finding) for finding in caught.value.findings]


def test_a_small_file_has_everything_else_by_default() -> None:
    config = parse_run_config(GOOD.encode())
    assert config.strategies.cross_market is None
    assert config.desk.cancel_on_stop
    assert config.markets["binance.spot"].key == "main"


def test_decimals_are_exact_as_numbers_and_as_text() -> None:
    for spelled in ("0.1", '"0.1"'):
        text = GOOD + f'[strategies.cross_market]\ndurability = "durable"\nnet_min = {spelled}\n'
        settings = parse_run_config(text.encode()).strategies.cross_market
        assert settings is not None
        assert settings.durability is Durability.DURABLE
        assert settings.config().net_min == Decimal("0.1")
        assert settings.config().quote_age_ns_max == 1_000_000_000


OKX_DEAD_MAN = instead("[dead_man]\nafter_s = 1").replace(b"binance.spot", b"okx.spot")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"\xff", "file: expected TOML"),
        (b"[desk", "file: expected TOML"),
        (b"", "desk: expected a table, found nothing"),
        (b"#" * (FILE_BYTES_MAX + 1), "file: expected at most"),
        (changed('"BTC-USDT"', ""), "desk.symbols: expected a list of pairs, as BTC-USDT, found []"),
        (changed('["BTC-USDT"]', '"BTC-USDT"'), "desk.symbols: expected a list of pairs"),
        (changed('"BTC-USDT"', '"BTC-USDT", "WBTC"'), "desk.symbols[1]: expected a pair"),
        (changed('"state"', "7"), "desk.state: expected a folder, found 7"),
        (changed("[desk]", "[desk]\nregion = 16"), "desk.region: expected 0..15, found 16"),
        (changed("[desk]", "[desk]\nregion = true"), "desk.region: expected 0..15, found True"),
        (changed("[desk]", "[desk]\nregion = 1.0"), "desk.region: expected 0..15, found 1.0"),
        (changed("[desk]", "[desk]\nseeed = 1"), "desk.seeed: expected one of symbols, state"),
        (changed("[desk]", "[desk]\nthreshold_bps = nan"), "desk.threshold_bps: expected -1000..1000, found"),
        (changed("[desk]", "[desk]\norder_notional_max = inf"), "desk.order_notional_max: expected above 0"),
        (changed("[desk]", "[desk]\norder_notional_max = 0"), "desk.order_notional_max: expected above 0"),
        (changed('"binance.spot"', '"kraken.spot"'), 'markets."kraken.spot": expected one of binance.spot'),
        (changed('"live"', '"mars"'), 'markets."binance.spot".hosts: expected base URLs or live'),
        (changed('"live"', '{rest = "http://x"}'), 'markets."binance.spot".hosts: expected base URLs'),
        (changed('"live"', "3"), 'markets."binance.spot".hosts: expected live, testnet, simulator'),
        (changed('key = "main"', ""), 'markets."binance.spot".key: expected the name of a key, found none'),
        (changed('"live"', '"simulator"'), "simulator.file: expected a file"),
        (changed('[risk]\nlimits = "limits.toml"', ""), "risk: expected a table, found nothing"),
        (instead('[proxies]\nokx = "http://a:1"'), "proxies.okx: expected venues of the"),
        (instead("[proxies]\nbinance = 1"), "proxies: expected http://"),
        (instead("[strategies.cross_market]\nnet_min = -1"), "net_min: expected at least 0"),
        (instead('[strategies.cross_market]\ndurability = "no"'), "durability: expected fast"),
        (instead("[strategies.scalper]"), "strategies.scalper: expected one of cross_market"),
        (instead("[journal]\nsegment_mib = 0"), "journal.segment_mib: expected 1..1024, found 0"),
        (OKX_DEAD_MAN, "dead_man.after_s: expected 0, or 10 to 120 for okx.spot, found 1"),
        (instead("[status]\nevery_ms = 1"), "status.every_ms: expected 50..60000, found 1"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_the_key(text: bytes, told: str) -> None:
    found = findings(text)
    assert any(told in each for each in found), found


def test_everything_that_is_wrong_is_told_at_once() -> None:
    found = findings(
        b'x = 1\n[desk]\nsymbols = 3\nregion = -1\n[markets.a]\nhosts = 1\n[risk]\nlimits = ""\n'
    )
    keys = [each.partition(":")[0] for each in found]
    assert keys == ["x", "desk.symbols", "desk.state", "desk.region", "markets.a.hosts", "risk.limits"]


def test_a_password_in_a_proxy_is_shown_nowhere() -> None:
    proxies = '[proxies]\nbinance = "ftp://user:hunter2@host:1"\nokx = "http://u:hunter2@h:1"\n[risk]'
    assert not any("hunter2" in each for each in findings(changed("[risk]", proxies)))
    wrong = instead('[proxies]\nbinance = ["http://u:hunter2@h:1"]')
    assert not any("hunter2" in each for each in findings(wrong))
    good = parse_run_config(instead('[proxies]\nbinance = "http://u:hunter2@h:1"'))
    assert "hunter2" not in repr(good)


def test_text_from_the_file_moves_no_cursor() -> None:
    (found,) = findings(changed("[desk]", '[desk]\n"\\u001b[2J" = 1'))
    assert found.isprintable()


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: file: expected a file that can be read"):
        read_run_config(tmp_path / "none.toml")


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text(GOOD)
    settings = read_run_config(tmp_path / "run.toml")
    assert settings.state == tmp_path / "state"
    assert settings.path("/elsewhere") == Path("/elsewhere")


def test_addresses_of_a_simulator_come_from_its_line(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text(example_file())
    settings = read_run_config(tmp_path / "run.toml")
    with pytest.raises(ConfigError, match=r"simulator\.file: expected a file that can be read"):
        hosts_of(settings)
    (tmp_path / "simulator.json").write_text("[]")
    with pytest.raises(ConfigError, match="expected the line of a simulator"):
        hosts_of(settings)
    (tmp_path / "simulator.json").write_text('{"venues": {"binance": {"spot": {"rest": "http://x"}}}}')
    with pytest.raises(ConfigError, match=r"markets\.binance\.usdm\.hosts"):
        hosts_of(settings)


def test_the_example_is_a_good_file_and_names_every_key() -> None:
    text = example_file()
    config = parse_run_config(text.encode())
    assert config.strategies.cross_market is not None
    for row in rows():
        assert row.name in text
    defaults = "".join(
        line.removeprefix("#")
        if line.startswith("#") and " = " in line and not line.startswith("# ")
        else line
        for line in text.splitlines(keepends=True)
    )
    whole = parse_run_config(defaults.replace("#[proxies]", "[proxies]").encode())
    assert whole.proxies == {"binance": "socks5://127.0.0.1:1080"}
    assert (whole.journal, whole.dead_man) == (config.journal, config.dead_man)


def test_every_key_is_explained() -> None:
    page = reference_page()
    for row in rows():
        assert row.meaning
        assert row.meaning in page
        assert row.meaning.split()[0] in explained(f"{row.section}.{row.name}" if row.section else row.name)
    assert "fast or durable" in explained("strategies.cross_market.durability")
    assert explained("").count("\n") > len(rows())
    assert {name for name, _ in sections(RunConfig)} == {row.section for row in rows() if row.section}
    with pytest.raises(ConfigError, match=r"key: expected one of .*journal"):
        explained("nope")

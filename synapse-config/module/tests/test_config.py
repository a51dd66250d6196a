"""The module's settings: what is wrong stops Synapse with one line, but for the country of phones."""

from __future__ import annotations

import logging

import pytest
from qiao_synapse.config import parse_config
from synapse.config import ConfigError


@pytest.mark.parametrize(
    ("written", "country"), [("CN", "CN"), ("UK", "GB"), ("gb", "GB"), (None, None)]
)
def test_the_country_of_phones(
    written: str | None, country: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        config = parse_config({"token_path": "t", "default_country": written})
    assert config.default_country == country
    assert caplog.text == ""


@pytest.mark.parametrize("written", ["XX", "China", "", 86, ["CN"]])
def test_no_country_stops_no_homeserver(
    written: object, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        config = parse_config({"token_path": "t", "default_country": written})
    assert config.default_country is None
    assert "no country of ISO 3166-1" in caplog.text


def test_other_mistakes_do() -> None:
    for wrong in ({}, {"token_path": "t", "unknown": 1}, {"token_path": "t", "max_in_flight": 0}):
        with pytest.raises(ConfigError):
            parse_config(wrong)

"""Values in words, in English and Chinese."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.ivr.flow import SpokenKind as K
from acd.ivr.spoken import CURRENCIES, LARGEST, Unspeakable, say, speaks, vocabulary
from acd.ivr.values import Value

NOW = datetime(2026, 11, 25, 12, tzinfo=timezone(timedelta(hours=1)))


def said(kind: K, value: Value, language: str, currency: str = "") -> str:
    return ("" if language == "zh" else " ").join(
        part.text for part in say(kind, value, language, currency, now=NOW)
    )


@pytest.mark.parametrize(
    ("kind", "value", "english", "chinese"),
    [
        (K.NUMBER, 0, "zero", "零"),
        (K.NUMBER, 2, "two", "二"),
        (K.NUMBER, 12, "twelve", "十二"),
        (K.NUMBER, 110, "one hundred ten", "一百一十"),
        (K.NUMBER, 200, "two hundred", "两百"),
        (K.NUMBER, 1001, "one thousand one", "一千零一"),
        (K.NUMBER, 1010, "one thousand ten", "一千零一十"),
        (K.NUMBER, 2222, "two thousand two hundred twenty-two", "两千二百二十二"),
        (K.NUMBER, 10_012, "ten thousand twelve", "一万零一十二"),
        (K.NUMBER, 20_000, "twenty thousand", "两万"),
        (K.NUMBER, 203_000, "two hundred three thousand", "二十万三千"),
        (K.NUMBER, 1_120_000, "one million one hundred twenty thousand", "一百一十二万"),
        (K.NUMBER, 100_000_005, "one hundred million five", "一亿零五"),
        (K.NUMBER, 105_000_000, "one hundred five million", "一亿零五百万"),
        (K.NUMBER, 300_020_000, "three hundred million twenty thousand", "三亿零二万"),
        (K.NUMBER, -7.25, "minus seven point two five", "负七点二五"),
        (K.NUMBER, "007", "seven", "七"),
        (K.DIGITS, "10 2*#", "one zero two star pound", "一零二星号井号"),
        (K.ORDINAL, 1, "first", "第一"),
        (K.ORDINAL, 40, "fortieth", "第四十"),
        (K.ORDINAL, 1112, "one thousand one hundred twelfth", "第一千一百一十二"),
        (K.ORDINAL, 300, "three hundredth", "第三百"),
        (K.DATE, "2026-12-25", "Friday December twenty-fifth", "十二月二十五日星期五"),
        (K.DATE, "1999-01-02", "Saturday January second nineteen ninety-nine", "一九九九年一月二日星期六"),
        (K.DATE, "2005-03-01", "Tuesday March first two thousand five", "二零零五年三月一日星期二"),
        (K.DATE, "2026-12-24T23:30:00+00:00", "Friday December twenty-fifth", "十二月二十五日星期五"),
        (K.TIME, "10:30", "ten thirty A M", "上午十点三十分"),
        (K.TIME, "00:00", "midnight", "凌晨零点"),
        (K.TIME, "12:00:59", "noon", "中午十二点"),
        (K.TIME, "14:05", "two oh five P M", "下午两点零五分"),
        (K.TIME, "2026-12-25T20:00:00+00:00", "nine P M", "晚上九点"),
        (K.DURATION, 125, "two minutes and five seconds", "两分钟五秒"),
        (K.DURATION, 0, "zero seconds", "零秒"),
        (K.DURATION, 93_600.4, "one day and two hours", "一天两小时"),
    ],
)
def test_values_are_said_as_people_say_them(kind: K, value: Value, english: str, chinese: str) -> None:
    assert said(kind, value, "en") == english
    assert said(kind, value, "zh") == chinese


@pytest.mark.parametrize(
    ("value", "currency", "english", "chinese"),
    [
        ("234.56", "EUR", "two hundred thirty-four euros and fifty-six cents", "两百三十四点五六欧元"),
        (1, "USD", "one dollar", "一美元"),
        (2, "CNY", "two yuan", "两元"),
        ("12.05", "CNY", "twelve yuan and five fen", "十二元零五分"),
        ("0.56", "CNY", "fifty-six fen", "五角六分"),
        (-0.5, "GBP", "minus fifty pence", "负零点五英镑"),
        (0, "EUR", "zero euros", "零欧元"),
        (0.005, "EUR", "one cent", "零点零一欧元"),
    ],
)  # fmt: skip
def test_money(value: Value, currency: str, english: str, chinese: str) -> None:
    assert said(K.MONEY, value, "en", currency) == english
    assert said(K.MONEY, value, "zh", currency) == chinese


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (K.NUMBER, None),
        (K.NUMBER, True),
        (K.NUMBER, "many"),
        (K.NUMBER, LARGEST + 1),
        (K.NUMBER, "1e400"),
        (K.DIGITS, "12a"),
        (K.DIGITS, "१"),
        (K.ORDINAL, 0),
        (K.DURATION, -1),
        (K.DATE, "tomorrow"),
        (K.DATE, 20261225),
        (K.TIME, "25:00"),
        (K.MONEY, 1),  # no currency
    ],
)
def test_what_cannot_be_said_is_refused_without_showing_it(kind: K, value: Value) -> None:
    with pytest.raises(Unspeakable) as caught:
        said(kind, value, "en")
    assert "12a" not in str(caught.value)


def test_regions_share_the_words_and_other_languages_have_none() -> None:
    assert say(K.NUMBER, 1, "en_GB", now=NOW)[0].language == "en_GB"
    assert not speaks("de")
    assert vocabulary("de") == ()
    with pytest.raises(Unspeakable, match="the language 'de'"):
        say(K.NUMBER, 1, "de", now=NOW)


def test_a_vocabulary_is_small_enough_to_be_rendered() -> None:
    for language in ("en", "zh"):
        assert 200 < len(vocabulary(language)) < 400
        assert len(vocabulary(language, [K.DIGITS])) == 13


VALUES: dict[K, st.SearchStrategy[Value]] = {
    K.NUMBER: st.integers(-LARGEST, LARGEST) | st.floats(-1e9, 1e9),
    K.DIGITS: st.text(alphabet="0123456789*#+ -", max_size=30),
    K.ORDINAL: st.integers(1, LARGEST),
    K.DATE: st.dates(min_value=date(1000, 1, 1)).map(date.isoformat),
    K.TIME: st.times().map(time.isoformat).map(lambda text: text[:5]),
    K.MONEY: st.integers(-LARGEST, LARGEST) | st.floats(-1e9, 1e9),
    K.DURATION: st.integers(0, LARGEST),
}


@given(
    st.data(), st.sampled_from(list(K)), st.sampled_from(["en", "zh"]), st.sampled_from(sorted(CURRENCIES))
)
def test_everything_that_is_said_was_rendered(
    data: st.DataObject, kind: K, language: str, currency: str
) -> None:
    value = data.draw(VALUES[kind])
    known = set(vocabulary(language, [kind]))
    assert set(say(kind, value, language, currency, now=NOW)) <= known


def test_now_may_be_any_zone() -> None:
    assert (
        say(K.TIME, "2026-12-25T20:00:00+00:00", "en", now=datetime(2026, 1, 1, tzinfo=UTC))[0].text
        == "eight"
    )

"""The directory in a database: cards found, changed, merged and deleted."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from acd.customers import schema
from acd.customers.bulk import add_cards
from acd.customers.card import Details, Source
from acd.customers.search import FIRST_CHUNK, UnknownPlace
from acd.customers.store import CustomerStore, writing
from acd.errors import RequestRefused
from acd.records.store import RecordStore
from acd.settings.customer_settings import CustomerSettings


@pytest.fixture
def directory(store: RecordStore) -> CustomerStore:
    return CustomerStore(store.engine, CustomerSettings(country="DE"))


def names(directory: CustomerStore, query: str) -> list[str]:
    return [card.details.name for card in directory.search(query).cards]


def test_search_finds_ranks_and_pages(directory: CustomerStore) -> None:
    for number in range(45):
        directory.add(Details(name=f"Anna{number:02} Anders", numbers=(f"+4930123456{number:02}",)))
    directory.add(Details(name="Zoe", company="Anna GmbH"))
    assert names(directory, "anna")[0] == "Zoe", "the whole word comes first"
    seen: list[str] = []
    after = None
    while True:
        page = directory.search("an", 20, after)
        seen += [card.id for card in page.cards]
        after = page.after
        if after is None:
            break
    assert len(seen) == len(set(seen)) == 46, "each once, though two words of most begin so"
    assert len(directory.search("123456", 100).cards) == 45
    assert names(directory, "anders 45607") == ["Anna07 Anders"]
    assert len(directory.search("", 20).cards) == 20
    for faulty in ("x", "W10", "💥", "WzUsMCxudWxsXQ"):
        with pytest.raises(UnknownPlace):
            directory.search("an", 20, faulty)


def test_very_frequent_words_that_are_hardly_ever_together(
    store: RecordStore, directory: CustomerStore
) -> None:
    some = [Details(name=name) for n in range(FIRST_CHUNK + 5) for name in (f"王{n}", f"Müller {n}")]
    with writing(store.engine) as connection:
        add_cards(connection, [(f"K{n}", details, Source.HAND) for n, details in enumerate(some)])
    page = directory.search("王 müller")
    assert (page.cards, page.partial) == ((), False)
    both = [directory.add(Details(name="Zoe Müller", company=f"王明{n}")).id for n in range(3)]
    first = directory.search("王 müller", 2)
    rest = directory.search("王 müller", 2, first.after)
    assert [card.id for card in (*first.cards, *rest.cards)] == both
    assert rest.after is None


def test_a_number_leads_to_everybody_who_has_it(directory: CustomerStore) -> None:
    one = directory.add(Details(name="A", numbers=("030 12345678",)))
    two = directory.add(Details(name="B", numbers=("+493012345678", "+8613800138000")))
    assert {card.id for card in directory.with_number("0049 30 12345678")} == {one.id, two.id}
    assert [card.id for card in directory.with_number("13800138000")] == [two.id], (
        "the plus was lost on the way"
    )
    assert directory.with_number("+118613800138000") == []
    assert directory.with_number("anonymous") == []


def test_who_was_slower_is_told_and_nothing_changes(directory: CustomerStore) -> None:
    card = directory.add(Details(name="A"))
    directory.change(card.id, card.version, {"company": "X"})
    with pytest.raises(RequestRefused, match="somebody else has changed") as caught:
        directory.change(card.id, card.version, {"company": "Y"})
    assert caught.value.code == "changed-meanwhile"
    assert directory.card(card.id).details.company == "X"
    assert names(directory, "x") == ["A"]
    assert names(directory, "y") == []


def test_a_merged_card_leads_on_with_all_that_it_had(store: RecordStore, directory: CustomerStore) -> None:
    kept = directory.add(Details(name="Anna", numbers=("+493012345678",)))
    other = directory.add(Details(name="Anna M.", company="Acme", numbers=("+8613800138000",), tags=("vip",)))
    third = directory.add(Details(name="Anni", emails=("anni@example.com",)))
    directory.add_note(third.id, "ben", "likes tea", "c7")
    directory.merge(other.id, third.id, "ben")
    both = directory.merge(kept.id, other.id, "ben")
    assert directory.card(third.id) == directory.card(other.id) == both
    assert (both.details.name, both.details.company, both.details.tags) == ("Anna", "Acme", ("vip",))
    assert both.details.emails == ("anni@example.com",)
    assert {note.text for note in both.notes} >= {"likes tea", f"merged with {other.id} Anna M."}
    assert names(directory, "acme") == ["Anna"]
    identity = directory.identity(third.id)
    assert set(identity.ids) == {kept.id, other.id, third.id}
    assert identity.numbers == ("+493012345678", "+8613800138000")
    with pytest.raises(RequestRefused, match="the same customer"):
        directory.merge(kept.id, third.id, "ben")
    directory.delete(other.id)
    with store.engine.connect() as connection:
        for table in schema.metadata.sorted_tables:
            assert connection.scalar(select(func.count()).select_from(table)) == 0, table.name


def test_ids_are_taken_once_and_unknown_ones_told(directory: CustomerStore) -> None:
    directory.add(Details(name="A"), card_id="K-1")
    with pytest.raises(RequestRefused, match="there is a customer K-1"):
        directory.add(Details(name="B"), card_id="K-1")
    assert names(directory, "k-1") == ["A"]
    for ask in (directory.card, directory.delete, directory.identity):
        with pytest.raises(RequestRefused, match="no customer 'K-9'"):
            ask("K-9")

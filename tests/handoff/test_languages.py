"""Choices, times and ratings that somebody types in German, Spanish or French count as if they had been tapped."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import ClockKind, Owner
from handoff.choosing import typed_choice, wants_call
from handoff.languages import bare, rating_of, time_in_english
from handoff.policy import Choice
from handoff.slots import meant, some
from tests.handoff.test_slots import FREE, NOW, OFFERED
from tests.handoff.worlds import POLICY, SAM, World, berlin, desk

TITLES = {one: getattr(POLICY.choices, one.name.lower()) for one in Choice}


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("Ich warte", Choice.WAIT),
        ("ok, dann warte ich", None),
        ("ja ich warte gerne noch", Choice.WAIT),
        ("weiter warten", Choice.WAIT),
        ("Rufen Sie mich bitte zurück!", Choice.CALLBACK),
        ("ruf mich an", Choice.CALLBACK),
        ("Bitte um Rückruf", Choice.CALLBACK),
        ("rueckruf bitte", Choice.CALLBACK),
        ("Termin vereinbaren", Choice.BOOK),
        ("Ich möchte gern einen Termin buchen", Choice.BOOK),
        ("einen anderen Termin", Choice.BOOK),
        ("weiter mit dem Bot", Choice.BOT),
        ("ich mache mit dir weiter", Choice.BOT),
        ("der Bot reicht", Choice.BOT),
        ("vergiss es", Choice.CANCEL),
        ("Termin absagen", Choice.CANCEL),
        ("Ich brauche niemanden mehr", Choice.CANCEL),
        ("Espero", Choice.WAIT),
        ("vale, voy a esperar", Choice.WAIT),
        ("Llámame más tarde", Choice.CALLBACK),
        ("¿Me pueden llamar?", Choice.CALLBACK),
        ("Quiero reservar una cita", Choice.BOOK),
        ("otra hora por favor", Choice.BOOK),
        ("Sigo contigo", Choice.BOT),
        ("prefiero seguir con el bot", Choice.BOT),
        ("Olvídalo", Choice.CANCEL),
        ("cancelar mi cita", Choice.CANCEL),
        ("J'attends", Choice.WAIT),
        ("Rappelez-moi s'il vous plaît", Choice.CALLBACK),
        ("je voudrais prendre rendez-vous", Choice.BOOK),
        ("continuer avec toi", Choice.BOT),
        ("laissez tomber", Choice.CANCEL),
        ("annuler mon rendez-vous", Choice.CANCEL),
        ("Wie lange warte ich noch?", None),
        ("was kostet ein Termin", None),
        ("espero que sea barato", None),
        ("la cita fue un desastre", None),
        ("combien coûte un rendez-vous", None),
        ("mir egal was das kostet", None),
    ],
)
def test_the_choices_are_understood_in_other_languages(text: str, choice: Choice | None) -> None:
    assert typed_choice(text, TITLES) is choice


@pytest.mark.parametrize(
    ("text", "booked"),
    [
        ("morgen um 15 Uhr", "2026-11-27T15:00"),
        ("Freitag 15:30", "2026-11-27T15:30"),
        ("morgen um halb vier", None),
        ("morgen um halb 4", "2026-11-27T15:30"),
        ("Montag um 9", "2026-11-30T09:00"),
        ("am 30. November um 16 Uhr", "2026-11-30T16:00"),
        ("der zweite", "2026-11-26T11:00"),
        ("das letzte bitte", None),
        ("mañana a las 3 de la tarde", "2026-11-27T15:00"),
        ("el lunes a las 9 de la mañana", "2026-11-30T09:00"),
        ("el 30 de noviembre a las 16:00", "2026-11-30T16:00"),
        ("la segunda", "2026-11-26T11:00"),
        ("demain à 15h30", "2026-11-27T15:30"),
        ("lundi à 9h du matin", "2026-11-30T09:00"),
        ("le 30 novembre à 16 heures", "2026-11-30T16:00"),
        ("la première", "2026-11-26T10:30"),
    ],
)
def test_a_time_is_understood_in_other_languages(text: str, booked: str | None) -> None:
    found = meant(text, OFFERED, FREE, now=NOW, zone="Europe/Berlin")
    if booked is None:
        assert not found.clear
        return
    assert (found.clear, found.times[:1]) == (True, (berlin(booked),))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("morgen", 15), ("morgen Nachmittag", 8), ("Montag nach 15 Uhr", 4), ("am Vormittag", 24), ("am Sonntag", 0),
        ("mañana", 15), ("mañana por la tarde", 8), ("el lunes después de las 15", 4), ("por la mañana", 24), ("domingo", 0),
        ("demain", 15), ("demain après-midi", 8), ("lundi après 15h", 4), ("le matin", 24), ("dimanche", 0),
        ("jederzeit", len(FREE)), ("cuando sea", len(FREE)), ("n'importe quand", len(FREE)),
    ],
)  # fmt: skip
def test_a_vague_time_leaves_the_same_choice_in_every_language(text: str, count: int) -> None:
    found = meant(text, OFFERED, FREE, now=NOW, zone="Europe/Berlin")
    assert found.understood
    assert len(found.times) == count, time_in_english(text)


@pytest.mark.parametrize("text", ["wie viel kostet das?", "¿cuánto cuesta?", "combien ça coûte ?", "hm", "meine Katze ist krank"])
def test_a_question_is_no_time_in_any_language(text: str) -> None:
    assert not meant(text, OFFERED, FREE, now=NOW, zone="Europe/Berlin").understood


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("fünf", 5), ("4 von 5", 4), ("drei Sterne", 3), ("Sehr gut!", 5), ("gut", 4), ("geht so", 3), ("schlecht", 1),
        ("cinco", 5), ("4 de 5", 4), ("tres estrellas", 3), ("¡Muy bien!", 5), ("más o menos", 3), ("fatal", 1),
        ("cinq", 5), ("4 sur 5", 4), ("trois étoiles", 3), ("très bien", 5), ("ça va", 3), ("C'était nul", 1),
        ("gut, und was kostet es?", None), ("un problema", None), ("", None), ("6 Sterne", None),
    ],
)  # fmt: skip
def test_a_rating_is_understood_in_other_languages(text: str, number: int | None) -> None:
    assert rating_of(text) == number


@pytest.mark.parametrize("text", ["ruf mich an: 0170 1234567", "llámame al 600 123 456", "rappelez-moi au 06 12 34 56 78"])
def test_a_number_with_a_wish_to_be_called_is_a_call_back_in_every_language(text: str) -> None:
    assert wants_call(text)
    world = World(desk())
    world.open()
    assert world.prospect_writes(text)
    assert (world.episode.choice, world.said()[-1]) == ("callback", "callback_done")


def test_typed_in_german_is_as_if_tapped() -> None:
    def after(*writes: tuple[str, str | None]) -> tuple[object, ...]:
        world = World(desk(SAM), now=berlin("2026-11-26T10:00"))
        world.open()
        for text, payload in writes:
            world.prospect_writes(text, payload)
        episode = world.episode
        clock = world.state.clock(ClockKind.FIRST_WORDS, episode.episode_id)
        return (world.said(), episode.choice, episode.outcome, world.state.owner, episode.callback_at, clock and clock.due_at)

    assert after(("Termin buchen", None)) == after(("x", Choice.BOOK.value))
    assert after(("Termin buchen", None), ("der zweite", None)) == after(("x", Choice.BOOK.value), ("the second one", None))
    assert after(("olvídalo", None)) == after(("x", Choice.CANCEL.value))
    assert after(("seguir contigo", None))[2:4] == ("prospect_chose_bot", Owner.BOT)


@given(st.text(max_size=60))
def test_whatever_is_typed_is_read_without_a_mistake(text: str) -> None:
    time_in_english(text)
    assert rating_of(text) in (None, 1, 2, 3, 4, 5)
    typed_choice(text, TITLES)
    assert set(meant(text, some(iter(FREE), "UTC"), FREE, now=NOW, zone="UTC").times) <= set(FREE)


def test_letters_without_accents() -> None:
    assert bare("Mañana, ¡GRÜSSE! Straße") == "manana, ¡grusse! strasse"

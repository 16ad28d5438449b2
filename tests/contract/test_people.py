"""What every store must do for accounts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.store.contract import Agent, AlreadyExists, Consoles, NotFound, Store
from tests.contract.acts import T0, at


class TestPeople:
    """Agents, sessions, consoles and small values."""

    async def test_agents_are_added_found_and_changed(self, store: Store) -> None:
        mia = Agent(agent_id="mia", email="Mia@X.test", name="Mia", role="agent", password_hash="h", created_at=T0)
        sam = Agent(
            agent_id="sam",
            email="sam@x.test",
            name="Ada",
            role="admin",
            password_hash="h",
            skills=("pricing",),
            languages=("de", "en"),
            teams=("sales",),
            capacity=2.5,
        )
        await store.add_agent(mia)
        await store.add_agent(sam)
        assert await store.agents() == [sam, mia]
        assert await store.agent("mia") == mia
        assert await store.agent_by_email(" mia@x.TEST") == mia
        assert await store.agent_by_email("nobody@x.test") is None
        with pytest.raises(AlreadyExists):
            await store.add_agent(replace(mia, agent_id="other", email="MIA@x.test"))
        with pytest.raises(AlreadyExists):
            await store.add_agent(replace(mia, email="new@x.test"))
        with pytest.raises(AlreadyExists):
            await store.update_agent(replace(sam, email="mia@x.test"))
        with pytest.raises(NotFound):
            await store.update_agent(replace(sam, agent_id="nobody", email="n@x.test"))
        with pytest.raises(NotFound):
            await store.agent("nobody")
        gone = replace(mia, name="Mia M.", disabled_at=at(9), picture_url="https://x.test/m.png")
        await store.update_agent(gone)
        assert await store.agent("mia") == gone

    async def test_sessions_end(self, store: Store) -> None:
        mia = Agent(agent_id="mia", email="mia@x.test", name="Mia", role="agent", password_hash="h")
        await store.add_agent(mia)
        await store.open_session(token_sha256="t1", agent_id="mia", expires_at=at(100))
        await store.open_session(token_sha256="t2", agent_id="mia", expires_at=at(100))
        assert await store.session_agent(token_sha256="t1", now=at(99)) == mia
        assert await store.session_agent(token_sha256="t1", now=at(100)) is None
        assert await store.session_agent(token_sha256="nonsense", now=T0) is None
        await store.close_session(token_sha256="t1")
        assert await store.session_agent(token_sha256="t1", now=T0) is None
        await store.update_agent(replace(mia, disabled_at=T0))
        assert await store.session_agent(token_sha256="t2", now=T0) is None
        with pytest.raises(NotFound):
            await store.open_session(token_sha256="t3", agent_id="nobody", expires_at=at(1))

    async def test_settings(self, store: Store) -> None:
        assert await store.setting("secret") is None
        assert await store.put_setting("secret", "one", if_absent=True) == "one"
        assert await store.put_setting("secret", "two", if_absent=True) == "one"
        assert await store.put_setting("secret", "three") == "three"
        assert await store.setting("secret") == "three"

    async def test_ping_and_migrate_again(self, store: Store) -> None:
        await store.migrate()
        await store.ping()

    async def test_failed_sign_ins_are_counted_forgiven_and_forgotten(self, store: Store) -> None:
        await store.add_tries(("ann office", "office"), at=at(1))
        await store.add_tries(("ben office", "office"), at=at(2))
        assert await store.tries("office", since=T0, limit=9) == [at(2), at(1)]
        assert await store.tries("office", since=T0, limit=1) == [at(2)]
        assert await store.tries("office", since=at(1), limit=9) == [at(2)]
        await store.forgive_tries("ann office")
        assert await store.tries("ann office", since=T0, limit=9) == []
        assert await store.tries("office", since=T0, limit=9) == [at(2), at(1)]
        assert await store.forget_expired(now=T0, tries_before=at(2)) == 1
        assert await store.tries("office", since=T0, limit=9) == [at(2)]

    async def test_expired_sessions_are_deleted(self, store: Store) -> None:
        mia = Agent(agent_id="mia", email="mia@x.test", name="Mia", role="agent", password_hash="h")
        await store.add_agent(mia)
        await store.open_session(token_sha256="t1", agent_id="mia", expires_at=at(10))
        await store.open_session(token_sha256="t2", agent_id="mia", expires_at=at(20))
        assert await store.forget_expired(now=at(10), tries_before=T0) == 1
        assert await store.session_agent(token_sha256="t1", now=T0) is None
        assert await store.session_agent(token_sha256="t2", now=T0) == mia

    async def test_consoles_are_what_each_service_said_last(self, store: Store) -> None:
        here = Consoles(agent_id="mia", service="one", sockets=2, seen_at=at(1))
        there = Consoles(agent_id="mia", service="two", sockets=0, seen_at=at(9), lost_at=at(5))
        sams = Consoles(agent_id="sam", service="one", sockets=1, seen_at=at(1))
        await store.put_consoles([here, sams, there])
        await store.put_consoles([])
        assert await store.consoles() == [here, there, sams]
        later = replace(here, sockets=1, seen_at=at(7))
        await store.put_consoles([later])
        assert await store.consoles() == [later, there, sams]
        assert (later.last_open_at, there.last_open_at) == (at(7), at(5))
        await store.drop_consoles("mia", open_until=at(4))
        assert await store.consoles() == [later, there, sams]
        await store.drop_consoles("mia", open_until=at(5))
        assert await store.consoles() == [later, sams]
        await store.drop_consoles("mia", open_until=at(7))
        assert await store.consoles() == [sams]

    async def test_the_switch_is_kept(self, store: Store) -> None:
        assert await store.away() == frozenset()
        await store.switch_away("mia", away=True)
        await store.switch_away("sam", away=True)
        await store.switch_away("sam", away=False)
        assert await store.away() == {"mia"}

"""What a store must keep of the promises."""

from __future__ import annotations

from bot.store.contract import Store
from tests.contract.acts import at


async def keep(store: Store, version: str, when: float, *changes: str, by: str = "file") -> bool:
    """A version that holds from then on."""
    return await store.keep_promises(version=version, text=f"text of {version}", by=by, at=at(when), changes=changes)


class TestPromises:
    """See the module."""

    async def test_versions_are_kept_with_who_when_and_what(self, store: Store) -> None:
        assert await store.promised() == []
        assert await keep(store, "v1", 0)
        assert await keep(store, "v2", 10, "targets.first_words_s: 60 → 90", by="mia")
        assert not await keep(store, "v2", 11), "another service took up the same file"
        assert await keep(store, "v1", 20)
        last, middle, first = await store.promised()
        assert (middle.version, middle.by, middle.at, middle.changes) == ("v2", "mia", at(10), ("targets.first_words_s: 60 → 90",))
        assert first.number < middle.number < last.number
        assert (first.version, last.version, last.changes) == ("v1", "v1", ())
        assert [one.version for one in await store.promised(limit=2)] == ["v1", "v2"]
        assert await store.promised_text(middle.number) == "text of v2"
        assert await store.promised_text(last.number + 1) is None

    async def test_what_held_then_is_the_version_before_and_all_after(self, store: Store) -> None:
        for n, version in enumerate(("v1", "v2", "v3")):
            await keep(store, version, n * 10)

        async def held(since: float) -> list[str]:
            return [one.version for one in await store.promised(since=at(since))]

        assert await held(-5) == ["v3", "v2", "v1"]
        assert await held(5) == ["v3", "v2", "v1"]
        assert await held(10) == ["v3", "v2"]
        assert await held(99) == ["v3"]

"""What goes wrong in a simulation: kills, clocks that are set or sleep, and spells in which the brain or the database is bad."""

from __future__ import annotations

from bot.service import Service
from bot.sim.clock import SimTime
from bot.sim.history import Figures
from bot.sim.lives import Lives
from bot.sim.loop import Gone, Life, VirtualLoop
from bot.sim.outside import Outside
from bot.sim.plan import Jump, Kill, Spell, Trouble
from bot.sim.watch import at_once
from bot.store.contract import StoreUnavailable
from bot.store.fake import FakeStore

CALM_AFTER_S = 150.0
"""So long after a trouble nothing is called late."""

LONGEST_STOP_S = 60.0


class Troubles:
    """See the module. `end_s` is when people stop writing: the service is up again by then."""

    def __init__(
        self, world: Outside, loop: VirtualLoop, time: SimTime, lives: Lives, store: FakeStore, figures: Figures, *, end_s: float
    ) -> None:
        self._world, self._loop, self._time, self._lives, self._store = world, loop, time, lives, store
        self._figures, self._end_s = figures, end_s
        self._bad: dict[str, int] = {}
        self._unsure: list[tuple[float, float]] = []
        self._latest_s = 0.0

    def plan(self, trouble: Trouble) -> None:
        """Let it happen in its time."""
        match trouble:
            case Kill():
                self._world.later(trouble.at_s, self._kill, trouble)
            case Jump():
                self._world.later(trouble.at_s, self._jump, trouble)
            case Spell():
                self._world.later(trouble.from_s, self._turn, trouble, 1)
                self._world.later(trouble.to_s, self._turn, trouble, -1)

    def bad(self, kind: str) -> bool:
        """Whether a spell of this kind is on."""
        return self._bad.get(kind, 0) > 0

    def certain_since(self, since_s: float, until_s: float) -> bool:
        """True if the service lived and could store between these moments."""
        return not any(begun <= until_s and ended >= since_s for begun, ended in self._unsure)

    @property
    def calm(self) -> bool:
        """Whether it is long since anything was wrong."""
        return not any(self._bad.values()) and self._world.now_s() - self._latest_s > CALM_AFTER_S

    def troubled(self, until_s: float | None = None) -> None:
        """Something is wrong until then, or now."""
        self._latest_s = max(self._latest_s, until_s or self._world.now_s())

    def _kill(self, kill: Kill) -> None:
        life, service = self._lives.life, self._lives.service
        if life is None:
            return
        self.troubled()
        if kill.term and service is not None:
            self._world.spawn(self._terminate(life, service, kill))
        else:
            self._loop.kill_after(kill.steps, lambda: self._killed(life, kill))

    def _killed(self, life: Life, kill: Kill) -> None:
        if life.dead:
            return
        self._world.watch.note("service", f"life {life.number} is killed")
        self._said_lately()
        self._figures.kills += 1
        now_s = self._world.now_s()
        self._unsure.append((now_s, now_s))
        down_s = min(kill.down_s, max(1.0, self._end_s - now_s))
        self.troubled(now_s + down_s)
        self._lives.end(life, down_s)

    def _said_lately(self) -> None:
        """Beats are put off like all idle looks; a service says every few seconds which consoles are open at it."""
        if self._lives.service is not None and not self.bad("store"):
            at_once(self._store.put_consoles(self._lives.service.presence.own()))

    async def _terminate(self, life: Life, service: Service, kill: Kill) -> None:
        self._world.watch.note("service", f"life {life.number} is asked to stop")
        try:
            await life.call(service.stop)
        except (Gone, StoreUnavailable):
            self._world.watch.note("service", f"life {life.number} did not stop cleanly")
        now_s = self._world.now_s()
        self._unsure.append((now_s, now_s))
        self.troubled(now_s + kill.down_s)
        self._lives.end(life, min(kill.down_s, LONGEST_STOP_S))

    def _jump(self, jump: Jump) -> None:
        self.troubled()
        self._world.watch.note("clock", f"{'sleeps' if jump.asleep else 'is set by'} {jump.by_s:.0f} s")
        if jump.asleep:
            self._time.sleep(jump.by_s)
        else:
            self._time.step(jump.by_s)

    def _turn(self, spell: Spell, by: int) -> None:
        self.troubled()
        self._bad[spell.kind] = self._bad.get(spell.kind, 0) + by
        if spell.kind == "store" and by > 0:
            self._unsure.append((self._world.now_s(), spell.to_s))
        self._world.watch.note(spell.kind, "is bad" if by > 0 else "is well again")

"""Holdouts of a workspace: plan, register, deal, check on past data, see what is due.

acme.holdouts.plan("churn", share=0.1)
acme.holdouts.register("churn", start=date(2026, 12, 1), person="me")
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from valuekit.errors import StoreError, WorkspaceError
from valuekit.holdouts import KIND, HoldoutStatus, statuses
from valuekit.overlap import free, in_force
from valuekit.planning import HoldoutPlan, Reading, plan, refused, registration
from valuekit.scorecard import Scorecard
from valuekit.source import Registered, open_connector
from valuekit.standing import trials
from valuekit.uplift.cheapest import Basis, Traffic
from valuekit.uplift.past import PastCheck, past_check

if TYPE_CHECKING:
    from valuekit.api import Workspace
    from valuekit.ledger.book import Book
    from valuekit.uplift.assignment import Shares
    from valuekit.workspace.declare import Model

_FACTS = ("volume", "effect", "flow", "panel", "confusion", "error", "maturity", "cost")


@dataclass(frozen=True)
class Holdouts:
    """The holdouts of a workspace and its value store."""

    held: Workspace

    def plan(  # noqa: PLR0913 - settings by keyword, with defaults
        self,
        model: str,
        *,
        start: date | None = None,
        share: float | None = None,
        days: int | None = None,
        reading: Reading = "watched",
        per_day: float | None = None,
        sd: float | None = None,
        effect: float | None = None,
    ) -> HoldoutPlan:
        """A holdout before it starts; nothing is stored.

        Args:
            model: Name of the model.
            start: First day of exposure; tomorrow by default.
            share: Share of control units; by default that of the cheapest holdout.
            days: Days of exposure; by default as many as the verdict needs.
            reading: Watched every day, or read once at the end.
            per_day: Units a day, where the store does not know or they will change.
            sd: Standard deviation of a unit's outcome in money, likewise.
            effect: Money a unit that has to be told from zero, likewise.

        Raises:
            WorkspaceError: for an unknown model, or when nothing is known to plan with.
        """
        declared = self._declared(model)
        metric = declared.primary_metric
        if metric is None:
            rule = "a holdout compares a metric, and the model declares none"
            remedy = f"Declare [models.{model}.metrics.NAME] on a money column first."
            raise WorkspaceError(refused(model, "", rule, remedy))
        return plan(
            model,
            self._basis(model, per_day, sd, effect),
            currency=self.held.loaded.workspace.workspace.currency,
            metric=metric,
            start=start or self.today() + timedelta(days=1),
            share=share,
            days=days,
            reading=reading,
        )

    def register(self, made: HoldoutPlan, *, person: str, salt: str | None = None) -> Registered:
        """Store a plan before it starts; it is never changed nor deleted.

        Args:
            made: What :meth:`plan` gave.
            person: Who registers it.
            salt: Salt of the assignment; by default model and start.

        Raises:
            WorkspaceError: when the start lies in the past, another holdout of the model is to
                deal units on the same days, or nobody signs.
        """
        self._declared(made.model)
        if not person.strip():
            rule, remedy = "a registration needs a person", "Give --person NAME."
            raise WorkspaceError(refused(made.model, "", rule, remedy))
        today = self.today()
        used = salt or f"{made.model}-{made.start.isoformat()}"
        one = registration(made, salt=used, person=person.strip(), today=today)
        with self.held.store(create=True) as store:
            free(made, store.registrations(made.model), self._stopped(made.model), today)
            store.register(
                [one], {"model": made.model, "person": person.strip()}, datetime.now(UTC)
            )
        return one

    def registered(self, model: str, on: date | None = None) -> Registered:
        """The registered holdout of a model that deals units on a day.

        Args:
            model: Name of the model.
            on: The day; today by default. Before the first and between two it is the next one,
                after the last that one.

        Raises:
            WorkspaceError: when there is none.
        """
        self._declared(model)
        found = [one for one in self._stored((model,))[model] if one.kind == KIND]
        if not found:
            rule, remedy = "no holdout is registered", f"Run: valuekit holdout register {model}"
            raise WorkspaceError(refused(model, "", rule, remedy))
        return in_force(found, self._stopped(model), on or self.today())

    def check(self, model: str, *, salt: str, shares: Shares) -> PastCheck:
        """Deal the units of the past by a salt and compare what they brought.

        Nothing was done to either arm, so a difference is a fault of the assignment, or chance: 1
        salt in 20 fails at p < 0.05, which is reason enough to take another before the start.

        Raises:
            SourceError: when the tables cannot be read.
            WorkspaceError: for a connector that cannot deal units, or daily tables of them.
        """
        declared = self._declared(model)
        metric = declared.primary_metric
        if declared.ready("effect") is not None:
            rule = "its units are counted in daily tables, so past ones cannot be dealt"
            raise WorkspaceError(refused(model, "[facts.effect]", rule, "Start without the check."))
        loaded = self.held.loaded
        source = self.held.source_of(model)
        connector = open_connector(
            source, loaded.workspace.sources[source], loaded.folder, loaded.workspace
        )
        try:
            deal = getattr(connector, "split", None)
            if deal is None or metric is None:
                rule = "its connector cannot deal past units, or it declares no metric"
                raise WorkspaceError(refused(model, source, rule, "Start without the check."))
            found = deal(loaded.workspace, model, (), metric=metric, salt=salt, shares=shares)
        finally:
            connector.close()
        arms = {str(row.arm): row for row in found.itertuples() if row.arm is not None}
        return past_check({arm: arms.get(arm) for arm in shares}, shares)

    def status(self, today: date | None = None) -> tuple[HoldoutStatus, ...]:
        """What is registered, running, due and ended, the due ones first."""
        held = self._stored(tuple(self.held.loaded.workspace.models))
        return statuses(held, trials(self._cards().values()), today or self.today())

    def today(self) -> date:
        """Today in the workspace's zone."""
        zone = ZoneInfo(self.held.loaded.workspace.workspace.timezone)
        return datetime.now(zone).date()

    def _there(self) -> bool:
        """Whether there is a store: what only reads must not make one."""
        try:
            self.held.store().close()
        except StoreError as error:
            if any(one.code == "not_refreshed" for one in error.findings):
                return False
            raise
        return True

    def _stored(self, models: tuple[str, ...]) -> dict[str, tuple[Registered, ...]]:
        if not self._there():
            return dict.fromkeys(models, ())
        with self.held.store() as store:
            return {name: store.registrations(name) for name in models}

    def _cards(self) -> dict[str, Scorecard]:
        return self.held.scorecards() if self._there() else {}

    def _declared(self, model: str) -> Model:
        self.held.known(model)
        return self.held.loaded.workspace.models[model]

    def _stopped(self, model: str) -> tuple[date, ...]:
        """Declared ends of the model's holdouts."""
        declared = self._declared(model).evidence
        return tuple(one.until for one in declared if one.design == "holdout" and one.until)

    def _basis(
        self, model: str, per_day: float | None, sd: float | None, effect: float | None
    ) -> Basis:
        """What is known of units: the store's facts, replaced by what the caller gave."""
        from valuekit.assess.designs import build
        from valuekit.assess.scene import scene
        from valuekit.assess.settlement import known, sought_of

        declared = self._declared(model)
        waits = declared.outcomes or declared.facts
        wait = waits.window + waits.allowance if waits else 0
        book = self._book(model)
        found: object = "the model has not been refreshed yet"
        sought = effect
        if book is not None:
            here = scene(self.held.loaded.workspace, model, book)
            primary = declared.primary_evidence
            lead = build(here, primary) if primary else None
            found = known(here, lead)
            if not isinstance(found, str) and effect is None:
                sought = sought_of(here, found) or None
        if isinstance(found, str):
            if per_day is None or sd is None:
                remedy = "Give --per-day and --sd (standard deviation of a unit's outcome)."
                raise WorkspaceError(refused(model, "", found, remedy))
            traffic = Traffic(sd**2, sd**2, per_day, wait)
            return Basis(traffic, effect, effect, "unit", "what was given")
        kept = found.traffic  # type: ignore[attr-defined]  # not a text, so what is known
        traffic = Traffic(
            kept.treated if sd is None else sd**2,
            kept.control if sd is None else sd**2,
            kept.rate if per_day is None else per_day,
            kept.wait,
        )
        given = any(one is not None for one in (per_day, sd, effect))
        source = f"{round(found.units):,} {found.per}s seen so far"  # type: ignore[attr-defined]
        source += ", and what was given" if given else ""
        worth = effect if found.worth is None else found.worth  # type: ignore[attr-defined]
        return Basis(traffic, worth, sought, found.per, source)  # type: ignore[attr-defined]

    def _book(self, model: str) -> Book | None:
        """The stored facts of a model's last run; None before the first."""
        from valuekit.ledger.book import Book

        if not self._there():
            return None
        with self.held.store() as store:
            seen = store.last_of(model)
            if seen is None or seen.last is None:
                return None
            return Book(
                facts={name: store.facts(model, name) for name in _FACTS},
                registered=store.registrations(model),
                first=seen.first,
                last=seen.last,
                complete_through=seen.complete_through,
                as_of=self.held.loaded.workspace.workspace.as_of or seen.last,
            )

from datetime import timedelta

import pytest

from miniapi.tickets import rules
from miniapi.tickets.models import TicketAct, TicketEvent, TicketKind, TicketState
from miniapi.tickets.rules import MOVES, Matter


class TestMoves:
    def test_everything_that_can_happen_later_has_its_states(self):
        assert set(MOVES) == set(TicketAct) - {TicketAct.OPENED}

    def test_from_every_state_there_is_a_way_on(self):
        for state in TicketState:
            assert any(state in moves for moves in MOVES.values())

    def test_only_what_waits_is_answered(self):
        assert MOVES[TicketAct.ANSWERED] == {TicketState.OPEN: TicketState.ANSWERED}

    def test_nothing_happens_to_a_closed_one_but_that_it_is_opened_again(self):
        possible = {act for act, moves in MOVES.items() if TicketState.CLOSED in moves}

        assert possible == {TicketAct.REOPENED}


class TestUnitOf:
    @pytest.mark.parametrize(
        ("region", "clause", "unit"),
        [
            ("yangling", "四（二）", "示范区工业和商务局"),
            ("jining", "（二）", "市商务局、市城市管理局"),
            ("yangling", None, "示范区工业和商务局"),
            ("qingzhou", None, "市发改局"),
            ("liaoning", None, None),  # its clause on the organisation names nobody
            ("chongqing", None, None),
        ],
    )
    def test_of_a_policy_question_it_is_who_leads(self, library, region, clause, unit):
        matter = Matter(TicketKind.POLICY, "谁管？", library.packs[region], clause)

        assert rules.unit_of(matter) == unit

    def test_a_clause_that_names_nobody_has_none(self, library):
        assert rules.unit_of(Matter(TicketKind.POLICY, "谁管？", library.packs["yangling"], "细则三")) is None

    def test_of_a_clause_that_the_region_has_not_it_is_who_leads_its_document(self, library):
        matter = Matter(TicketKind.POLICY, "谁管？", library.packs["yangling"], "jining#一")

        assert rules.clause_named(matter) is None
        assert rules.unit_of(matter) == "示范区工业和商务局"

    def test_a_complaint_has_one_only_where_it_names_a_clause(self, library):
        pack = library.packs["yangling"]

        assert rules.unit_of(Matter(TicketKind.COMPLAINT, "不让用券", pack)) is None
        assert rules.unit_of(Matter(TicketKind.COMPLAINT, "不让用券", pack, "四（二）"))

    def test_without_a_region_there_is_none(self):
        assert rules.unit_of(Matter(TicketKind.POLICY, "谁管？")) is None

    def test_every_one_there_is_can_be_kept(self, library):
        for pack in library.packs.values():
            for clause in pack.clauses:
                matter = Matter(TicketKind.POLICY, "谁管？", pack, clause)
                assert len(rules.unit_of(matter) or "") <= 100
                assert len(rules.clause_named(matter) or "") <= 64


class TestMayBeReopened:
    def test_for_thirty_days(self, noon):
        month = timedelta(days=30)

        assert rules.may_be_reopened(noon, noon + month - timedelta(seconds=1))
        assert not rules.may_be_reopened(noon, noon + month)


class TestInOrder:
    def test_is_by_time_and_then_by_key(self, noon):
        first, second, third = (TicketEvent(what="replied", at=noon) for _ in range(3))
        second.at, third.at = noon + timedelta(seconds=1), noon + timedelta(seconds=1)
        first.id, third.id = third.id, first.id  # the first has the latest key

        ordered = rules.in_order([third, second, first])

        assert ordered[0] is first
        assert ordered[1:] == sorted([second, third], key=lambda event: event.id)

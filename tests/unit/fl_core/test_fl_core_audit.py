"""Promises of the audit chain."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from fl_core.audit import AuditRow, next_row, verify_rows

START = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def chain(length: int = 5) -> list[AuditRow]:
    rows: list[AuditRow] = []
    for index in range(length):
        rows.append(
            next_row(
                rows[-1] if rows else None,
                at=START + timedelta(seconds=index),
                actor="manager",
                action="site.approved",
                subject=f"site-{index}",
                details={"name": "Hôpital", "n": index, "x": 0.5},
            )
        )
    return rows


def test_a_whole_chain_verifies_and_so_does_an_empty_one() -> None:
    assert verify_rows(chain()) is None
    assert verify_rows([]) is None


@pytest.mark.parametrize(
    "change",
    [{"actor": "x"}, {"action": "x"}, {"subject": "x"}, {"details": {}}, {"at": START}, {"hash": "0" * 64}, {"seq": 9}],
)
def test_a_changed_field_shows_at_its_row(change: dict[str, object]) -> None:
    rows = chain()
    rows[2] = rows[2].model_copy(update=change)
    assert verify_rows(rows) == 3


def test_a_removed_or_swapped_row_shows() -> None:
    rows = chain()
    assert verify_rows(rows[:2] + rows[3:]) == 3
    assert verify_rows([rows[1], rows[0], *rows[2:]]) == 1


def test_a_rehashed_row_shows_at_the_next() -> None:
    rows = chain()
    forged = next_row(rows[1], at=rows[2].at, actor="nobody", action="x", subject="y")
    assert verify_rows([*rows[:2], forged, *rows[3:]]) == 4


def test_a_shortened_or_rewritten_chain_does_not_reach_a_known_head() -> None:
    rows = chain()
    head = (rows[-1].seq, rows[-1].hash)
    assert verify_rows(rows, head=head) is None
    assert verify_rows(rows[:-1], head=head) == 5
    assert verify_rows(rows, head=(3, "0" * 64)) == 3


def test_the_time_zone_a_row_is_read_in_does_not_matter() -> None:
    rows = [row.model_copy(update={"at": row.at.astimezone(timezone(timedelta(hours=5)))}) for row in chain()]
    assert verify_rows(rows) is None
    assert verify_rows([AuditRow.model_validate_json(row.model_dump_json()) for row in rows]) is None

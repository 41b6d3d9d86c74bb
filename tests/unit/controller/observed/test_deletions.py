"""Deletions that watches reported: they are remembered, but not without a bound."""

from proxiedapp.controller.observed.deletions import MAX_DELETIONS, Deletions


def test_versions_until_the_deletion_are_older() -> None:
    deletions = Deletions()
    deletions.record("child-1", 5)
    assert [deletions.are_newer("child-1", version) for version in (4, 5, 6)] == [True, True, False]
    assert not deletions.are_newer("child-2", 4)


def test_oldest_deletions_are_forgotten() -> None:
    deletions = Deletions()
    for number in range(MAX_DELETIONS + 1):
        deletions.record(f"child-{number}", 5)
    assert [deletions.are_newer(f"child-{number}", 5) for number in (0, 1, MAX_DELETIONS)] == [False, True, True]

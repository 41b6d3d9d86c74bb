"""A budget ends work by steps."""

import pytest

from proxiedapp.api.budget import Budget, BudgetError


def test_spending_up_to_the_budget_is_allowed() -> None:
    budget = Budget(3)
    budget.spend()
    budget.spend(2)
    assert budget.spent == 3


def test_one_step_more_is_an_error_that_names_the_budget() -> None:
    budget = Budget(3)
    with pytest.raises(BudgetError, match="more than 3 steps"):
        budget.spend(4)


def test_an_exceeded_budget_stays_exceeded() -> None:
    budget = Budget(1)
    for _ in range(2):
        with pytest.raises(BudgetError):
            budget.spend(2)

"""The number of replicates that a margin needs, against simulated tests."""

import numpy as np
import pytest
from scipy import stats

from analysis import power


@pytest.mark.parametrize(("margin", "deviation", "count"), [(0.5, 0.4, 8), (1.0, 0.8, 8), (1.0, 1.7, 25), (2.0, 0.4, 3)])
def test_the_fewest_replicates_reach_the_power_and_one_less_does_not(margin: float, deviation: float, count: int) -> None:
    assert power.replicates(margin, deviation) == count
    assert power.power(count, margin, deviation) >= 0.8 > power.power(count - 1, margin, deviation)


def test_the_power_is_the_share_of_simulated_tests_that_reject() -> None:
    differences = np.random.default_rng(0).normal(1.0, 0.8, size=(20_000, 5))
    rejected = stats.ttest_1samp(differences, 0.0, axis=1).pvalue < 0.05
    assert power.power(5, 1.0, 0.8) == pytest.approx(rejected.mean(), abs=0.01)


def test_the_table_has_a_row_for_each_margin() -> None:
    assert [line.split(" | ")[0] for line in power.table().splitlines()[2:]] == ["| 0.5", "| 1", "| 2"]

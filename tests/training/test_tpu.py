"""The training step on slices of TPUs: what was compiled is what the profile trains, and fits; how a program's text is read."""

import json
import os
import subprocess
import sys

import pytest

from benchmarks import scaling, tpu_cases, tpu_program, tpu_table
from benchmarks.tpu_cases import Case
from benchmarks.tpu_chips import CHIPS, SLICES
from clip_italian.models import flops
from clip_italian.training import throughput

FACTS = tpu_table.read()
FOUND = [(case, facts) for case in tpu_cases.CASES for facts in FACTS["cases"].get(case.name, {}).values()]
PROGRAM = """
HloModule jit_train_step

%fused (param: f32[8]) -> f32[8] {
  ROOT %exp = f32[8]{0} exponential(%param)
}

%condition (state: (s32[], f32[8])) -> pred[] {
  %state.0 = (s32[], f32[8]{0}) parameter(0)
  %bound = s32[]{:T(128)} constant(5)
  %count.0 = s32[]{:T(128)} get-tuple-element(%state.0), index=0
  ROOT %less = pred[]{:T(512)} compare(%count.0, %bound), direction=LT
}

%body (state: (s32[], f32[8])) -> (s32[], f32[8]) {
  %state.1 = (s32[], f32[8]{0}) parameter(0)
  %value = f32[8]{0} get-tuple-element(%state.1), index=1
  %permuted-start = (f32[8]{0}, f32[8]{0}, u32[]{:S(2)}, u32[]{:S(2)}) collective-permute-start(%value), channel_id=1
  %permuted = f32[8]{0} collective-permute-done(%permuted-start)
  %near = f32[8]{0:T(128)S(1)} fusion(%permuted), kind=kLoop, calls=%fused, backend_config={"estimated_cycles":"100"}
  ROOT %next = (s32[], f32[8]{0}) tuple(%count.1, %near)
}

ENTRY %main (a: f32[2,8], b: bf16[4]) -> f32[16,8] {
  %a = f32[2,8]{1,0:T(2,128)} parameter(0)
  %b = bf16[4]{0} parameter(1)
  %begin = (s32[], f32[8]{0}) tuple(%zero, %a)
  %loop = (s32[], f32[8]{0}) while(%begin), condition=%condition, body=%body
  %sums = (f32[2]{0}, bf16[4]{0}) all-reduce(%a, %b), channel_id=2, to_apply=%add
  ROOT %all = f32[16,8]{1,0} all-gather(%a), channel_id=3, dimensions={0}
}
"""


def test_what_a_loop_exchanges_counts_as_often_as_it_runs():
    found = tpu_program.exchanged(tpu_program.read(PROGRAM), 8)
    assert found.times == {"all-gather": 1, "all-reduce": 1, "collective-permute": 5}
    assert found.bytes == 16 * 8 * 4 * 7 / 8 + 2 * (2 * 4 + 4 * 2) * 7 / 8 + 5 * 8 * 4


def test_what_stays_on_the_chip_is_not_moved():
    permuted, near = 2 * 8 * 4, 8 * 4  # operand and result; the operand of what ends on the chip
    outside = (2 * 8 * 4 + 4 * 2) + (2 * 4 + 4 * 2) + 2 * 8 * 4 + 16 * 8 * 4
    assert tpu_program.moved(tpu_program.read(PROGRAM)) == 5 * (permuted + near) + outside


def test_the_compilers_cycles_of_a_loop_count_as_often_as_it_runs():
    assert tpu_program.cycles(tpu_program.read(PROGRAM)) == 500


def test_every_case_was_compiled_for_what_the_profile_trains():
    assert FACTS["step"] == tpu_cases.step()
    assert list(FACTS["cases"]) == [case.name for case in tpu_cases.CASES if case.name in FACTS["cases"]]
    assert all("least" in FACTS["cases"][case.name] for case in tpu_cases.SHORT)


def test_every_case_but_the_ones_beyond_the_memory_fits():
    for case, facts in FOUND:
        chip = CHIPS[SLICES[case.slice].chip]
        assert facts["fits"] == (case not in tpu_cases.BEYOND), case.name
        assert facts["fits"] == (facts["memory"] < chip.memory / chip.devices), case.name


@pytest.mark.parametrize(("case", "facts"), FOUND, ids=[case.name for case, _ in FOUND])
def test_the_compiler_counts_the_operations_that_the_models_arithmetic_has(case: Case, facts: dict):
    """Of a loop it counts one turn, so that it may count fewer; more by what is computed again and what is no matrix product."""
    if facts["fits"]:
        expected = flops.training(tpu_cases.operations(case))
        in_loops = case.micro_batches > 1 or "collective-permute" in facts["collectives"]
        assert facts["flops"] < (1.4 if case.remat or case in tpu_cases.AGAIN else 1.05) * expected
        assert facts["flops"] > (0.5 / case.micro_batches if in_loops else 0.95) * expected


def test_the_pages_have_what_was_found():
    page = tpu_table.PAGE.read_text()
    assert tpu_table.filled(page, FACTS["cases"]) == page
    page = scaling.PAGE.read_text()
    assert scaling.filled(page) == page


def test_chips_are_as_fast_here_as_where_a_run_reports_its_utilisation():
    for chip in CHIPS.values():
        assert throughput.PEAKS[chip.kind] == chip.peak / chip.devices


def test_the_step_holds_no_matrix_of_a_whole_batch_on_eight_devices():
    command = [sys.executable, "-m", "tests.helpers.tpu_lowering"]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"JAX_PLATFORMS": "cpu"})
    assert done.returncode == 0, done.stderr
    shapes = json.loads(done.stdout)
    assert shapes["in blocks"] == [] and shapes["by the definition"] != []


def test_the_smallest_case_compiles_where_the_compiler_is():
    pytest.importorskip("libtpu")
    command = [sys.executable, "-m", "benchmarks.tpu_check", "--only", tpu_cases.SHORT[0].name]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr

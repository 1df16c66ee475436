import pathlib

import pytest

from clip_italian import config
from clip_italian.config import Settings
from clip_italian.errors import InputError


class Inner(Settings):
    rate: float
    names: list[str]


class Outer(Settings):
    steps: int
    inner: Inner


GOOD = {"steps": 3, "inner": {"rate": 1e-5, "names": ["a"]}}
PARAMS = "profile: mini\narms: [full]\ncurves: [full_5]\nbaselines: [mclip]\nprobed: [full]\nseeds: [0, 1]\n"
PROFILE = """environment: {threads: 2}
training: {steps: 3, inner: {rate: 1e-5, names: [a]}}
arms:
  full: {}
  short: {inner: {rate: 2.0}}
"""


@pytest.fixture
def study(here):
    """A folder with params.yaml and the profile mini."""
    (here / "profiles").mkdir()
    (here / "profiles/mini.yaml").write_text(PROFILE)
    (here / "params.yaml").write_text(PARAMS)
    return here


def test_a_right_section_is_read_with_its_types():
    assert config.parse(Outer, GOOD, "x.yaml").inner.rate == 1e-5


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"stpes": 3}, ["x.yaml", "`stpes`", "did you mean `steps`"]),
        ({"inner": {"rate": 1.0, "names": [], "rat": 2}}, ["`inner.rat`", "`rate`"]),
        ({"inner": {"names": []}}, ["missing key `inner.rate`", "add it"]),
        ({"steps": "3"}, ["`steps`", "'3'", "correct"]),
        ({"steps": True}, ["`steps`", "True"]),
        ({"steps": 3.5}, ["`steps`", "3.5"]),
        ({"inner": {"rate": float("nan"), "names": []}}, ["`inner.rate`", "nan"]),
        ({"inner": {"rate": "1e-5", "names": []}}, ["`inner.rate`", "'1e-5'"]),
    ],
)
def test_a_wrong_value_is_named_with_file_key_and_remedy(change, words):
    with pytest.raises(InputError) as error:
        config.parse(Outer, GOOD | change, "x.yaml")
    assert all(word in str(error.value) for word in words), error.value
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\na: 2\n", ["line 2", "duplicate"]),
        ("a: [1\n", ["x.yaml", "line"]),
        ("- a\n", ["mapping"]),
        ("", ["mapping"]),
    ],
)
def test_broken_yaml_is_named_with_its_line(here, text, words):
    (here / "x.yaml").write_text(text)
    with pytest.raises(InputError) as error:
        config.read_yaml(pathlib.Path("x.yaml"))
    assert all(word in str(error.value) for word in words), error.value
    assert "\n" not in str(error.value)


def test_yaml_is_read_as_dvc_reads_it(here):
    (here / "x.yaml").write_text("rate: 1e-5\nword: no\nnumber: 012\n")
    assert config.read_yaml(pathlib.Path("x.yaml")) == {"rate": 1e-5, "word": "no", "number": 12}


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("profile: mini", "profile: mni", ["params.yaml", "`profile`", "did you mean `mini`"]),
        ("profile: mini", "profil: mini", ["params.yaml", "`profil`", "did you mean `profile`"]),
        ("[0, 1]", "[0, 0]", ["params.yaml", "`seeds`", "none twice"]),
        ("[0, 1]", "[0, '1']", ["params.yaml", "`seeds.1`"]),
        ("[full]", "[]", ["params.yaml", "`arms`", "at least one"]),
    ],
)
def test_a_typo_in_params_is_named_with_file_key_and_remedy(study, before, after, words):
    (study / "params.yaml").write_text(PARAMS.replace(before, after))
    with pytest.raises(InputError) as error:
        config.params()
    assert all(word in str(error.value) for word in words), error.value


def test_an_arm_overrides_nested_keys_and_keeps_the_rest(study):
    short = config.arm(Outer, "short")
    assert (short.steps, short.inner.rate, short.inner.names) == (3, 2.0, ["a"])
    assert config.arm(Outer, "full").inner.rate == 1e-5


def test_an_arm_that_names_a_key_the_base_lacks_is_refused(study):
    (study / "profiles/mini.yaml").write_text(PROFILE.replace("{rate: 2.0}", "{rte: 2.0}"))
    with pytest.raises(InputError, match=r"arm `short`.*unknown key `inner.rte`; did you mean `rate`"):
        config.arm(Outer, "short")


def test_an_unknown_arm_or_section_is_refused(study):
    with pytest.raises(InputError, match=r"no `ful`; did you mean `full`"):
        config.arm(Outer, "ful")
    with pytest.raises(InputError, match="missing section `world`"):
        config.section(Outer, "world")


# --- Profiles as differences -------------------------------------------------------------------------------------------
SMALL = "base: mini\ntraining: {inner: {rate: 0.5}}\narms: {short: {steps: 7}, long: {steps: 9}}\n"


@pytest.fixture
def small(study):
    """A profile that says what differs from mini; params.yaml chooses it."""
    (study / "params.yaml").write_text(PARAMS.replace("mini", "small"))

    def write(text=SMALL):
        (study / "profiles/small.yaml").write_text(text)

    write()
    return write


def test_a_profile_says_only_what_differs_from_its_base(small):
    training = config.section(Outer, "training")
    assert (training.steps, training.inner.rate, training.inner.names) == (3, 0.5, ["a"])
    assert config.section(Outer, "training", "mini").inner.rate == 1e-5
    assert config.profile().content["environment"] == {"threads": 2}


def test_an_arm_joins_what_both_files_change(small):
    assert [config.arm(Outer, name).steps for name in ("full", "short", "long")] == [3, 7, 9]
    assert [config.arm(Outer, name).inner.rate for name in ("full", "short", "long")] == [0.5, 2.0, 0.5]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("base: mni\n", ["profiles/small.yaml", "`base`", "did you mean `mini`"]),
        ("base: [mini]\n", ["profiles/small.yaml", "`base`", "did you mean `mini`"]),
        ("base: small\n", ["profiles/small.yaml", "`base`", "not whole"]),
        ("base: mini\ntrianing: {}\n", ["profiles/small.yaml", "unknown section `trianing`", "did you mean `training`"]),
        ("base: mini\ntraining: {stpes: 2}\n", ["profiles/small.yaml", "unknown key `stpes`", "did you mean `steps`"]),
        ("base: mini\ntraining: {steps: 2}\ntraining: {steps: 3}\n", ["profiles/small.yaml", "line 3", "duplicate"]),
        ("base: mini\ntraining: {steps: '2'}\n", ["profiles/small.yaml", "`steps`", "'2'"]),
        ("base: mini\ntraining: 3\n", ["profiles/small.yaml", "`training`", "got 3"]),
        ("base: mini\ntraining: {inner: {names: [1]}}\n", ["profiles/small.yaml", "`inner.names.0`", "got 1"]),
    ],
)
def test_what_is_wrong_in_a_difference_is_named_with_its_file(small, text, words):
    small(text)
    with pytest.raises(InputError) as error:
        config.section(Outer, "training")
    assert all(word in str(error.value) for word in words), error.value
    assert "profiles/mini.yaml" not in str(error.value)


def test_what_is_wrong_in_the_whole_profile_is_named_with_its_file(small, study):
    (study / "profiles/mini.yaml").write_text(PROFILE.replace("names: [a]", "nmes: [a]"))
    with pytest.raises(InputError) as error:
        config.section(Outer, "training")
    said = (
        "missing key `inner.names`; add it (profiles/drawn.yaml shows every key); unknown key `inner.nmes`; did you mean `names`?"
    )
    assert str(error.value) == f"profiles/mini.yaml: in section `training`: {said}"


def test_a_wrong_override_of_an_arm_is_named_with_the_file_that_makes_it(small, study):
    small(SMALL.replace("short: {steps: 7}", "short: {stesp: 7}"))
    with pytest.raises(InputError, match=r"profiles/small.yaml: in `training` with .* `short`: unknown key `stesp`"):
        config.arm(Outer, "short")
    (study / "profiles/mini.yaml").write_text(PROFILE.replace("rate: 2.0", "rate: two"))
    small()
    with pytest.raises(InputError, match=r"profiles/mini.yaml: in `training` with .* `short`: key `inner.rate`.*'two'"):
        config.arm(Outer, "short")


def test_a_file_is_parsed_once_and_anew_when_it_has_changed(small, study, monkeypatch):
    parsed, load = [], config.YAML.load
    monkeypatch.setattr(config.YAML, "load", lambda self, content: parsed.append(content) or load(self, content))
    config._parsed.cache_clear()
    for _ in range(3):
        config.section(Outer, "training").inner.names.append("changed")
        config.profile().content["training"]["steps"] = 100
        assert config.arm(Outer, "full").steps == 3 and config.arm(Outer, "full").inner.names == ["a"]
    assert sorted(parsed) == sorted(path.read_bytes() for path in study.rglob("*.yaml"))
    small(SMALL.replace("0.5", "0.25"))
    assert config.section(Outer, "training").inner.rate == 0.25

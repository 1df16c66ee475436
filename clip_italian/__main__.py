"""What people do with a model, from a shell: `python -m clip_italian export MODEL OUT`; `--help` lists all."""

import argparse
import pathlib
import sys
from collections.abc import Sequence
from typing import Any

from clip_italian.checkpoints import assembly, loading
from clip_italian.cli import data, finetune, pictures
from clip_italian.cli import demo as demo_command
from clip_italian.errors import InputError
from clip_italian.evaluation.published import equivalence, evaluating, protocols, replication, suites
from clip_italian.evaluation.study import associations
from clip_italian.use.export import writing
from clip_italian.use.export.card import Facts


def parser() -> argparse.ArgumentParser:
    """Every command with its options."""
    whole = argparse.ArgumentParser("python -m clip_italian", description="Uses a model of the study, or one of the same layout.")
    commands = whole.add_subparsers(title="commands", required=True)
    pictures.add(commands)
    finetune.add(commands)
    demo_command.add(commands)
    export = commands.add_parser("export", help="write a model for transformers, onnxruntime, open_clip and sentence-transformers")
    export.add_argument("model", type=pathlib.Path, help="folder of a model, such as models/mini/tuned/full/0")
    export.add_argument("out", type=pathlib.Path, help="folder that is made, or replaced; a sub-folder each format")
    export.add_argument("--format", action="append", default=[], choices=writing.FORMATS, help="only this one; may be repeated")
    export.add_argument("--licence", default="apache-2.0", help="of the weights, for the cards (default: %(default)s)")
    export.set_defaults(run=run_export)
    evaluate = commands.add_parser("evaluate", help="score a model under a named protocol, or on a suite of them")
    evaluate.add_argument("--model", required=True, help="folder or name of a model, as `clip_italian.load` takes it")
    evaluate.add_argument("--images", help="folder or name of its picture half, where that is a model of its own")
    what = evaluate.add_mutually_exclusive_group(required=True)
    what.add_argument("--protocol", help=f"one of {', '.join(protocols.names())}")
    what.add_argument("--suite", help=f"one of {', '.join(suites.names())}: all its sets that are in DATA, one table")
    evaluate.add_argument("--language", help="of the protocols that have a choice; an unknown one is told the known")
    evaluate.add_argument("--labels", type=pathlib.Path, help="folder with files of labels, as CLIP_benchmark's (default: DATA)")
    evaluate.add_argument("--data", required=True, type=pathlib.Path, help="folder with the files of the publisher; or of all sets")
    evaluate.add_argument("--out", required=True, type=pathlib.Path, help="folder for metrics, items and embeddings; one a model")
    evaluate.set_defaults(run=run_evaluate)
    associate = commands.add_parser("associate", help="test whether words of one kind lie nearer to one of two others (WEAT)")
    associate.add_argument("--model", required=True, help="folder or name of a model, as `clip_italian.load` takes it")
    associate.add_argument("--words", required=True, help=f"one of {', '.join(associations.names())}, or a .yaml file like theirs")
    limit = "look at so many, or at all if there are fewer (default: %(default)s)"
    associate.add_argument("--permutations", type=int, default=100_000, help=limit)
    associate.set_defaults(run=run_associate)
    _add_replicate(commands)
    data.add(commands)
    compare = commands.add_parser("compare", help="test whether two evaluations of the same items differ, or are equivalent")
    compare.add_argument("first", type=pathlib.Path, help="folder OUT/PROTOCOL that `evaluate` wrote")
    compare.add_argument("second", type=pathlib.Path, help="the same of another device, library or model")
    margin = "points from which a difference matters (default: %(default)s)"
    compare.add_argument("--margin", type=float, default=equivalence.SMALLEST_EFFECT, help=margin)
    compare.set_defaults(run=run_compare)
    return whole


def _add_replicate(commands: Any) -> None:
    """The options of `replicate-2021`; the models' defaults are the published names."""
    clip_italian, mclip = (row.system for row in replication.published().retrieval.rows)
    command = commands.add_parser("replicate-2021", help="say whether the published weights give the published numbers")
    command.add_argument("--model", default=clip_italian, help="folder or name of CLIP-Italian (default: %(default)s)")
    command.add_argument("--mclip", default=mclip, help="folder or name of mCLIP (default: %(default)s)")
    command.add_argument("--mclip-images", help="folder or name of mCLIP's picture half, where --mclip is a folder")
    command.add_argument("--without-mclip", action="store_true", help="measure CLIP-Italian alone")
    command.add_argument("--mscoco-it", required=True, type=pathlib.Path, help="folder with the captions' file and val2014/")
    command.add_argument("--imagenet-it", required=True, type=pathlib.Path, help="folder with the labels' table and val/")
    command.add_argument("--out", required=True, type=pathlib.Path, help="folder for replication.json, items and embeddings")
    command.set_defaults(run=run_replicate)


def run_export(chosen: argparse.Namespace) -> None:
    """Writes the formats and prints what was written and what was left out."""
    out: pathlib.Path = chosen.out
    facts = Facts(name=out.resolve().name, licence=chosen.licence)
    reasons = writing.write(out, assembly.load(chosen.model), facts, chosen.format)
    for name in sorted(path.name for path in out.iterdir() if path.is_dir()):
        print(f"{out / name}: written")
    for name, reason in reasons.items():
        print(f"{name}: left out: {reason}")


def run_evaluate(chosen: argparse.Namespace) -> None:
    """Prints each metric by its published name, or the suite's table, and where the rest is."""
    if chosen.suite:
        return run_suite(chosen)
    place = evaluating.where(chosen.protocol, chosen.language)  # a wrong name is told before a model is loaded
    model = loading.load(chosen.model, images=chosen.images)
    options = {"language": chosen.language, "labels": chosen.labels, "progress": sys.stderr.isatty()}
    found = evaluating.evaluate(model, chosen.protocol, chosen.data, chosen.out, **options)
    for name, value in found.items():
        print(f"{name}: {'no value' if value is None else format(value, '.6f')}")
    print(f"{chosen.out / place}: written")


def run_suite(chosen: argparse.Namespace) -> None:
    """Prints a line for every set of a suite, those that are missing among them."""
    suites.load(chosen.suite)
    if chosen.language:
        raise InputError("--language: a suite says the language of each of its sets; leave it out")
    model = loading.load(chosen.model, images=chosen.images)
    table = suites.evaluate(model, chosen.suite, chosen.data, chosen.out, chosen.labels, progress=sys.stderr.isatty())
    print(suites.lines(table))
    print(f"{chosen.out / chosen.suite}: written")


def run_replicate(chosen: argparse.Namespace) -> None:
    """Prints every number expected and found; exit code 1 when one is not the published one."""
    replication.check_data(chosen.mscoco_it, chosen.imagenet_it)
    models = {"CLIP-Italian": loading.load(chosen.model)}
    if not chosen.without_mclip:
        models["mCLIP"] = loading.load(chosen.mclip, images=chosen.mclip_images)
    checks = replication.replicate(models, chosen.mscoco_it, chosen.imagenet_it, chosen.out, progress=sys.stderr.isatty())
    print(replication.table(checks))
    print(f"{chosen.out / 'replication.json'}: written")
    if not all(check.passed for check in checks):
        sys.exit(1)


def run_compare(chosen: argparse.Namespace) -> None:
    """Prints a line for every metric."""
    print(equivalence.table(equivalence.compare(chosen.first, chosen.second, chosen.margin), chosen.margin))


def run_associate(chosen: argparse.Namespace) -> None:
    """Prints effect size and p-values, and what the two sets of targets and of attributes are."""
    lists = associations.load(chosen.words)
    words = associations.vocabulary([chosen.words])
    vectors = loading.load(chosen.model).encode_text(words)
    found = associations.measure(lists, words, vectors, chosen.permutations, seed=0)
    (x, y), (a, b) = lists.targets, lists.attributes
    print(f"effect: {found.effect:.3f} (positive: {x} with {a}, {y} with {b}; at most 2 either way)")
    print(f"p: {found.p:.4f} one-sided, {found.p_two_sided:.4f} two-sided")


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs a command; bad input is one line and exit code 1."""
    chosen = parser().parse_args(arguments)
    try:
        chosen.run(chosen)
    except InputError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()

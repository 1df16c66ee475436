"""`python -m clip_italian replicate-2021`: compares the published weights with the published numbers."""

import argparse
import pathlib
import sys

from clip_italian.checkpoints import loading
from clip_italian.evaluation.published import replication


def add_options(command: argparse.ArgumentParser) -> None:
    """Adds the command's options; the models' defaults are the published names."""
    clip_italian, mclip = (row.system for row in replication.published().retrieval.rows)
    command.add_argument("--model", default=clip_italian, help="folder or name of CLIP-Italian (default: %(default)s)")
    command.add_argument("--mclip", default=mclip, help="folder or name of mCLIP (default: %(default)s)")
    command.add_argument("--mclip-images", help="folder or name of mCLIP's image tower, where --mclip is a folder")
    command.add_argument("--without-mclip", action="store_true", help="measure CLIP-Italian alone")
    command.add_argument("--mscoco-it", required=True, type=pathlib.Path, help="folder with the captions' file and val2014/")
    command.add_argument("--imagenet-it", required=True, type=pathlib.Path, help="folder with the labels' table and val/")
    command.add_argument("--out", required=True, type=pathlib.Path, help="folder for replication.json, items and embeddings")


def run(options: argparse.Namespace) -> None:
    """Prints every number expected and found; exit code 1 when one is not the published one."""
    replication.check_data(options.mscoco_it, options.imagenet_it)
    models = {"CLIP-Italian": loading.load(options.model)}
    if not options.without_mclip:
        models["mCLIP"] = loading.load(options.mclip, images=options.mclip_images)
    checks = replication.replicate(models, options.mscoco_it, options.imagenet_it, options.out, progress=sys.stderr.isatty())
    print(replication.table(checks))
    print(f"{options.out / 'replication.json'}: written")
    if not all(check.passed for check in checks):
        sys.exit(1)

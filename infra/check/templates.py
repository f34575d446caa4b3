"""Reads the templates of a folder, and gathers what all of the checks find."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from infra.check import kinds as kind
from infra.check import modules, names, parameters, parser, resources, tree
from infra.check.faults import Fault, NotBicepError
from infra.check.kinds import Kinds
from infra.check.scope import File

MAIN = "main.bicep"
ENVIRONMENTS = "*.parameters.json"


def check(folder: Path) -> list[Fault]:
    """Everything that is wrong in a folder of templates, in the order of the files."""
    try:
        files = read(folder)
    except NotBicepError as error:
        return [error.fault]
    found = {fault for file in files.values() for fault in _file_faults(file, files)}
    found |= set(modules.unused(files, [(folder / MAIN).resolve()]))
    found |= set(_environment_faults(folder, files))
    return sorted(found, key=lambda fault: (str(fault.at.file), fault.at.line, fault.text))


def read(folder: Path) -> Mapping[Path, File]:
    """Every template by its path. Raises NotBicepError."""
    paths = sorted(folder.rglob("*.bicep"))
    return {path.resolve(): File(path.resolve(), parser.read(path, _shown(path, folder))) for path in paths}


def _shown(path: Path, folder: Path) -> Path:
    return path.relative_to(folder.parent)


def _file_faults(file: File, files: Mapping[Path, File]) -> Iterator[Fault]:
    kinds = Kinds(file, _outputs(file, files))
    yield from names.faults(file)
    yield from kind.faults(file, kinds)
    yield from parameters.faults(file, kinds)
    yield from resources.faults(file, kinds)
    yield from modules.faults(file, files, kinds)


def _outputs(file: File, files: Mapping[Path, File]) -> Mapping[str, Mapping[str, str]]:
    """Module → output → its kind."""
    found = {module.name: modules.used(file, module, files) for module in file.all(tree.Module)}
    return {
        name: {each.name: each.kind for each in other.outputs.values()}
        for name, other in found.items()
        if other is not None
    }


def _environment_faults(folder: Path, files: Mapping[Path, File]) -> Iterator[Fault]:
    main = files.get((folder / MAIN).resolve())
    for path in sorted(folder.rglob(ENVIRONMENTS)):
        if main is not None:
            yield from modules.environment_faults(main, path, _shown(path, folder))

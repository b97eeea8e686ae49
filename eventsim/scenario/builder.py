"""The function that a scenario names: found, its parameters checked against its signature, and called."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import json
import sys
import typing
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from eventsim.scenario.problems import ScenarioError, explain, nearest

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from eventsim.scenario.schema import Scenario

Builder = Callable[..., Any]


def find_builder(specification: str, scenario_file: Path) -> Builder:
    """The function of ``module.path:function`` or ``path/to/file.py:function``.

    A module is looked for from the folder above ``scenario_file`` that holds it (the repository's root), then among
    the installed ones; a file, from the scenario's folder and those above it.  Raises ``ScenarioError``.
    """
    source, _, function = specification.rpartition(":")
    where = f"{scenario_file}: builder = {specification!r}"
    if source.endswith(".py"):
        module = _import_file(_find_file(source, scenario_file, where), where)
    else:
        module = _import_module(source, scenario_file, where)
    builder = getattr(module, function, None)
    if not callable(builder):
        raise ScenarioError(
            f"{where}: {source} has no function {function}, {nearest(function, _functions(module))}"
        )
    return typing.cast(Builder, builder)


def check_parameters(
    builder: Builder, scenario: Scenario, where: str, overridden: Iterable[str]
) -> dict[str, Any]:
    """The scenario's parameters, checked against the types and names in the builder's signature.

    Raises ``ScenarioError`` for a parameter that the builder lacks (naming the nearest), lets missing or takes in
    another type.
    """
    from pydantic import ValidationError

    document = {"parameters": scenario.parameters}
    checker, names = _parameter_document(builder, f"{where}: builder = {scenario.builder!r}")
    try:
        checked = checker.validate_json(json.dumps(document))
    except ValidationError as error:
        raise explain(error, document, where, {"parameters": names}, overridden) from None
    return typing.cast(dict[str, Any], checked["parameters"])


@functools.lru_cache(maxsize=8)  # a sweep asks for the same again and again
def _parameter_document(builder: Builder, where: str) -> tuple[TypeAdapter[dict[str, Any]], list[str]]:
    """What checks a document with the builder's ``parameters``, and their names."""
    from pydantic import ConfigDict, TypeAdapter
    from typing_extensions import TypedDict  # what pydantic asks for before Python 3.12

    try:
        named = inspect.signature(builder).parameters
    except ValueError:
        raise ScenarioError(
            f"{where}: its parameters are not known, as it is not written in Python"
        ) from None
    if "seed" not in named:
        raise ScenarioError(f"{where}: takes no seed")
    types = _annotations(builder, where)
    fields: dict[str, Any] = {
        name: types.get(name, Any) if each.default is each.empty else typing.NotRequired[types.get(name, Any)]
        for name, each in named.items()
        if each.kind in (each.KEYWORD_ONLY, each.POSITIONAL_OR_KEYWORD) and name != "seed"
    }
    open_ended = any(each.kind is each.VAR_KEYWORD for each in named.values())
    make_table: Any = TypedDict  # made at run time, where type checkers do not follow
    table = make_table("table", fields)
    table.__pydantic_config__ = ConfigDict(extra="allow" if open_ended else "forbid", strict=True)
    return TypeAdapter(make_table("document", {"parameters": table})), list(fields)


def _annotations(builder: Builder, where: str) -> dict[str, Any]:
    """The types of a function's parameters; its return type may be known to type checkers alone."""
    function = inspect.unwrap(builder)
    if not inspect.isfunction(function):
        return {}
    annotations = {key: value for key, value in function.__annotations__.items() if key != "return"}
    try:
        return typing.get_type_hints(
            SimpleNamespace(__annotations__=annotations), globalns=function.__globals__, include_extras=True
        )
    except NameError as error:
        raise ScenarioError(f"{where}: the type of a parameter is not known at run time: {error}") from None


def _functions(module: ModuleType) -> list[str]:
    return [
        name for name, value in vars(module).items() if inspect.isfunction(value) and not name.startswith("_")
    ]


def _find_file(source: str, scenario_file: Path, where: str) -> Path:
    path = Path(source).expanduser()
    for folder in scenario_file.resolve().parents:
        if (folder / path).is_file():
            return folder / path
    raise ScenarioError(f"{where}: no such file")


def _import_file(path: Path, where: str) -> ModuleType:
    """The module in the file ``path``, under the file's own name unless another module has it."""
    other_name = "eventsim_scenario_" + path.stem.replace(".", "_")
    for loaded in map(sys.modules.get, (path.stem, other_name)):
        if loaded is not None and getattr(loaded, "__file__", None) == str(path):
            return loaded
    taken = "." in path.stem or importlib.util.find_spec(path.stem) is not None
    name = other_name if taken else path.stem
    specification = importlib.util.spec_from_file_location(name, path)
    if specification is None or specification.loader is None:
        raise ScenarioError(f"{where}: not a Python file")
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))  # the file's neighbours can be imported, as from a script
    try:
        specification.loader.exec_module(module)
    except (ImportError, SyntaxError) as error:
        del sys.modules[name]
        raise ScenarioError(f"{where}: cannot be imported: {_import_failure(error)}") from error
    return module


def _import_module(name: str, scenario_file: Path, where: str) -> ModuleType:
    package = name.partition(".")[0]
    if not package:
        raise ScenarioError(f"{where}: a module's whole name is needed, or the name of a file, with .py")
    root = _repository_root(package, scenario_file)
    if root is not None and str(root) not in sys.path:
        sys.path.insert(0, str(root))
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name + ".").startswith(error.name + "."):
            raise ScenarioError(f"{where}: no module {error.name}, {_other_modules(name, root)}") from None
        raise ScenarioError(f"{where}: cannot be imported: {_import_failure(error)}") from error
    except (ImportError, SyntaxError) as error:
        raise ScenarioError(f"{where}: cannot be imported: {_import_failure(error)}") from error
    if root is not None and not Path(module.__file__ or root).resolve().is_relative_to(root):
        raise ScenarioError(f"{where}: {package} was already imported from elsewhere, {module.__file__}")
    return module


def _repository_root(package: str, scenario_file: Path) -> Path | None:
    """The nearest folder above the scenario that holds ``package``; eventsim itself is the one that runs."""
    if package == "eventsim":
        return None
    for folder in scenario_file.resolve().parents:
        if (folder / package).is_dir() or (folder / f"{package}.py").is_file():
            return folder
    return None


def _other_modules(name: str, root: Path | None) -> str:
    *packages, last = name.split(".")
    folder = None if root is None else root.joinpath(*packages)
    if folder is None or not folder.is_dir():
        return "neither above the scenario nor installed"
    modules = [path.stem for path in folder.glob("*.py") if path.stem != "__init__"]
    return nearest(last, modules, "modules", "".join(f"{package}." for package in packages))


def _import_failure(error: ImportError | SyntaxError) -> str:
    if isinstance(error, SyntaxError):
        return f"{error.msg} ({error.filename}, line {error.lineno})"
    return str(error)

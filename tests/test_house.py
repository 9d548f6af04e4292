"""The rules of the house that linters do not know: sizes, lazy imports, no code in files."""

import ast
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

import sestina

SOURCE = Path(sestina.__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))


def functions(tree):
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def code_lines(node):
    """Lines of a function without its docstring, which may be as long as it must."""
    length = node.end_lineno - node.lineno + 1
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        length -= first.end_lineno - first.lineno + 1
    return length


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_files_and_functions_are_small(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400, "two duties in one file"
    long = {f.name: code_lines(f) for f in functions(ast.parse(text)) if code_lines(f) > 50}
    assert not long


def test_half_of_the_files_are_within_150_lines():
    sizes = sorted(len(path.read_text(encoding="utf-8").splitlines()) for path in FILES)
    assert sizes[len(sizes) // 2] <= 150


# of classes and labels there are always two or more
NUMBER_AND_PLURAL = re.compile(
    r"(?:len\([^{}]*\)|:,)\} (?:(?!of )\w+ )?"
    r"(?:texts|tokens|rows|series|sequences|steps|epochs|words|features|fields)\b"
)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_a_number_has_its_noun_from_counted(path):
    assert not NUMBER_AND_PLURAL.findall(path.read_text(encoding="utf-8")), "1 rows; use counted"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_nothing_executes_on_load(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {
        name.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for name in node.names
    } | {
        (node.module or "").split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
    }
    assert not imported & {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert not called & {"eval", "exec", "compile", "torch.load", "torch.save"}


def run(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_import_loads_neither_torch_nor_numba():
    heavy = "('torch', 'numba', 'sklearn', 'polars', 'altair', 'scipy')"
    assert run(f"import sys, sestina; print([m for m in {heavy} if m in sys.modules])") == "[]"


def test_import_takes_less_than_0_3_seconds():
    code = "import time; s = time.perf_counter(); import sestina; print(time.perf_counter() - s)"
    assert min(float(run(code)) for _ in range(3)) < 0.3


def test_help_does_not_wait_for_torch():
    code = (
        "import sys\nfrom sestina.cli.app import main\n"
        "try:\n    main(['train', 'classify', '--help'])\n"
        "except SystemExit:\n    print('torch' in sys.modules)"
    )
    started = time.perf_counter()
    assert run(code).endswith("False")
    assert time.perf_counter() - started < 5


def test_public_names_exist_and_are_documented():
    for name in sestina.__all__:
        assert getattr(sestina, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        sestina.nonsense  # noqa: B018


def test_architecture_names_every_file():
    page = (SOURCE.parent.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    missing = [
        p.name
        for p in FILES
        if p.name != "__init__.py" and p.parent.name != "cli" and p.name not in page
    ]
    assert not missing

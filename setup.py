"""Compile the kernels; all else stands in pyproject.toml."""

import os
import sys
from pathlib import Path

from setuptools import Extension, setup

KERNELS = "serflow_opt.kernels"
MEMORY = f"{KERNELS}.memory"  # what Cython needs for arrays, once for all kernels; it writes the source
CHECKED = "SERFLOW_OPT_CHECKED" in os.environ  # kernels that read beyond no array: an index out of range raises
DIRECTIVES = {
    "language_level": 3,
    "boundscheck": CHECKED,
    "wraparound": False,
    "cdivision": True,
    "initializedcheck": CHECKED,
}
GCC = os.name != "nt"
# as numpy has it, to the last digit: no multiplication is fused with an addition
ARGUMENTS = ["-g0", "-ffp-contract=off"] if GCC else []

folder = Path(*KERNELS.split("."))
sources = sorted(source for source in folder.glob("*.py") if source.stem != "__init__")
compiles = {"bdist_wheel", "build", "build_ext", "develop", "editable_wheel", "install"} & set(sys.argv)
modules = [
    Extension(f"{KERNELS}.{source.stem}", [source.as_posix()], extra_compile_args=ARGUMENTS) for source in sources
]
modules.append(
    Extension(MEMORY, [(folder / "memory.c").as_posix()], extra_compile_args=[*ARGUMENTS, *(["-O1"] if GCC else [])])
)
if compiles:  # a description or an archive of sources needs no C
    from Cython.Build import cythonize

    modules = cythonize(
        modules,
        build_dir="build/checked" if CHECKED else "build/cython",
        compiler_directives=DIRECTIVES,
        shared_utility_qualified_name=MEMORY,
    )
    for module in modules:
        module.optional = True  # where there is no compiler the package works without; cythonize drops the argument
setup(ext_modules=modules if compiles else [], options={"build_ext": {"parallel": os.cpu_count()}})

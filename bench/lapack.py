"""NumPy's linear algebra on request, for bench/lapack.mjs: one JSON question a line, one JSON answer a line.

The first line says which BLAS it is; the loaded library is asked. {"op", "n", "file"} times one run on the n×n float64
matrix in the file; `first` depends on the result.
"""
import ctypes
import json
import sys
import time

import numpy

OPERATIONS = {
    "eigh": lambda a, _: numpy.linalg.eigh(a)[0],
    "gemm": lambda a, b: a @ b,
    "Cholesky": lambda a, _: numpy.linalg.cholesky(a),
    "LU solve": lambda a, _: numpy.linalg.solve(a, a[0]),
}


def libraries():
    """BLAS and LAPACK files in this process."""
    with open("/proc/self/maps", encoding="utf8") as maps:
        paths = {line.split()[-1] for line in maps if "blas" in line or "lapack" in line}
    return sorted(path for path in paths if ".so" in path)


def openblas(path):
    """{core, config, threads} of an OpenBLAS, or None."""
    try:
        library = ctypes.CDLL(path)
        library.openblas_get_corename.restype = ctypes.c_char_p
        library.openblas_get_config.restype = ctypes.c_char_p
        core = library.openblas_get_corename().decode()
        return {"core": core, "config": library.openblas_get_config().decode(), "threads": library.openblas_get_num_threads()}
    except (OSError, AttributeError):
        return None


def about():
    numpy.linalg.eigh(numpy.eye(3))
    paths = libraries()
    found = next(filter(None, map(openblas, paths)), None)
    return {"numpy": numpy.__version__, "libraries": paths, "openblas": found}


def run(op, n, file):
    a = numpy.fromfile(file).reshape(n, n)
    b = numpy.ascontiguousarray(a.T)
    start = time.perf_counter()
    result = OPERATIONS[op](a, b)
    return {"ms": (time.perf_counter() - start) * 1e3, "first": float(result.flat[0])}


def main():
    print(json.dumps(about()), flush=True)
    for line in sys.stdin:
        print(json.dumps(run(**json.loads(line))), flush=True)


main()

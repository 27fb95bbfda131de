"""Writes classify.json: scikit-learn's GaussianProcessClassifier on kernels of this library.

Run by hand, with numpy and scikit-learn: python3 test/vectors/classify.py

Two binary sets, rows of examples/data: iris (versicolor, virginica) with the tangent kernel of an infinitely wide relu
network, whose closed form is computed here, and breast cancer (rows 0 to 119) with a squared exponential kernel. Of
every five rows one is for testing. The classifier sees a kernel that looks up its entries, and optimises nothing. Its
stopping rule looks at the evidence; warm starts make it go on until the mode no longer moves.
"""

import csv
import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import Kernel

HERE = Path(__file__).parent
DATA = HERE.parent.parent / "examples" / "data"


class Stored(Kernel):
    """The kernel of numbered points."""

    def __init__(self, matrix=None):
        self.matrix = matrix

    def __call__(self, X, Y=None, eval_gradient=False):
        rows = X[:, 0].astype(int)
        cols = rows if Y is None else Y[:, 0].astype(int)
        K = self.matrix[np.ix_(rows, cols)]
        return (K, np.empty(K.shape + (0,))) if eval_gradient else K

    def diag(self, X):
        rows = X[:, 0].astype(int)
        return self.matrix[rows, rows]

    def is_stationary(self):
        return False


def relu_tangent(X, weight_std, bias_std):
    """One hidden layer: MATH.md, section 6. The angle is taken from differences of unit vectors (Kahan)."""
    w, b = weight_std**2, bias_std**2
    V = np.hstack([np.sqrt(w / X.shape[1]) * X, np.full((len(X), 1), np.sqrt(b))])
    size = np.linalg.norm(V, axis=1)
    U = V / size[:, None]
    apart = np.linalg.norm(U[:, None] - U[None], axis=2)
    along = np.linalg.norm(U[:, None] + U[None], axis=2)
    angle = 2 * np.arctan2(apart, along)
    product = np.outer(size, size)
    first = product * np.cos(angle)
    slope = (np.pi - angle) / (2 * np.pi)
    value = product * np.sin(angle) / (2 * np.pi) + first * slope
    return w * value + b + w * first * slope


def squared_exponential(X, length_scale, amplitude):
    squares = ((X[:, None] - X[None]) ** 2).sum(axis=2)
    return amplitude**2 * np.exp(-squares / (2 * length_scale**2))


def rows_of(name, keep):
    with open(DATA / f"{name}.csv", newline="") as file:
        rows = list(csv.reader(file))[1:]
    rows = [row for i, row in enumerate(rows) if keep(i, row[-1])]
    X = np.array([[float(x) for x in row[:-1]] for row in rows])
    return (X - X.mean(axis=0)) / X.std(axis=0), [row[-1] for row in rows]


def case(name, model, X, labels, K):
    index = np.arange(len(X))
    train, test = index[index % 5 != 0], index[index % 5 == 0]
    classifier = GaussianProcessClassifier(Stored(K), optimizer=None, warm_start=True, max_iter_predict=1000)
    classifier.fit(train[:, None], np.array(labels)[train])
    base = classifier.base_estimator_
    before = None
    for _ in range(50):
        evidence = base.log_marginal_likelihood()
        if before is not None and np.abs(base.f_cached - before).max() < 1e-12:
            break
        before = base.f_cached.copy()
    _, (pi, root, L, _, _) = base._posterior_mode(K[np.ix_(train, train)], return_temporaries=True)
    cross = K[np.ix_(test, train)]
    v = np.linalg.solve(L, (root * cross).T)
    return {
        "name": name,
        "model": model,
        "X": X.round(12).tolist(),
        "labels": labels,
        "evidence": float(evidence),
        "mode": base.f_cached.tolist(),
        "mean": (cross @ (base.y_train_ - pi)).tolist(),
        "variance": (K[test, test] - (v**2).sum(axis=0)).tolist(),
        "probability": classifier.predict_proba(test[:, None])[:, 1].tolist(),
    }


def main():
    X, labels = rows_of("iris", lambda i, label: label != "setosa")
    X = X.round(12)
    relu = {"kind": "infinite", "depth": 1, "weightStd": 2, "biasStd": 0.5}
    iris = case("iris", relu, X, labels, relu_tangent(X, relu["weightStd"], relu["biasStd"]))
    X, labels = rows_of("breast_cancer", lambda i, label: i < 120)
    X = X.round(12)
    rbf = {"kind": "rbf", "lengthScale": 6, "amplitude": 4}
    cancer = case("breast_cancer", rbf, X, labels, squared_exponential(X, rbf["lengthScale"], rbf["amplitude"]))
    made = {"scikit-learn": sklearn.__version__, "cases": [iris, cancer]}
    (HERE / "classify.json").write_text(json.dumps(made) + "\n")


main()

"""Trains a small network in Keras and writes its weights beside this file, as JSON. Needs keras and a backend."""
import json
from pathlib import Path

import keras
import numpy as np

HERE = Path(__file__).parent

keras.utils.set_random_seed(0)
X = np.random.uniform(-2, 2, (200, 2)).astype("float32")
Y = X[:, :1] * np.sin(X[:, 1:])
model = keras.Sequential([
    keras.Input((2,)), keras.layers.Dense(12, activation="gelu"), keras.layers.Dense(8, activation="silu"),
    keras.layers.Dense(1),
])
model.compile(keras.optimizers.Adam(0.01), "mse")
model.fit(X, Y, epochs=100, verbose=0)
points = X[:5]

# A kernel of Keras has a row for each input. get_weights() is [kernel, bias], or [kernel] with use_bias=False.
dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
layers = [dict(zip(["weights", "bias"], [array.tolist() for array in layer.get_weights()])) for layer in dense]
activation = [layer.activation.__name__ for layer in dense[:-1]]
check = {"X": points.tolist(), "f": model.predict(points, verbose=0).tolist()}
(HERE / "keras.json").write_text(json.dumps({"layers": layers, "activation": activation, **check}))

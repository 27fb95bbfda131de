"""Writes pytorch_layers.json and tensors.safetensors beside itself: networks of PyTorch, and a file with every dtype.

Each case is a model in float64: its state_dict as nested lists, inputs X, outputs f, the Jacobian of f with respect to
each tensor of the state_dict by autograd (row n*C + c), and theta, the sum of J J^T over the tensors. The tensors of
the file are those that test/safetensors.node.test.ts reads, with their values as PyTorch widens them.

Debian: apt-get install python3-torch; pip install safetensors packaging.
"""
import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

HERE = Path(__file__).parent


class Residual(nn.Module):
    """The second hidden layer adds the pre-activation of the first."""

    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(3, 4), nn.Linear(4, 4), nn.Linear(4, 1)

    def forward(self, x):
        z = self.fc1(x)
        return self.fc3(nn.functional.softplus(z + self.fc2(torch.sigmoid(z))))


def cases():
    yield "3-5-4-2, tanh", ["tanh", "tanh"], nn.Sequential(
        nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 2))
    yield "2-6-1, relu, no biases", ["relu"], nn.Sequential(
        nn.Linear(2, 6, bias=False), nn.ReLU(), nn.Linear(6, 1, bias=False))
    yield "2-4-3-2, gelu and silu, a bias in one layer", ["gelu", "silu"], nn.Sequential(
        nn.Linear(2, 4, bias=False), nn.GELU(), nn.Linear(4, 3), nn.SiLU(), nn.Linear(3, 2, bias=False))
    yield "3-4-4-1, sigmoid and softplus, residual", ["sigmoid", "softplus"], Residual()


def values_of(model, X):
    names, parameters = zip(*model.named_parameters())
    f = model(X)
    rows = [torch.autograd.grad(value, parameters, retain_graph=True) for value in f.flatten()]
    jacobian = {name: torch.stack([row[i].flatten() for row in rows]) for i, name in enumerate(names)}
    theta = sum(J @ J.T for J in jacobian.values())
    return {
        "f": f.tolist(), "jacobian": {name: J.tolist() for name, J in jacobian.items()}, "theta": theta.tolist(),
    }


def main():
    torch.manual_seed(1)
    torch.set_default_dtype(torch.float64)
    written = []
    for name, activation, model in cases():
        for parameter in model.parameters():
            nn.init.normal_(parameter, std=0.7)
        X = torch.randn(4, next(model.parameters()).shape[1])
        state = {key: tensor.tolist() for key, tensor in model.state_dict().items()}
        written.append({"name": name, "activation": activation, "state": state, "X": X.tolist(), **values_of(model, X)})
    # Half precision: zeros of both signs, subnormals, the smallest normal and the largest number, and thirds.
    numbers = torch.tensor([0.0, -0.0, 2.0**-24, 2.0**-14, 65504.0, 1 / 3, -2 / 3, 5 * 2.0**-24])
    types = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
    tensors = {key: numbers.to(dtype).reshape(2, 4) for key, dtype in types.items()}
    tensors["I64"] = torch.tensor(3)
    save_file(tensors, HERE / "tensors.safetensors", metadata={"format": "pt"})
    widened = {key: tensors[key].double().flatten().tolist() for key in types}
    result = {"torch": torch.__version__, "cases": written, "tensors": widened}
    (HERE / "pytorch_layers.json").write_text(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()

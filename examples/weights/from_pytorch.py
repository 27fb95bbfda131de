"""Trains a small network in PyTorch and writes its weights beside this file, as JSON and as safetensors.

Needs torch, and safetensors for the second file.
"""
import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

HERE = Path(__file__).parent

torch.manual_seed(0)
X = 4 * torch.rand(200, 2) - 2
Y = X[:, :1] * torch.sin(X[:, 1:])
model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(1000):
    optimizer.zero_grad()
    nn.functional.mse_loss(model(X), Y).backward()
    optimizer.step()
points = X[:5]

# The linear layers in forward order. A float32 number is a double, and JSON keeps the digits of doubles.
linear = [module for module in model.modules() if isinstance(module, nn.Linear)]
layers = [{"weights": m.weight.tolist(), "bias": None if m.bias is None else m.bias.tolist()} for m in linear]
# What the model makes of some inputs, to compare with.
check = {"X": points.tolist(), "f": model(points).tolist()}
(HERE / "pytorch.json").write_text(json.dumps({"layers": layers, **check}))

save_file(model.state_dict(), HERE / "pytorch.safetensors")

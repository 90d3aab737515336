"""A training whose gradient goes wrong on the way: a spot check every 50 steps sees it.

From step 120 on the second layer is detached by mistake, as where a cache of features
is switched on.
"""

import logging

import torch
from torch import nn

from clinometer import SpotCheck

logging.basicConfig(level=logging.INFO, format="%(message)s")


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(64, 32), nn.Linear(32, 32)
        self.drop, self.last = nn.Dropout(0.1), nn.Linear(32, 10)
        self.cached = False

    def forward(self, x):
        x = self.second(self.first(x).tanh()).tanh()
        x = x.detach() if self.cached else x
        return self.last(self.drop(x))


torch.manual_seed(0)
model = Network()
optimizer = torch.optim.Adam(model.parameters(), 1e-3)
spot = SpotCheck(model, every=50)

for step in range(1, 201):
    model.cached = step > 120
    x = torch.randn(64, 64)
    y = x[:, :10].argmax(dim=1)
    optimizer.zero_grad()
    loss = spot.loss(lambda: nn.functional.cross_entropy(model(x), y))  # noqa: B023
    loss.backward()
    spot.check()
    optimizer.step()

for found in spot.found:
    print(found)
print(spot.summary())

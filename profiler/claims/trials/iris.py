"""Trains the Iris network in both layouts, and exports it."""

from pathlib import Path

import torch
from torch.nn import functional

from profiler.artifacts.build import export_bundle
from profiler.artifacts.records import Form
from profiler.claims.iris import IrisRun, Training
from profiler.models.iris import load_iris
from profiler.models.layout import WeightLayout
from profiler.models.networks import MLP, iris_net

SEED = 1
LEARNING_RATE = 0.05
BATCH = 10


def train(*, epochs: int, folder: str) -> IrisRun:
    """Train both layouts from one start, over the same batches, with one thread, and export the network to `folder`."""
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    start = iris_net(WeightLayout.OUT_IN)
    data = load_iris()
    x, species = torch.from_numpy(data.x), torch.from_numpy(data.species)
    networks = {layout: start.with_layout(layout) for layout in WeightLayout}
    trainings = {layout: _train(network, x, species, epochs=epochs) for layout, network in networks.items()}
    trained = networks[WeightLayout.OUT_IN]
    export_bundle(
        [trained.workload],
        Path(folder),
        suite="iris",
        forms=[Form.CONTROLLED],
        networks={trained.workload.name: trained},
    )
    return IrisRun(flowers=len(species), trainings=trainings)


def _train(network: MLP, x: torch.Tensor, species: torch.Tensor, *, epochs: int) -> Training:
    optimizer = torch.optim.SGD(network.parameters(), lr=LEARNING_RATE)
    order = torch.Generator().manual_seed(SEED)
    losses = []
    for _ in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(x), generator=order).split(BATCH):
            optimizer.zero_grad()
            loss = functional.nll_loss(network(x[batch]), species[batch])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        losses.append(total / len(x))
    with torch.no_grad():
        right = int((network(x).argmax(dim=1) == species).sum())
    return Training(
        shapes=tuple((layer.weight.shape[0], layer.weight.shape[1]) for layer in network.linears),
        losses=tuple(losses),
        right=right,
    )

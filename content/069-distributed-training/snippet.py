# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# [tool.kb]
# launcher = "torchrun"
# processes = 2
# ///
"""DDP: each process computes on its shard, backward averages the gradients, so all take the step of one big batch."""

import copy
import multiprocessing
import os
import tempfile

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
N, D, B, W, EPOCHS, LR = 64, 8, 8, 2, 4, 0.05  # samples, features, batch of one rank, ranks


# %% In short: what every process runs once the group is open
def train(model: nn.Module, data: TensorDataset, epochs: int) -> DistributedDataParallel:
    ddp = DistributedDataParallel(model)  # all take over the weights of rank 0
    sampler = DistributedSampler(data)  # shuffles, and gives each process its own part
    loader = DataLoader(data, batch_size=B, sampler=sampler)  # shuffle=True beside a sampler is an error
    optimizer = torch.optim.SGD(ddp.parameters(), lr=LR)
    for epoch in range(epochs):
        # hole: train-epoch
        sampler.set_epoch(epoch)
        for x, y in loader:
            optimizer.zero_grad()
            (ddp(x) - y).square().mean().backward()  # averages the gradients over the processes
            optimizer.step()
        # end
        if dist.get_rank() == 0:
            print(f"epoch={epoch + 1} loss={F.mse_loss(model(data[:][0]), data[:][1]).item():.4f}")
    return ddp


# %% The yardstick: one process that takes the batches of all ranks joined
def train_alone(model: nn.Module, data: TensorDataset, batch: int, lr: float) -> torch.Tensor:
    model = copy.deepcopy(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    sampler = DistributedSampler(data, num_replicas=1, rank=0)  # the same shuffles, not divided
    for epoch in range(EPOCHS):
        sampler.set_epoch(epoch)
        for picked in torch.tensor(list(sampler), device=device).split(batch):
            x, y = data[picked]  # (batch, D), (batch, 1)
            optimizer.zero_grad()
            F.mse_loss(model(x), y).backward()
            optimizer.step()
    return flat(model)


def flat(model: nn.Module) -> torch.Tensor:
    return nn.utils.parameters_to_vector(model.parameters()).detach().cpu()


def gradient(model: nn.Module) -> torch.Tensor:
    return nn.utils.parameters_to_vector([p.grad for p in model.parameters()]).cpu()


def gather(value: object) -> list:
    dist.all_gather_object(values := [None] * W, value)
    return values  # one from each rank, in order, known to every rank


def work(rank: int) -> None:
    # %% Wrapping gives every rank the weights of rank 0
    torch.manual_seed(rank)  # different on purpose
    model = nn.Sequential(nn.Linear(D, 16), nn.Tanh(), nn.Linear(16, 1)).to(device)  # harmless: any model will do
    drawn = gather(flat(model))
    ddp = DistributedDataParallel(model)
    assert not torch.equal(*drawn) and torch.equal(flat(model), drawn[0]), "each drew its own, all now hold rank 0's"

    # %% The sampler deals out the data: disjoint shards, a new shuffle for each epoch that is announced
    torch.manual_seed(0)  # here the ranks must agree: the same data everywhere
    x = torch.randn(N, D, device=device)
    data = TensorDataset(x, x.mean(1, keepdim=True).sin())  # (N, D), (N, 1)  # harmless: any target will do
    sampler = DistributedSampler(data)  # asks the process group for rank and world size
    shards, again = gather(list(sampler)), gather(list(sampler))
    sampler.set_epoch(1)
    fresh = gather(list(sampler))
    assert sorted(shards[0] + shards[1]) == sorted(fresh[0] + fresh[1]) == list(range(N)), "disjoint, all covered"
    assert shards == again and shards != fresh, "only set_epoch brings another shuffle"

    # %% Backward averages over the ranks: the gradient is the big batch's; no_sync puts the averaging off
    big = copy.deepcopy(model)
    x, y = data[shards[0][: 2 * B] + shards[1][: 2 * B]]  # two batches of each rank, joined
    F.mse_loss(big(x), y).backward()
    expected = gradient(big)
    first, second = shards[rank][:B], shards[rank][B : 2 * B]
    with ddp.no_sync():
        (F.mse_loss(ddp(data[first][0]), data[first][1]) / 2).backward()
    assert not torch.equal(*gather(gradient(ddp))), "so far each rank holds its own"
    (F.mse_loss(ddp(data[second][0]), data[second][1]) / 2).backward()
    torch.testing.assert_close(gradient(ddp), expected, rtol=1e-4, atol=1e-6)

    # %% Train, and compare with the big batch in one process
    alone = copy.deepcopy(model)
    model.zero_grad()  # harmless: so does the loop
    ddp = train(model, data, EPOCHS)
    assert torch.equal(*gather(flat(model))), "the same steps on every rank"
    torch.testing.assert_close(flat(model), train_alone(alone, data, W * B, LR), rtol=1e-4, atol=1e-5)

    # %% Rank 0 saves, all load
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(gather(folder)[0], "model.pt")  # in rank 0's folder
        if rank == 0:  # harmless: what either rank writes is the same
            torch.save(ddp.module.state_dict(), path)  # the bare model's names, without "module."
        dist.barrier()  # nobody reads before the file is complete
        state = torch.load(path, map_location=device)
        dist.barrier()  # nobody removes the folder before all have read
    assert all(torch.equal(state[name], p) for name, p in model.named_parameters()), "one file serves all ranks"

    # %% W times the batch, W times fewer steps: the learning rate of one process is now too small
    one = train_alone(alone, data, B, LR)
    same, scaled = ((train_alone(alone, data, W * B, lr) - one).norm().item() for lr in (LR, W * LR))
    assert scaled < same / 2, "with lr times W the weights stay close to those of the one-process run"
    if rank == 0:
        print(f"{W} ranks: disjoint shards, gradients and trained weights equal to the big batch's")
        print(f"distance to training alone with batch {B}: {same:.3f} with the same lr, {scaled:.3f} with {W} times it")


def main(**group: object) -> None:
    dist.init_process_group("gloo", **group)  # without arguments: reads RANK and so on, which torchrun sets
    work(dist.get_rank())  # a function: if DDP outlived the next line, that could hang, though rarely
    dist.destroy_process_group()


# %% Under torchrun this process is one of two; plain python starts both itself
if "RANK" in os.environ:
    main()
else:
    with tempfile.TemporaryDirectory() as folder:
        group = {"init_method": f"file://{folder}/store", "world_size": W}
        fork = multiprocessing.get_context("fork")
        ranks = [fork.Process(target=main, kwargs={**group, "rank": rank}) for rank in range(W)]
        for process in ranks:
            process.start()
        for process in ranks:
            process.join()
    assert all(process.exitcode == 0 for process in ranks), "a rank failed; its error stands above"

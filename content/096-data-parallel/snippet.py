# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Data parallelism: every rank holds the whole model, works on a shard, and all step along one averaged gradient."""

import copy
import os
import tempfile
from datetime import timedelta
from functools import partial

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DistributedDataParallel as DDP

device = torch.device(os.environ.get("KB_DEVICE", "cpu"))  # for the maths; the ranks share this machine's CPU
W, N, D, H = 2, 12, 6, 16  # ranks, samples, features, hidden units
EQUAL, UNEQUAL, SHORT = [6, 6], [9, 3], [5, 2]  # samples of rank 0 and of rank 1; short: of a last batch
near = partial(torch.allclose, rtol=1e-4, atol=1e-4)


# %% In short
def replicate(model):  # the whole model on every rank; backward() averages the gradients over the ranks
    return DDP(model, gradient_as_bucket_view=True)  # without a second copy of the gradients


def shard(model):  # every rank keeps a W-th of parameters, gradients and optimizer state
    for part in (*model, model):  # each layer, then the whole: one layer at a time is gathered
        fully_shard(part, mesh=dist.init_device_mesh("cpu", (W,)))  # by default: all ranks' GPUs  # harmless: no GPU
    return model  # make the optimizer now, from the new parameters


# %% What every process begins with, and how it trains
def setup():  # by seed: the same weights and data in every process
    torch.manual_seed(0)
    x = torch.randn(N, D)
    y = x[:, :2] + torch.linspace(0, 3, N)[:, None]  # (N, 2), drifts: shards differ  # harmless: any
    return nn.Sequential(nn.Linear(D, H), nn.Tanh(), nn.Linear(H, 2)), x, y  # harmless: any net will do


def flat(tensors):
    whole = (t.full_tensor() if hasattr(t, "full_tensor") else t for t in tensors)  # gathers what FSDP has divided
    return torch.cat([t.detach().flatten() for t in whole]).cpu()  # harmless: it frees memory only


def train(model, x, y):  # returns the result and the bytes that this process keeps from step to step
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(20):
        optimizer.zero_grad()  # harmless: as long as all three do the same
        F.mse_loss(model(x), y).backward()
        optimizer.step()
    optimizer.zero_grad()
    F.mse_loss(model(x), y).backward()  # the gradient at the last weights
    moments = [m for state in optimizer.state.values() for m in state.values() if m.ndim]  # two for each parameter
    kept = [*model.parameters(), *(p.grad for p in model.parameters()), *moments]
    local = (t.to_local() if hasattr(t, "to_local") else t for t in kept)  # of a divided tensor, this rank's part
    return flat(kept), sum({s.data_ptr(): s.nbytes() for s in (t.untyped_storage() for t in local)}.values())


# %% All-reduce: each rank brings the gradient of the mean loss over its own n samples
def average_gradients(model, n):
    # hole: average-gradients
    total = torch.tensor(n)
    dist.all_reduce(total)  # in place, a sum by default: now the number of samples on all ranks
    for p in model.parameters():
        p.grad *= n / total
        dist.all_reduce(p.grad)
    # end


# %% What every rank runs
def work(rank):
    (model, x, y), seen = setup(), {}
    for split, sizes in (("equal", EQUAL), ("unequal", UNEQUAL), ("short", SHORT)):
        n, total = sizes[rank], sum(sizes)
        mine, wanted = x[:total].split(sizes)[rank], y[:total].split(sizes)[rank]  # (n, D), (n, 2)
        own, plain, weighted = copy.deepcopy(model), DDP(copy.deepcopy(model)), DDP(copy.deepcopy(model))
        F.mse_loss(own(mine), wanted).backward()
        average_gradients(own, n)
        F.mse_loss(plain(mine), wanted).backward()  # DDP adds up over the ranks and divides by W
        (W * n / total * F.mse_loss(weighted(mine), wanted)).backward()
        seen[split] = [flat(p.grad for p in net.parameters()) for net in (own, plain, weighted)]
    saving, mine, wanted = DDP(copy.deepcopy(model)), x.chunk(W)[rank], y.chunk(W)[rank]  # harmless: a copy
    with saving.no_sync():  # nothing is sent
        (F.mse_loss(saving(mine[:3]), wanted[:3]) / 2).backward()
    seen["not yet sent"] = flat(p.grad for p in saving.parameters())
    (F.mse_loss(saving(mine[3:]), wanted[3:]) / 2).backward()  # sends what has been added up
    seen["accumulated"] = flat(p.grad for p in saving.parameters())
    seen["trained"] = [train(net, mine, wanted) for net in (replicate(copy.deepcopy(model)), shard(model))]
    return seen


def main(rank, folder):
    group = {"rank": rank, "world_size": W, "timeout": timedelta(seconds=30)}  # for those who wait in vain
    dist.init_process_group("gloo", f"file://{folder}/store", **group)
    torch.save(work(rank), f"{folder}/{rank}.pt")
    dist.destroy_process_group()


# %% Two ranks on this machine, forked before this process has computed anything
with tempfile.TemporaryDirectory() as folder:
    torch.multiprocessing.start_processes(main, args=(folder,), nprocs=W, start_method="fork")
    seen = [torch.load(f"{folder}/{rank}.pt") for rank in range(W)]


# %% The maths, in one process: the gradients of the shards against that of the whole batch
def gradients(sizes, reduction="mean"):  # (shards, P)
    shards = zip(x.split(sizes), y.split(sizes), strict=True)
    losses = (F.mse_loss(model(mine), wanted, reduction=reduction) for mine, wanted in shards)
    return torch.stack([flat(torch.autograd.grad(loss, [*model.parameters()])) for loss in losses])


model, x, y = (part.to(device) for part in setup())
(full,), equal, unequal = gradients([N]), gradients(EQUAL), gradients(UNEQUAL)
short = flat(torch.autograd.grad(F.mse_loss(model(x[:7]), y[:7]), [*model.parameters()]))
off = (unequal.mean(0) - full).norm() / full.norm()
assert near(equal.mean(0), full), "equal shards: the mean of their means is the mean"
assert 0.1 < off < 0.9, "unequal shards: it is another vector"
assert near(torch.tensor(UNEQUAL) / N @ unequal, full), "weights n / N mend it"
assert near(gradients(UNEQUAL, "sum").sum(0), gradients([N], "sum")[0], atol=1e-2), "sums add up at any sizes"
for rank in seen:
    (own, plain, _), (own_unequal, plain_unequal, weighted) = rank["equal"], rank["unequal"]
    assert near(own, full) and near(own_unequal, full), "each rank needs the gradient of the whole batch"
    assert near(plain, full) and near(plain_unequal, unequal.mean(0)), "DDP takes the plain mean over the ranks"
    assert near(weighted, full), "a loss times W n / N makes DDP right for unequal shards"
    assert near(rank["short"][0], short) and near(rank["short"][2], short), "N is counted anew for each batch"
    assert near(rank["accumulated"], full), "under no_sync the gradients add up, the last backward averages them"
assert not near(seen[0]["not yet sent"], seen[1]["not yet sent"]), "until then each rank has its own"
print(f"shards of {UNEQUAL}: the mean of their mean gradients is off by {off:.0%}; weighted by n / N, by 0")

# %% Two ranks or one process: the same weights, hence the same generalisation
alone, _ = train(model, x, y)  # weights, gradients and moments
assert near(alone.split(full.numel())[1], gradients([N])[0]), "of one batch, not of all since the start"
for ddp, fsdp in (rank["trained"] for rank in seen):
    torch.testing.assert_close(torch.stack([ddp[0], fsdp[0]]), alone.expand(2, -1), rtol=1e-3, atol=1e-3)
assert torch.equal(seen[0]["trained"][0][0], seen[1]["trained"][0][0]), "under DDP the ranks agree bit for bit"

# %% Memory of a rank with Adam in fp32: parameter, gradient and two moments make 16 bytes a parameter
P, sizes = full.numel(), [[size for _, size in rank["trained"]] for rank in seen]
assert sizes == [[16 * P, 16 * P // W]] * W, "DDP: all of it on each rank; FSDP: a W-th"
print(f"{P} parameters, bytes on each of {W} ranks: DDP {sizes[0][0]}, fully sharded {sizes[0][1]}")

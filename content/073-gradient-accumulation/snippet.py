# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Gradients of micro-batches add up to the large batch's, if each is divided by the labels of the whole group."""

import os
import weakref
from itertools import islice

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
torch.set_num_threads(1)  # tensors this small gain nothing from more
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
torch.set_default_device(device)  # harmless: it is the CPU anyway, unless KB_DEVICE says otherwise
close = torch.testing.assert_close


# %% In short
def backward_in_pieces(model, group):  # leaves in .grad the gradient of the mean over all labels of the group
    # hole: accumulated-step
    total = sum((targets != -100).sum() for _, targets in group)  # labels that count: -100 is padding
    for inputs, targets in group:
        loss = F.cross_entropy(model(inputs.to(device)), targets.to(device), reduction="sum")
        (loss / total).backward()  # adds to .grad, and frees the graph of this micro-batch
    # end


def train_epoch(model, loader, optimizer, scheduler, accumulate=4, max_norm=1.0):
    batches = iter(loader)
    while group := list(islice(batches, accumulate)):  # the last group may be shorter
        optimizer.zero_grad()
        backward_in_pieces(model, group)
        nn.utils.clip_grad_norm_(model.parameters(), max_norm)  # once, when all is added up
        optimizer.step()
        scheduler.step()  # once for each step of the optimizer


# %% The gradient of the large batch, whatever the pieces: in float64, so that rounding hides nothing
def net_of(norm):
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(6, 16), norm, nn.Tanh(), nn.Linear(16, 5)).double()  # harmless: exact without Tanh


def gradient(model, backward, *data):
    model.zero_grad(set_to_none=False)
    backward(model, *data)
    return torch.cat([p.grad.flatten() for p in model.parameters()])


def whole(model, rows, labels):
    F.cross_entropy(model(rows), labels).backward()


def pieces(sizes, labels):
    return list(zip(x.split(sizes), labels.split(sizes), strict=True))


def off_by(model, backward, sizes, labels, *more):  # in lengths of the large batch's gradient
    wanted = gradient(model, whole, x, labels)
    return ((gradient(model, backward, pieces(sizes, labels), *more) - wanted).norm() / wanted.norm()).item()


x, full = torch.randn(240, 6, dtype=torch.float64), torch.randint(5, (240,))
padded = torch.cat((full[:16], torch.full((104,), -100), full[120:]))  # padding, mostly in the first piece
net = net_of(nn.LayerNorm(16))  # harmless: the other norms come below
for sizes in ((240,), (80, 80, 80), (110, 110, 20), (1, 7, 22, 210), (20,) * 12):
    assert off_by(net, backward_in_pieces, sizes, padded) < 1e-6 and net.training
assert not gradient(net, backward_in_pieces, [(x[16:120], padded[16:120])]).any(), "no label, no gradient"
by_hand = [(torch.tensor([[-16.0, 16.0]]), torch.tensor([0])), (torch.tensor([[-12.0, 12.0]]), torch.tensor([1]))]
close(gradient(nn.PReLU(init=-1.0), backward_in_pieces, by_hand), torch.tensor([1.0]))  # equal logits: 4 - 3
print("gradients of 1, 3, 4 and 12 pieces equal the whole batch's")


# %% The usual loop divides each piece's mean by a constant: right for equal pieces in full groups alone
def mean_of_means(model, group, accumulate):
    for inputs, targets in group:
        (F.cross_entropy(model(inputs), targets) / accumulate).backward()


cases = {"equal pieces": ((80, 80, 80), full, 3), "110 + 110 + 20 rows": ((110, 110, 20), full, 3),
         "padding": ((80, 80, 80), padded, 3), "2 pieces divided by 4": ((120, 120), full, 4)}  # fmt: skip
shares = [off_by(net, mean_of_means, *case) for case in cases.values()]
print("mean of means, off by:", {name: f"{share:.0%}" for name, share in zip(cases, shares, strict=True)})
assert shares[0] < 1e-12 and shares[1] > 0.2 and shares[2] > 0.15 and abs(shares[3] - 0.5) < 1e-12

# %% What is not a sum over samples: BatchNorm
for name, norm in {"LayerNorm": nn.LayerNorm(16), "GroupNorm": nn.GroupNorm(4, 16), "BatchNorm": nn.BatchNorm1d(16),
                   "BatchNorm in eval()": nn.BatchNorm1d(16).eval()}.items():  # fmt: skip
    share = off_by(net_of(norm), backward_in_pieces, (20,) * 12, full)
    print(f"{name}: off by {share:.0%}")
    assert (share > 0.05 if name == "BatchNorm" else share < 1e-6) and type(norm).__name__[:9] in name


# %% Forgetting to divide: SGD takes four steps at once, AdamW hardly notices
def train(kind, lr, parts):
    torch.manual_seed(0)
    rows, model = torch.randn(32, 8), nn.Linear(8, 1)
    optimizer = getattr(torch.optim, kind)(model.parameters(), lr=lr)
    for step in range(1, 41):
        optimizer.zero_grad()
        for part in rows.split(8):
            (F.mse_loss(model(part), part.sum(1, keepdim=True)) / parts).backward()
        optimizer.step()
        if step % 20 == 0:
            loss = F.mse_loss(model(rows), rows.sum(1, keepdim=True)).item()
            print(f"step={step} loss={loss:.3g}  # {kind}, divided by {parts}")
    return loss


sgd, no_sgd, adam, no_adam = (train(kind, lr, by) for kind, lr in (("SGD", 0.2), ("AdamW", 0.05)) for by in (4, 1))
assert sgd < 0.1 and no_sgd > 1e6, "a step four times as long: it diverges"
assert adam < 4 and abs(adam - no_adam) < 1e-3 * adam, "Adam divides by the gradient's own size"


# %% Clipping: by the norm over all parameters, once, after the last backward
def clip_norm(parameters, max_norm):
    # hole: clip-norm
    gradients = [p.grad for p in parameters if p.grad is not None]
    norm = sum(g.square().sum() for g in gradients).sqrt()
    for g in gradients:
        g.mul_((max_norm / norm).clamp(max=1))
    return norm
    # end


def clipped(limit, *values, clip=clip_norm):
    parameters = [nn.Parameter(torch.ones_like(value)) for value in (*values, values[0])]
    for p, value in zip(parameters, values, strict=False):  # the last one gets no gradient
        p.grad = value.clone()
    norm = clip(iter(parameters), limit)
    assert all((p == 1).all() for p in parameters) and parameters[-1].grad is None, "clipping leaves the rest alone"
    return norm, *(p.grad for p in parameters[:-1])


a, b = torch.tensor([3.0]), torch.tensor([[0.0, -4.0]])  # together of length 5
for limit, scale, size in ((1, 0.2, 1), (2, 0.4, 1), (5, 1, 1), (8, 1, 1), (1, 1, 0)):
    close(clipped(limit, a * size, b * size), (torch.tensor(5.0) * size, a * scale * size, b * scale * size))
for values in (torch.randn(3, 4), torch.randn(7)), (torch.randn(2, 3).double(),):
    close(clipped(0.5, *values), clipped(0.5, *values, clip=nn.utils.clip_grad_norm_), rtol=1e-5, atol=1e-6)

# %% A whole training: micro-batches of 32, three to a step, against batches of 96
nets = [net_of(nn.LayerNorm(16)), net_of(nn.LayerNorm(16))]
optimizers = [torch.optim.AdamW(one.parameters(), lr=0.05) for one in nets]
schedulers = [torch.optim.lr_scheduler.LinearLR(one, 1.0, 0.1, 9) for one in optimizers]
for _ in range(3):
    train_epoch(nets[0], pieces((32,) * 7 + (16,), padded), optimizers[0], schedulers[0], accumulate=3, max_norm=0.1)
    for batch in pieces((96, 96, 48), padded):
        gradient(nets[1], whole, *batch)
        nn.utils.clip_grad_norm_(nets[1].parameters(), 0.1)
        optimizers[1].step()
        schedulers[1].step()
close(list(nets[0].parameters()), list(nets[1].parameters()), rtol=0, atol=1e-6)
assert schedulers[0].last_epoch == 9, "a step for three micro-batches, and one for the rest of an epoch"
print("24 micro-batches, 9 steps of AdamW with clipping and a scheduler: the weights of the large batches")


# %% What autograd keeps for the backward pass, in bytes: at the peak, and at the end
def kept(run, *args):
    alive, sizes = weakref.WeakSet(), [0]

    def pack(tensor):
        alive.add(tensor := tensor.detach())
        sizes.append(sum(one.nbytes for one in alive))
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        _result = run(*args)
    return max(sizes), sum(one.nbytes for one in alive)


def losses(then):
    for inputs, targets in pieces((80, 80, 80), full):
        loss = F.cross_entropy(net(inputs), targets)
        then(loss)
        yield loss


one, three = kept(whole, net, x, full)[0], kept(backward_in_pieces, net, pieces((80, 80, 80), full))[0]
together = kept(lambda: sum(losses(torch.Tensor.item)).backward())[0]
print(f"peak of bytes kept: one batch {one}, three pieces {three}, three losses and one backward {together}")
assert 0.3 < three / one < 0.35 and together / one > 0.99, "the sum holds all three graphs"
held, freed = kept(lambda: list(losses(torch.Tensor.item))), kept(lambda: list(losses(torch.Tensor.backward)))
print(f"left by a list of losses: {held[1]} bytes, if backward() was called {freed[1]}")
assert held[0] == held[1] > 0 == freed[1], "backward frees what a graph keeps, though the list still holds the losses"

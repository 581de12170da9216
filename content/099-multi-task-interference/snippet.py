# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Tasks fight where their gradients point apart: project the conflict out, balance the norms, or give each a part."""

import os
from itertools import permutations
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
RUNS, N, D, H, STEPS = 20, 128, 10, 4, 100  # worlds trained side by side, rows, inputs, hidden units


# %% In short
def task_gradients(losses, shared):  # shared = list(net.trunk.parameters())
    # hole: task-gradients
    rows = [torch.autograd.grad(loss, shared, retain_graph=True, materialize_grads=True) for loss in losses]
    return torch.stack([torch.cat([g.flatten() for g in row]) for row in rows])  # (T, P): a row for each task
    # end


def balance(grads):  # (T, ..., P), all rows to the same length
    return F.normalize(grads, dim=-1) * grads.norm(dim=-1, keepdim=True).mean(dim=0)


def train_step(losses, shared, optimizer, combine=balance):  # one optimizer over net.parameters()
    grads = task_gradients(losses, shared)
    optimizer.zero_grad()
    sum(losses).backward()  # the heads' gradients are right as they are: each belongs to one task
    parts = combine(grads).sum(dim=0).split([p.numel() for p in shared])
    for p, part in zip(shared, parts, strict=True):
        p.grad = part.view_as(p)
    optimizer.step()
    return F.cosine_similarity(grads[:, None], grads, dim=-1)  # (T, T), below 0 where two tasks conflict


# %% PCGrad: take from each task's gradient the part that runs against another task's
def pcgrad(grads):  # (T, ..., P)
    # hole: pcgrad
    projected = list(grads)
    for i, j in permutations(range(len(grads)), 2):  # (0, 1), (0, 2), ..., (1, 0), (1, 2), ...
        along = F.normalize(grads[j], dim=-1)  # (..., P), of length 1; a gradient of zero stays zero
        overlap = (projected[i] * along).sum(dim=-1, keepdim=True).clamp(max=0)  # 0 where there is no conflict
        projected[i] = projected[i] - overlap * along
    return torch.stack(projected)
    # end


grads = torch.tensor([50.0, 1.0], device=device).view(2, 1, 1) * torch.randn(2, RUNS, 6, device=device)  # one is loud
conflict, projected = F.cosine_similarity(*grads) < 0, pcgrad(grads)  # (RUNS,), (2, RUNS, 6)
left, gone = (F.cosine_similarity(part, grads.flip(0), dim=-1) for part in (projected, grads - projected))
assert left[:, conflict].abs().max() < 1e-4 and (gone[:, conflict] < -0.999).all(), "what is gone is parallel to it"
assert torch.equal(projected[:, ~conflict], grads[:, ~conflict]), "without a conflict nothing changes"
assert ((projected.sum(dim=0) * grads).sum(dim=-1) > -1e-2).all(), "to first order the sum raises neither loss"
three = torch.tensor([[1.0, 0.0], [-1.0, 2.0], [-1.0, -2.0]], device=device)
first = pcgrad(three)[0]  # (1, 0) -> (0.8, 0.4) -> (0.48, -0.24)
assert first @ three[1] < -0.9, "of three tasks, the last projection can bring an earlier conflict back"
assert not torch.allclose(first, pcgrad(three.flip(0))[2]), "so the order counts; the paper draws it at random"
last = pcgrad(torch.tensor([[-1.0, 2.0], [-3.0, -1.0], [1.0, 0.0]], device=device))[2]  # (1, 0) -> (0.8, 0.4) -> ...
torch.testing.assert_close(last, torch.tensor([-0.04, 0.12], device=device), rtol=1e-4, atol=1e-5)  # against (1, 0)
even = balance(grads)  # (2, RUNS, 6): every task pulls with the same force, whatever the unit of its loss
torch.testing.assert_close(even.norm(dim=-1), grads.norm(dim=-1).mean(dim=0).expand(2, RUNS), rtol=1e-4, atol=1e-5)
assert F.cosine_similarity(even.sum(dim=0), grads, dim=-1).min() > -1e-4, "two equal pulls add up against neither"

# %% The step on an ordinary net; the second task skips the trunk's first layer
x, head = torch.randn(32, 6, device=device), nn.Linear(6, 2).to(device)
trunk = nn.Sequential(nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 6)).to(device)  # harmless: any net
shared, net = list(trunk.parameters()), nn.ModuleList([trunk, head])
P, start = sum(p.numel() for p in shared), parameters_to_vector(net.parameters()).detach()
for combine in (lambda grads: grads, pcgrad, balance):
    vector_to_parameters(start.clone(), net.parameters())
    one, other = head(trunk(x))[:, 0] - 1, head(trunk[1:](x))[:, 1] + 1  # (32,) each  # harmless: any two losses
    losses = [one.square().mean(), 9 * other.square().mean()]  # harmless: any two
    truth = []  # torch's own way to the gradients of the sum, of A, of B
    for loss in (sum(losses), *losses):
        net.zero_grad(set_to_none=False)
        loss.backward(retain_graph=True)
        truth.append(torch.cat([p.grad.flatten() for p in net.parameters()]))
    singly = torch.stack(truth[1:])[:, :P]
    assert not singly[1, :42].any() and singly[0, :42].all(), "the first layer has no part in the second task"
    torch.testing.assert_close(task_gradients(losses, shared), singly, rtol=1e-4, atol=1e-5)
    cosines = train_step(losses, shared, torch.optim.SGD(net.parameters(), lr=1.0), combine)
    moved = start - parameters_to_vector(net.parameters())  # the heads move by the gradient of the sum
    torch.testing.assert_close(moved, torch.cat([combine(singly).sum(dim=0), truth[0][P:]]), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(cosines[0, 1], F.cosine_similarity(*singly, dim=0), rtol=1e-4, atol=1e-5)

# %% Four tasks on the same inputs, each needs four hidden features of its own; the shared trunk has room for four
x = torch.randn(RUNS, 2 * N, D, device=device)
rows, fresh = torch.arange(2 * N, device=device).split(N)  # the rows to train on, and those to test with
needed = torch.tanh(2 * x @ torch.randn(4, RUNS, D, H, device=device) / D**0.5)  # (4, RUNS, 2N, H)
y = (needed @ torch.randn(4, RUNS, H, 1, device=device)).squeeze(-1)  # (4, RUNS, 2N)
y = y / y.std(dim=-1, keepdim=True) + 0.1 * torch.randn_like(y)  # predicting 0 costs about 1, 0.01 is noise
assert (y.square().mean(dim=-1) - 1).abs().max() < 0.2, "in every world, for every task"


def train(name, tasks, combine=lambda grads: grads, scale=1.0, drop=0.0, frozen=None, rank=0):
    """One trunk, and for each task a head and an adapter of some rank; scale multiplies the first task's loss."""
    torch.manual_seed(1)
    T, target = len(tasks), y[["ABCD".index(task) for task in tasks]]  # (T, RUNS, 2N)
    trunk = torch.randn(RUNS, D * H, device=device) / D**0.5 if frozen is None else frozen.clone()  # harmless: a start
    head = torch.randn(T, RUNS, H, 1, device=device) / H**0.5  # harmless: a start
    down = torch.randn(T, RUNS, D, rank, device=device)
    up = torch.zeros(T, RUNS, rank, H, device=device)  # at first the adapters add nothing
    free = [head, down, up] if frozen is not None else [head, down, up, trunk]
    trained = [p.requires_grad_() for p in free if p.numel()]  # harmless: the empty ones do not move
    optimizer = torch.optim.Adam(trained, lr=0.03, fused=True)

    def errors(rows, drop=0.0):
        hidden = torch.tanh(x[:, rows] @ (trunk.view(RUNS, D, H) + down @ up))  # (T, RUNS, N, H)  # harmless: or minus
        guess = (F.dropout(hidden, drop) @ head).squeeze(-1)  # (T, RUNS, N)
        return (guess - target[..., rows]).square().mean(dim=-1)  # (T, RUNS)  # harmless: or of the other sign

    history, uphill = [], []
    for _ in range(STEPS):
        losses = [loss * (1.0 if i else scale) for i, loss in enumerate(errors(rows, drop))]  # T of (RUNS,)
        optimizer.zero_grad()
        sum(losses).sum().backward(retain_graph=True)  # harmless: Adam divides
        if frozen is None:
            grads = task_gradients([loss.sum() for loss in losses], [trunk]).view(T, RUNS, -1)  # harmless: Adam divides
            trunk.grad = combine(grads).sum(dim=0)  # (RUNS, D * H)  # harmless: Adam divides
            uphill.append((F.cosine_similarity(trunk.grad, grads[-1]) < -0.01).float().mean().item())
        optimizer.step()
        history.append(errors(fresh).detach())  # harmless: it frees memory only
    best = torch.stack(history).amin(dim=0)[-1].mean()  # of the last task
    fit = errors(rows).detach()  # (T, RUNS)  # harmless: it frees memory only
    found = [f"{name}.{task}={error:.2f}" for task, error in zip(tasks, history[-1].mean(dim=1), strict=True)]
    print(f"step={STEPS}", *found, f"{tasks[-1]}.fitted={fit[-1].mean():.2f} {tasks[-1]}.best={best:.2f}")
    trunk, last = trunk.detach(), history[-1]  # harmless: no step follows, and one fewer is the same
    return SimpleNamespace(fresh=last, best=best, fit=fit, trunk=trunk, uphill=sum(uphill) / STEPS)


# %% A's loss is 100 times as large as B's. Who is heard, and what helps? Means over the worlds
A, B, loud = train("alone", "A"), train("alone", "B"), train("loud", "A", scale=100.0)
assert B.fit.shape == (1, RUNS) and B.fresh.mean() < 0.2 and not torch.equal(loud.fresh, A.fresh)
plain, equal = train("sum", "AB", scale=100.0), train("equal", "AB")
dropout, surgery = train("dropout", "AB", scale=100.0, drop=0.1), train("pcgrad", "AB", pcgrad, scale=100.0)
even, four = train("balanced", "AB", balance, scale=100.0), train("four", "CDAB")  # harmless: balanced away
print(f"steps against B: sum {plain.uphill:.0%}, pcgrad {surgery.uphill:.0%}, balanced {even.uphill:.0%}")
assert (B.fresh > B.fit).sum() >= 17 and not set(rows.tolist()) & set(fresh.tolist()), "fresh rows are never trained on"
assert abs(loud.fresh.mean() / A.fresh.mean() - 1) < 0.1, "alone, the factor of 100 changes nothing for Adam"
assert 1 > plain.uphill > 0.2 and max(surgery.uphill, even.uphill) < 0.01, "only the plain sum steps against B"
assert (even.fresh < plain.fresh)[1].sum() >= 16 and even.fit[0].mean() > 1.1 * plain.fit[0].mean(), "B gains, A pays"
assert plain.fresh[1].mean() > 1.1 * surgery.fresh[1].mean() > 2 * even.fresh[1].mean(), "PCGrad alone helps less"
assert equal.fresh[1].mean() < 0.5 * plain.fresh[1].mean(), "without the factor of 100 the plain sum serves B as well"
assert plain.fit[1].mean() > 5 * B.fit.mean() and not torch.equal(plain.fit, dropout.fit), "B is not even fitted"
assert 2 * even.fresh[1].mean() < min(plain.best, dropout.best) < plain.fresh[1].mean(), "neither of the two settles it"
assert four.fit[-1].mean() > 1.7 * B.fit.mean(), "with three more tasks B fits worse"
assert four.fresh[-1].mean() > 1.3 * B.fresh.mean(), "and tests worse: more tasks are no regularizer by themselves"

# %% Adapters: a few weights for each task, beside a trunk that serves another one and stays as it is
head_only, adapter = train("head", "B", frozen=A.trunk), train("adapter", "B", frozen=A.trunk, rank=1)
assert adapter.fresh.mean() < 0.5 * head_only.fresh.mean() and torch.equal(adapter.trunk, A.trunk), "B gains, A stays"

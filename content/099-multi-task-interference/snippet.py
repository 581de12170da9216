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

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
RUNS, N, D, H, STEPS = 20, 128, 10, 4, 100  # worlds trained side by side, rows, inputs, hidden units

# %% Conflict: two tasks' gradients for the weights that they share have a negative cosine
(a, b), w = torch.randn(2, RUNS, 6, device=device), torch.zeros(RUNS, 6, device=device, requires_grad=True)
losses = [50 * (w - a).square().sum(), (w - b).square().sum() / 2]  # both share w; the first is loud
grads = torch.stack([torch.autograd.grad(loss, w)[0] for loss in losses])  # (2, RUNS, 6)
cosine = F.cosine_similarity(*grads, dim=-1)  # (RUNS,)
torch.testing.assert_close(cosine, F.cosine_similarity(a, b, dim=-1))  # from 0, each task pulls to its own goal
conflict = cosine < 0
print(f"the gradients of A and B conflict in {conflict.sum()} of {RUNS} worlds")


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


projected = pcgrad(grads)  # (2, RUNS, 6)
left, gone = (F.cosine_similarity(part, grads.flip(0), dim=-1) for part in (projected, grads - projected))
assert left[:, conflict].abs().max() < 1e-4, "what is left is orthogonal to the other task's gradient"
assert (gone[:, conflict] < -0.999).all(), "and what is gone is parallel to it: exactly the conflicting part"
assert torch.equal(projected[:, ~conflict], grads[:, ~conflict]), "without a conflict nothing changes"
assert ((projected.sum(dim=0) * grads).sum(dim=-1) > -1e-2).all(), "to first order the sum raises neither loss"
three = torch.tensor([[1.0, 0.0], [-1.0, 2.0], [-1.0, -2.0]], device=device)
first = pcgrad(three)[0]  # (1, 0) -> (0.8, 0.4) -> (0.48, -0.24)
torch.testing.assert_close(first, torch.tensor([0.48, -0.24], device=device))
assert first @ three[1] < 0, "of three tasks, the last projection can bring an earlier conflict back"
assert not torch.allclose(first, pcgrad(three.flip(0))[2]), "so the order counts; the paper draws it at random"


# %% Gradient-norm balancing: every task pulls with the same force, whatever the unit of its loss
def balance(grads):  # (T, ..., P)
    return F.normalize(grads, dim=-1) * grads.norm(dim=-1, keepdim=True).mean(dim=0)


even = balance(grads)  # (2, RUNS, 6)
torch.testing.assert_close(even.norm(dim=-1), grads.norm(dim=-1).mean(dim=0).expand(2, RUNS), rtol=1e-4, atol=1e-5)
assert (F.cosine_similarity(even, grads, dim=-1) > 0.999).all(), "directions stay"
assert F.cosine_similarity(even.sum(dim=0), grads, dim=-1).min() > -1e-4, "two equal pulls add up against neither"

# %% Four tasks on the same inputs, each needs four hidden features of its own; the shared trunk has room for four
x = torch.randn(RUNS, 2 * N, D, device=device)
needed = torch.tanh(2 * x @ torch.randn(4, RUNS, D, H, device=device) / D**0.5)  # (4, RUNS, 2N, H)
y = (needed @ torch.randn(4, RUNS, H, 1, device=device)).squeeze(-1)  # (4, RUNS, 2N)
y = y / y.std(dim=-1, keepdim=True) + 0.1 * torch.randn_like(y)  # predicting 0 costs about 1, 0.01 is noise


def train(name, tasks, combine=lambda grads: grads, scale=1.0, drop=0.0, frozen=None, rank=0):
    """One trunk, and for each task a head and an adapter of some rank; scale multiplies the first task's loss."""
    T, target = len(tasks), y[["ABCD".index(task) for task in tasks]]  # (T, RUNS, 2N)
    trunk = torch.randn(RUNS, D * H, device=device) / D**0.5 if frozen is None else frozen.clone()
    head, down = torch.randn(T, RUNS, H, 1, device=device) / H**0.5, torch.randn(T, RUNS, D, rank, device=device)
    up = torch.zeros(T, RUNS, rank, H, device=device)  # at first the adapters add nothing
    trained = [head, down, up] if frozen is not None else [head, down, up, trunk]
    optimizer = torch.optim.Adam([p.requires_grad_() for p in trained if p.numel()], lr=0.03, fused=True)

    def errors(rows, drop=0.0):
        hidden = torch.tanh(x[:, rows] @ (trunk.view(RUNS, D, H) + down @ up))  # (T, RUNS, N, H)
        return ((F.dropout(hidden, drop) @ head).squeeze(-1) - target[..., rows]).square().mean(dim=-1)  # (T, RUNS)

    history, cosines = [], []
    for step in range(1, STEPS + 1):
        first, *others = errors(slice(N), drop)
        losses = [scale * first, *others]  # T of (RUNS,)
        optimizer.zero_grad()
        sum(losses).sum().backward(retain_graph=True)
        if frozen is None:
            grads = torch.stack([torch.autograd.grad(loss.sum(), trunk, retain_graph=True)[0] for loss in losses])
            trunk.grad = combine(grads).sum(dim=0)  # (RUNS, D * H)
            cosines.append(torch.stack([F.cosine_similarity(g, grads[-1], dim=-1) for g in (grads[0], trunk.grad)]))
        optimizer.step()
        if step % 10 == 0:
            history.append(errors(slice(N, None)).detach())
    print(f"step={step}", *(f"{name}.{task}={e:.3f}" for task, e in zip(tasks, history[-1].mean(dim=1), strict=True)))
    best, fit = torch.stack(history).amin(dim=0).mean(dim=1), errors(slice(N)).detach()  # (T,), (T, RUNS)
    run = SimpleNamespace(fresh=history[-1], best=best[-1], fit=fit, trunk=trunk.detach())
    if cosines:  # how often the first task's gradient, and the combined one, point against the last task's
        run.conflict, run.uphill = (torch.stack(cosines) < -0.01).float().mean(dim=(0, 2))
    return run


# %% A's loss is 100 times as large as B's. Who is heard, and what helps? Means over the worlds
A, B = train("alone", "A"), train("alone", "B")
plain = train("sum", "AB", scale=100.0)
dropout = train("dropout", "AB", scale=100.0, drop=0.1)
surgery = train("pcgrad", "AB", pcgrad, scale=100.0)
even = train("balanced", "AB", balance, scale=100.0)
four = train("four", "CDAB")
assert plain.conflict > 0.4, "the tasks conflict in a large part of the steps"
assert plain.uphill > 0.2 and max(surgery.uphill, even.uphill) < 0.01, "the sum steps against B, the other two never do"
assert (even.fresh < plain.fresh)[1].sum() >= 16, "balanced, B gains in nearly every world"
assert even.fit[0].mean() > 1.1 * plain.fit[0].mean(), "A pays for it, as the trunk has room for one of them"
assert plain.fresh[1].mean() > 1.1 * surgery.fresh[1].mean() > 2 * even.fresh[1].mean(), "PCGrad alone helps less"
assert plain.fit[1].mean() > 5 * B.fit.mean(), "B does not even fit its training rows: this is no overfitting"
assert min(plain.best, dropout.best) > 2 * even.fresh[1].mean(), "so neither dropout nor stopping early settles it"
assert four.fit[-1].mean() > 1.7 * B.fit.mean(), "with three more tasks B fits worse"
assert four.fresh[-1].mean() > 1.3 * B.fresh.mean(), "and tests worse: more tasks are no regularizer by themselves"

# %% Adapters: a few weights for each task, beside a trunk that serves another one and stays as it is
head_only = train("head", "B", frozen=A.trunk)
adapter = train("adapter", "B", frozen=A.trunk, rank=1)
assert adapter.fresh.mean() < 0.5 * head_only.fresh.mean(), "B gets features that A's trunk lacks"
assert torch.equal(adapter.trunk, A.trunk), "and A keeps its own, bit for bit"
